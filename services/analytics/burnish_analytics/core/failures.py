"""Failures of a prompt as texts to be grouped, and groups as they are shown. Pure."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from burnish_analytics.core.group_words import PEOPLE_LEAST, distinct
from burnish_shared.moments import in_utc

Source = Literal["correction", "comment", "reaction", "test_run", "evaluator"]

TEXT_MOST: Final = 1_000
"""Characters of each text that are looked at."""

CATEGORY_MOST: Final = 60
"""A longer expected answer is no category, and nothing that two failures have in common."""

EXAMPLES_MOST: Final = 5

TELLING_MOST: Final = 2
"""Words by which one of several groups of one name is told apart."""

ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Failure:
    """One answer that was wrong, as somebody or something said. `complaint`: what was said of it; `asked`: what was asked.

    `expected`, `answered`: where both are short enough to be categories. `person`: who said it, '' for nobody who is known.
    `reference`: ids by which its words are found again. `prompt`: the slug of the prompt, '' where all that is looked at is of one.
    `chain`: the slug of the chain whose answer it is; `version` is then its.
    """

    source: Source
    at: datetime
    version: int
    complaint: str
    asked: str
    expected: str
    answered: str
    person: str
    reference: Mapping[str, str]
    chain: str = ""
    prompt: str = ""

    @property
    def named_version(self) -> str:
        """`3` of the one prompt, `tickets@3` among those of all, `chain:support@3` of a chain."""
        if self.chain:
            return f"chain:{self.chain}@{self.version}"
        return f"{self.prompt}@{self.version}" if self.prompt else str(self.version)

    @property
    def order(self) -> tuple[datetime, str]:
        return self.at, "|".join(sorted(self.reference.values()))


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """Places of failures that belong together, the words that they have in common and others have not, and what several said of them in the
    same words ('' for nothing). `common`: all words that they have in common, the most telling first."""

    members: tuple[int, ...]
    words: tuple[str, ...]
    phrase: str = ""
    common: tuple[str, ...] = ()


def text_of(variables: Any, messages: Any) -> str:
    """What was asked: the variables' texts, else the last message of the user."""
    texts = _strings(variables)
    if not texts and isinstance(messages, list):
        said = [one.get("content") for one in messages if isinstance(one, Mapping) and one.get("role") == "user"]
        texts = [one for content in said[-1:] for one in _strings(content)]
    return " ".join(texts)[:TEXT_MOST]


def category(text: Any) -> str:
    """A short answer as a category; '' for a long one, or none."""
    words = " ".join(text.split()) if isinstance(text, str) else ""
    return words if len(words) <= CATEGORY_MOST else ""


def shown(failures: Sequence[Failure], groups: Sequence[FoundGroup], *, start: datetime, end: datetime) -> dict[str, Any]:
    """Groups as the gateway shows them: names, sizes, course and ids of examples; no text but the words of names. Beside them, by the id of
    a group, the ids of all that are in it (`members`): what becomes a dataset when somebody asks for one."""
    members = [[failures[n] for n in group.members] for group in groups]
    named = zip(_names(groups, [_confusion(own) for own in members]), groups, members, strict=True)
    told = [(_group(name, group, own, of=len(failures), start=start, end=end), own) for name, group, own in named]
    return {
        "considered": dict(Counter(one.source for one in failures)),
        "failures": len(failures),
        "ungrouped": len(failures) - sum(len(group.members) for group in groups),
        "from": in_utc(start),
        "to": in_utc(end),
        "groups": [group for group, _ in told],
        "members": {group["id"]: _ids(own) for group, own in told},
    }


def _ids(members: Sequence[Failure]) -> dict[str, Any]:
    """Executions, and cases of test runs as [test run, item]; the newest first, each once."""
    references = [one.reference for one in sorted(members, key=lambda one: one.order, reverse=True)]
    cases = [(one["test_run_id"], one["item_id"]) for one in references if "item_id" in one]
    return {
        "executions": list(dict.fromkeys(one["execution_id"] for one in references if "execution_id" in one)),
        "cases": [list(one) for one in dict.fromkeys(cases)],
    }


def _group(name: str, group: FoundGroup, members: Sequence[Failure], *, of: int, start: datetime, end: datetime) -> dict[str, Any]:
    middle = start + (end - start) / 2
    newer = sum(one.at >= middle for one in members)
    older = len(members) - newer
    days = Counter(int((one.at - start) / ONE_DAY) for one in members)
    return {
        "id": hashlib.sha256(name.encode()).hexdigest()[:16],
        "name": name,
        "words": list(group.words),
        "confusion": _confusion(members),
        "size": len(members),
        "share": round(len(members) / of, 4),
        "sources": dict(Counter(one.source for one in members)),
        "versions": {
            name: n for (*_, name), n in sorted(Counter((one.chain, one.prompt, one.version, one.named_version) for one in members).items())
        },
        "trend": {"older": older, "newer": newer, "change": round(newer / older - 1, 4) if older else None},
        "days": [days.get(n, 0) for n in range(max(1, -int(-(end - start) // ONE_DAY)))],
        "first_at": in_utc(min(one.at for one in members)),
        "last_at": in_utc(max(one.at for one in members)),
        "examples": [
            {
                "source": one.source,
                "at": in_utc(one.at),
                "version": one.version,
                **({"chain": one.chain} if one.chain else {"prompt": one.prompt} if one.prompt else {}),
                **one.reference,
            }
            for one in sorted(members, key=lambda one: one.order, reverse=True)[:EXAMPLES_MOST]
        ],
    }


def _names(groups: Sequence[FoundGroup], confusions: Sequence[Mapping[str, str] | None]) -> list[str]:
    """Of those that would have one name each says which words it has in common and its namesakes have not; a number, where none."""
    plain = [_name(group, confusion) for group, confusion in zip(groups, confusions, strict=True)]
    found: list[str] = []
    for place, (name, group) in enumerate(zip(plain, groups, strict=True)):
        namesakes = [other for n, other in enumerate(groups) if n != place and plain[n] == name]
        known = {word for other in namesakes for word in other.common}
        own = distinct((word for word in group.common if word not in known), most=TELLING_MOST) if namesakes else []
        told = f"{name} ({', '.join(own)})" if own else name
        same = sum(one == told or one.startswith(f"{told} (#") for one in found)
        found.append(f"{told} (#{same + 1})" if same else told)
    return found


def _name(group: FoundGroup, confusion: Mapping[str, str] | None) -> str:
    """What was taken for what, else what people said, else what it is about."""
    words = ", ".join(group.words)
    if confusion is not None:
        return f"{confusion['expected']} answered as {confusion['answered']}{f': {words}' if words else ''}"
    return f"“{group.phrase}”" if group.phrase else f"About {words}" if words else "No words in common"


def _confusion(members: Sequence[Failure]) -> dict[str, str] | None:
    """What most of them expected and got, if at least two people say so: a short correction may still be one person's own words."""
    pairs = Counter((one.expected, one.answered) for one in members if one.expected and one.answered)
    if not pairs:
        return None
    pair, times = pairs.most_common(1)[0]
    people = {one.person or f"\x00{n}" for n, one in enumerate(members) if (one.expected, one.answered) == pair}
    return {"expected": pair[0], "answered": pair[1]} if 2 * times > len(members) and len(people) >= PEOPLE_LEAST else None


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [re.sub(r"\s+", " ", value)]
    if isinstance(value, Mapping):
        return [one for key in sorted(value) if key not in ("type", "image_url", "file") for one in _strings(value[key])]
    return [one for part in value for one in _strings(part)] if isinstance(value, list) else []
