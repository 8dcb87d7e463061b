"""Which proposed edits may enter the race (PROMISES O-06, section 7; SIMULATOR section 7).

The proposer is a language model that has read end users' text. Its output is data: here it is checked before anything is done with it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from burnish_optimizer.search.render import SECTION_NAMES
from burnish_optimizer.search.task import Edit, Item, Task
from burnish_optimizer.search.words import STOP

MAX_EDIT_CHARS: Final = 600
DUPLICATE_JACCARD: Final = 0.7
LEAK_RUN: Final = 8
"""An edit that shares a run of so many words with an item was copied from it."""

LEAK_SPAN: Final = 40
"""The same for so many characters in a row."""

LEAK_SHINGLES: Final = 0.5
"""So large a share of an edit's three-word runs in one item means the same."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_FORBIDDEN: Final = (
    ("address", re.compile(r"https?://|www\.|[\w.+-]+@[\w-]+\.\w{2,}", re.I)),
    ("code fence", re.compile(r"```|~~~")),
    ("role token", re.compile(r"<\|[^|]{0,40}\|>|\[/?INST\]|</?(?:system|assistant|user)>", re.I)),
    (
        "hidden character",
        re.compile("[\x00-\x08\x0b-\x1f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e01ef]"),
    ),
    ("placeholder", re.compile(r"\{\{|\}\}")),
    ("order to ignore", re.compile(r"\bignore\s+(?:all|any|the|previous|prior|above)\b", re.I)),
    (
        "order to change the prompt",
        re.compile(r"\b(?:add|append|insert|copy|put|write)\b.{0,40}\b(?:to|into)\s+(?:the|your|this)\s+(?:system\s+)?prompt\b", re.I),
    ),
    (
        "voice of the system",
        re.compile(r"(?<![\w-])(?:SYSTEM|ASSISTANT|DEVELOPER)[ \t]*:|^[ \t]*(?:[Ss]ystem|[Aa]ssistant|[Dd]eveloper)[ \t]*:", re.M),
    ),
    ("order to always answer", re.compile(r"\b(?:always|only\s+ever)\s+(?:answer|reply|respond|say|output)(?:\s+with)?\s+[\"'“‘]", re.I)),
    ("secret", re.compile(r"\b(?:sk|pk|rk|ghp|gho|xox[abp]|AKIA|AIza)[-_]?[A-Za-z0-9_-]{12,}|-----BEGIN ", re.A)),
    ("identifier", re.compile(r"\b(?=\w*\d)(?:\w*\d){5,}\w*\b")),
)

HOSTILE: Final = frozenset(
    {
        "role token", "hidden character", "order to ignore", "order to change the prompt", "voice of the system", "order to always answer",
        "secret",
    }
)  # fmt: skip
"""Of these, those that mark a text as written against whoever reads it, or as nobody's business."""


def words_of(text: str) -> list[str]:
    """Lower-case words, punctuation and underscores dropped."""
    return _WORD.findall(text.lower().replace("_", " "))


def _content_words(text: str) -> list[str]:
    return [word for word in words_of(text) if word not in STOP]


def _runs(words: list[str], n: int) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


@dataclass(slots=True)
class Guard:
    """Remembers the items that may not be copied, and every edit that was seen."""

    task: Task
    _long: frozenset[tuple[str, ...]] = field(init=False)
    _shingles: list[frozenset[tuple[str, ...]]] = field(init=False)
    _seen: list[tuple[str, frozenset[str]]] = field(init=False, default_factory=list)
    _lines: frozenset[str] = field(init=False)
    _inputs: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        plain = [words_of(item.input) for item in (*self.task.train, *self.task.validation)]
        content = [_content_words(item.input) for item in (*self.task.train, *self.task.validation)]
        self._long = frozenset(run for words in plain for run in _runs(words, LEAK_RUN))
        self._shingles = [runs for words in (*plain, *content) if (runs := _runs(words, 3))]
        self._inputs = tuple(_squeezed(item.input) for item in (*self.task.train, *self.task.validation))
        self._lines = frozenset(line.strip() for line in self.task.prompt.split("\n") if line.strip())

    def refusal(self, edit: Edit) -> str | None:
        """Why this edit must not enter, or None."""
        reason = self.form_refusal(edit) or self.content_refusal(edit)
        if reason is None and self._is_duplicate(edit):
            reason = "duplicate"
        return reason

    def form_refusal(self, edit: Edit, *, parent: str | None = None) -> str | None:
        """Why it is no edit of one line in a section that there is. `parent`: whose lines it may name, where not the prompt's own."""
        return self._malformed(edit, self._lines if parent is None else frozenset(line.strip() for line in parent.split("\n")))

    def content_refusal(self, edit: Edit) -> str | None:
        """Why its text must not enter, wherever it is to stand."""
        return self._forbidden(edit) or self._leak(edit)

    def may_be_shown(self, item: Item) -> bool:
        """Whether an item may stand in a prompt as an example: it gives no orders, and holds nothing that identifies or hides."""
        text = f"{item.input}\n{item.expected}"
        canary = any(one and one.lower() in text.lower() for one in self.task.canaries)
        return not canary and not any(pattern.search(text) for _, pattern in _FORBIDDEN)

    def is_shown_to_proposers(self, item: Item) -> bool:
        """Whether a model that proposes may read an item: not one that gives orders, hides characters or holds a secret. It counts all the
        same; only nothing is learned from its text (PROMISES section 7)."""
        text = f"{item.input}\n{item.expected}"
        return not any(pattern.search(text) for name, pattern in _FORBIDDEN if name in HOSTILE)

    def remember(self, edit: Edit) -> None:
        """An edit that entered: its like is a duplicate from now on."""
        self._seen.append(_signature(edit))

    def _malformed(self, edit: Edit, lines: frozenset[str]) -> str | None:
        if edit.operation == "add" and edit.section not in SECTION_NAMES:
            return "unknown section"
        if edit.operation != "add" and edit.line.strip() not in lines:
            return "names a line that is not in the prompt"
        if edit.operation != "delete" and not edit.text.strip():
            return "empty"
        if len(edit.text) > MAX_EDIT_CHARS or "\n" in edit.text.strip():
            return "not one short line"
        if edit.operation != "add" and "{{" in edit.line:
            return "takes a placeholder away"
        return None

    def _forbidden(self, edit: Edit) -> str | None:
        if edit.section == "examples" and not self.task.examples_allowed:
            return "examples are not allowed"
        return next((f"holds a {name}" for name, pattern in _FORBIDDEN if pattern.search(edit.text)), None)

    def _leak(self, edit: Edit) -> str | None:
        """Compares after the same normalisation on both sides, also without small words: shortening a copied text does not hide it."""
        if any(canary and canary.lower() in edit.text.lower() for canary in self.task.canaries):
            return "holds a canary"
        if _holds_span(edit.text, self._inputs):
            return "copied from an item"
        body = edit.text.partition("->")[0] if "->" in edit.text else edit.text.partition(":")[2] or edit.text
        words, content = words_of(body), _content_words(body)
        if self._long & _runs(words, LEAK_RUN):
            return "copied from an item"
        for mine in (_runs(words, 3), _runs(content, 3)):
            if mine and any(len(mine & theirs) / len(mine) >= LEAK_SHINGLES for theirs in self._shingles):
                return "copied from an item"
        return None

    def _is_duplicate(self, edit: Edit) -> bool:
        return any(self._alike(edit))

    def twin(self, edit: Edit) -> int:
        """Which of the edits that entered, counted from 0, says what this duplicate says."""
        return next(number for number, alike in enumerate(self._alike(edit)) if alike)

    def _alike(self, edit: Edit) -> Iterator[bool]:
        place, words = _signature(edit)
        return (place == other and len(words & seen) >= DUPLICATE_JACCARD * len(words | seen) for other, seen in self._seen)


def _squeezed(text: str) -> str:
    return " ".join(text.lower().split())


def _holds_span(text: str, inputs: tuple[str, ...]) -> bool:
    """Whether LEAK_SPAN characters of an item stand in the text as they are, in whatever writing has no words between blanks too."""
    mine = _squeezed(text)
    pieces = {mine[start : start + LEAK_SPAN] for start in range(len(mine) - LEAK_SPAN + 1)}
    return any(piece in one for one in inputs if len(one) >= LEAK_SPAN for piece in pieces)


def _signature(edit: Edit) -> tuple[str, frozenset[str]]:
    """Where an edit acts, and its words as a set: the order of words does not make an edit new."""
    return f"{edit.operation}\x1f{edit.section}\x1f{edit.line.strip()}", frozenset(words_of(edit.text))
