"""What every candidate keeps, whatever a method would like to change (PRODUCT O2). Looked at before a candidate costs anything."""

import difflib
import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

_SCALE: Final = re.compile(r"\b(\d{1,3})\s*(?:to|through|until|bis|[-–—]|\.\.\.?)\s*(\d{1,3})\b", re.I)


LINES_DIFFED: Final = 500
"""Where more lines than this lie between the first and the last changed one, all of them count as changed: a diff takes their square."""


@dataclass(frozen=True, slots=True)
class Contract:
    """`locked` stands byte for byte in every candidate: locked blocks, an output schema, a stated rule. Variables and rating scales are
    found in the text itself and need no word here.
    """

    locked: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    """Lines that stay, wherever they stand; outer blanks do not count."""

    changed_lines_most: int | None = None
    """Small-edit mode: so many lines may be added, taken away or changed in all."""

    tokens_most: int | None = None
    """No candidate is longer, by `tokens_in`."""


FREE: Final = Contract()


def breach(contract: Contract, before: str, after: str) -> str | None:
    """What of the contract `after` breaks, in words for people, or None. `before` is the incumbent's text, which keeps it by definition."""
    if not after.strip():
        return "nothing is left of the prompt"
    if variables_in(before) != variables_in(after):
        return "changes the variables"
    if (blocks := blocks_in(before)) and blocks != blocks_in(after):
        return "changes what stands in a block"
    if scales_in(before) != scales_in(after):
        return "changes the rating scale"
    if any(block not in after for block in contract.locked if block in before):
        return "changes a locked block"
    kept = {line.strip() for line in after.split("\n")}
    if any(rule.strip() not in kept for rule in contract.rules):
        return "drops a rule that must stay"
    if contract.changed_lines_most is not None and changed_lines(before, after) > contract.changed_lines_most:
        return "changes more lines than allowed"
    if contract.tokens_most is not None and tokens_in(after) > max(contract.tokens_most, tokens_in(before)):
        return "is longer than allowed"
    return None


def variables_in(text: str) -> frozenset[str]:
    """Placeholders and blocks, each in its normal spelling. Counted once: a variable that is said twice is still one variable."""
    return frozenset(_spelled(tag) for tag in tags_in(text))


def tags_in(text: str) -> list[str]:
    """From `{{` to the next `}}`, with up to two braces more on either side. In one pass: texts come from people who need not mean well."""
    found, start = [], text.find("{{")
    while start >= 0:
        inner = start + 2
        inner += len(text[inner : inner + 2]) - len(text[inner : inner + 2].lstrip("{"))
        end = text.find("}}", inner)
        if end < 0:
            break
        end += 2
        end += len(text[end : end + 2]) - len(text[end : end + 2].lstrip("}"))
        found.append(text[start:end])
        start = text.find("{{", end)
    return found


def without_tags(text: str) -> str:
    """The same without any of them."""
    for tag in tags_in(text):
        text = text.replace(tag, "", 1)
    return text


def blocks_in(text: str) -> tuple[str, ...]:
    """All placeholders of a text with blocks (`{{#if …}}`, `{{#each …}}`), in order; empty where it has none. A block whose lines change
    places is no template any more, and what only has a meaning within one must stay there."""
    tags = tuple(_spelled(tag) for tag in tags_in(text))
    return tags if any(tag.startswith("{{#") for tag in tags) else ()


def _spelled(tag: str) -> str:
    return " ".join(tag.split()).replace("{{ ", "{{").replace(" }}", "}}")


def scales_in(text: str) -> frozenset[tuple[int, int]]:
    """Ranges such as `1 to 5` or `0–10`, which stand for how answers are rated."""
    return frozenset((int(low), int(high)) for low, high in _SCALE.findall(text) if int(low) < int(high))


def changed_lines(before: str, after: str) -> int:
    """How many lines were added, taken away or changed. A changed line counts once."""
    old, new = before.split("\n"), after.split("\n")
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    same = next((n for n, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), min(len(old), len(new)))
    old, new = old[same:], new[same:]
    if max(len(old), len(new)) > LINES_DIFFED:
        return max(len(old), len(new))
    changed = 0
    for kind, i, j, k, m in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        changed += 0 if kind == "equal" else max(j - i, m - k)
    return changed


def tokens_in(text: str) -> int:
    """About how many tokens a text has: words and marks, long words in pieces of four characters. For comparing, not for billing."""
    return sum(max(1, (len(word) + 3) // 4) for word in re.findall(r"\w+|[^\w\s]", text))


def kept_words(before: str, after: str) -> float:
    """Share of the words of `before` that are still in `after`."""
    old, new = Counter(before.split()), Counter(after.split())
    return sum((old & new).values()) / max(1, sum(old.values()))
