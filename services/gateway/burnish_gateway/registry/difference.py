"""How two versions differ: texts by word, settings by field. Pure, and bounded in time whatever the texts are.

The word difference is Myers' greedy algorithm (E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", Algorithmica 1, 1986,
figure 2) between the common beginning and end. Its cost grows with the number of edits D, which is capped: texts further apart are
told as one replacement, which is what a reader would see anyway.
"""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, Literal, TypeVar

from burnish_gateway.registry.content import VersionContent

MAX_EDITS: Final = 400
"""Myers' D: at most about D² = 160,000 inner steps, some 30 ms."""

MAX_WORDS: Final = 20_000
"""Words between the common beginning and end, both texts together."""

_NO_BLANKS: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai and Lao, Burmese, Khmer
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
"""Scripts that put no blanks between words; the second line: Chinese and Japanese."""

_RUNS = re.compile(r"\s+|\w+|[^\w\s]")
_WORDS = re.compile(rf"\s+|[{_NO_BLANKS}](?:(?!\w)[{_NO_BLANKS}])*|[^\W{_NO_BLANKS}]+|[^\w\s]")
"""Words; of scripts without blanks each character, with the marks that belong to it."""

Op = Literal["equal", "delete", "insert"]

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that both versions have, or only the older (`delete`), or only the newer (`insert`)."""

    op: Op
    text: str


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A setting that differs; None where it is not given."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class MessageChange:
    """What became of the message at `index`. A role is None where that version has no such message; `pieces` in reading order.

    `pieces` tell the text, of a placeholder its name; `fields` what else of the message differs, such as its `name`.
    """

    index: int
    kind: Literal["changed", "added", "removed"]
    role_before: str | None
    role_after: str | None
    pieces: tuple[Piece, ...]
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """Only what differs. Both empty: the versions say the same."""

    messages: tuple[MessageChange, ...]
    settings: tuple[FieldChange, ...]


def difference(before: VersionContent, after: VersionContent) -> Difference:
    """What it takes to get from `before` to `after`. Messages are compared by position."""
    old, new = ({name: value for name, value in one.fields().items() if name != "messages"} for one in (before, after))
    return Difference(_message_changes(before.messages, after.messages), _field_changes(old, new))


def applied(before: VersionContent, change: Difference) -> VersionContent:
    """What comes out when `change` is made to `before`: of `difference(before, after)`, a content equal to `after`."""
    fields = before.fields() | {one.field: one.after for one in change.settings}
    messages: list[dict[str, Any] | None] = list(before.messages)
    for one in change.messages:
        if one.index >= len(messages):
            messages.append(None)
        messages[one.index] = _applied_message(messages[one.index] or {}, one)
    return VersionContent.from_fields(fields | {"messages": [one for one in messages if one is not None]})


def changed_fields(before: VersionContent, after: VersionContent) -> tuple[str, ...]:
    """Names of the fields that differ, `messages` first. Cheap: no text is compared word by word."""
    old, new = before.fields(), after.fields()
    return tuple(name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name))


def word_pieces(before: str, after: str) -> tuple[Piece, ...]:
    """The two texts as one sequence: `equal` and `delete` joined give `before`, `equal` and `insert` joined give `after`."""
    words = _edited(_WORDS.findall(before), _WORDS.findall(after))
    if words is None:
        old, new = _RUNS.findall(before), _RUNS.findall(after)
        words = _edited(old, new) or _replaced(old, new)
    return tuple(Piece(op, "".join(word for _, word in run)) for op, run in groupby(words, key=lambda one: one[0]))


def _edited(old: Sequence[str], new: Sequence[str]) -> list[tuple[Op, str]] | None:
    """The shortest way from one to the other; None where what is between their ends is too far apart."""
    start, end = _common_ends(old, new)
    middle: list[tuple[Op, str]] | None = _edits(old[start : len(old) - end], new[start : len(new) - end])
    if middle is None:
        return None
    return [*(("equal", word) for word in old[:start]), *middle, *(("equal", word) for word in old[len(old) - end :])]


def _replaced(old: Sequence[str], new: Sequence[str]) -> list[tuple[Op, str]]:
    """What is between their ends goes as a whole, and the other comes."""
    start, end = _common_ends(old, new)
    gone: list[tuple[Op, str]] = [("delete", word) for word in old[start : len(old) - end]]
    come: list[tuple[Op, str]] = [("insert", word) for word in new[start : len(new) - end]]
    return [*(("equal", word) for word in old[:start]), *gone, *come, *(("equal", word) for word in old[len(old) - end :])]


def common_places(old: Sequence[Hashable], new: Sequence[Hashable]) -> dict[int, int]:
    """Places in `old` → the places in `new` that hold the same, both growing: as many as there are, unless the two are very far apart."""
    start, end = _common_ends(old, new)
    places = {place: place for place in range(start)}
    at_old = at_new = start
    for op, _ in _edits(old[start : len(old) - end], new[start : len(new) - end]) or ():
        if op == "equal":
            places[at_old] = at_new
        at_old += op != "insert"
        at_new += op != "delete"
    return places | {len(old) - back: len(new) - back for back in range(end, 0, -1)}


def _message_changes(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> tuple[MessageChange, ...]:
    changes: list[MessageChange] = []
    for index in range(max(len(before), len(after))):
        old = before[index] if index < len(before) else None
        new = after[index] if index < len(after) else None
        if old == new:
            continue
        kind: Literal["changed", "added", "removed"] = "added" if old is None else "removed" if new is None else "changed"
        role_before, role_after = (one["role"] if one else None for one in (old, new))
        pieces, fields = word_pieces(_text(old), _text(new)), _field_changes(_beside_text(old), _beside_text(new))
        changes.append(MessageChange(index, kind, role_before, role_after, pieces, fields))
    return tuple(changes)


def _applied_message(message: dict[str, Any], change: MessageChange) -> dict[str, Any] | None:
    if change.role_after is None:
        return None
    beside = _beside_text(message) | {one.field: one.after for one in change.fields}
    beside = {name: value for name, value in beside.items() if value is not None}
    text = {} if change.role_after == "placeholder" else {"content": "".join(one.text for one in change.pieces if one.op != "delete")}
    return {"role": change.role_after} | text | beside


def _text(message: dict[str, Any] | None) -> str:
    """What is compared by word: the text, of a placeholder its name."""
    if message is None:
        return ""
    return str(message.get("name" if message["role"] == "placeholder" else "content", ""))


def _beside_text(message: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (message or {}).items() if name not in ("role", "content")}


def _field_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    names = dict.fromkeys((*old, *new))
    return tuple(FieldChange(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name))


def _common_ends(old: Sequence[Hashable], new: Sequence[Hashable]) -> tuple[int, int]:
    """How many they share at the beginning, and how many of the others at the end."""
    start = _common_prefix(old, new)
    return start, _common_prefix(old[start:][::-1], new[start:][::-1])


def _common_prefix(left: Sequence[Hashable], right: Sequence[Hashable]) -> int:
    for index, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return index
    return min(len(left), len(right))


def _edits(old: Sequence[T], new: Sequence[T]) -> list[tuple[Op, T]] | None:
    """The shortest edit script in reading order, or None where it needs more than MAX_EDITS or there are more than MAX_WORDS."""
    if len(old) + len(new) > MAX_WORDS:
        return None
    reach = {1: 0}
    trail: list[dict[int, int]] = []
    for edits in range(min(MAX_EDITS, len(old) + len(new)) + 1):
        trail.append(dict(reach))
        for diagonal in range(-edits, edits + 1, 2):
            down = diagonal == -edits or (diagonal != edits and reach[diagonal - 1] < reach[diagonal + 1])
            x = reach[diagonal + 1] if down else reach[diagonal - 1] + 1
            while x < len(old) and x - diagonal < len(new) and old[x] == new[x - diagonal]:
                x += 1
            reach[diagonal] = x
            if x >= len(old) and x - diagonal >= len(new):
                return _walk_back(trail, old=old, new=new)
    return None


def _walk_back(trail: Sequence[dict[int, int]], *, old: Sequence[T], new: Sequence[T]) -> list[tuple[Op, T]]:
    """The path through Myers' edit graph, read from its end: `trail[d]` is how far each diagonal had come before edit d."""
    script: list[tuple[Op, T]] = []
    x, y = len(old), len(new)
    for edits in range(len(trail) - 1, -1, -1):
        reach, diagonal = trail[edits], x - y
        down = diagonal == -edits or (diagonal != edits and reach[diagonal - 1] < reach[diagonal + 1])
        came_from = diagonal + 1 if down else diagonal - 1
        x_before = reach[came_from]
        y_before = x_before - came_from
        while x > x_before and y > y_before:
            script.append(("equal", old[x - 1]))
            x, y = x - 1, y - 1
        if edits:
            script.append(("insert", new[y_before]) if down else ("delete", old[x_before]))
        x, y = x_before, y_before
    return script[::-1]
