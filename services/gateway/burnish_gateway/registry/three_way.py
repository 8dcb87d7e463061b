"""Three-way merge of two versions against what they have in common: messages by line, settings by field, variables by name. Pure.

Messages are laid out as one sequence of lines, with a heading before each message that holds its role and whatever else is not text;
the sequence is merged as S. Khanna, K. Kunal and B. Pierce describe it ("A Formal Investigation of Diff3", FSTTCS 2007): runs that
all three share stand; between them a run that one side left alone is taken from the other, and one that both changed differently is a
conflict. Each line of the outcome follows a line that it followed in one of the sides, so it can always be read back as messages.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.difference import common_places
from burnish_shared.errors import InvalidField

MESSAGES: Final = "messages"
PARAMETERS: Final = "parameters"
"""Merged name by name."""

VARIANTS: Final = "variants"
"""A list, merged model by model."""

Side = Literal["base", "ours", "theirs"]


@dataclass(frozen=True, slots=True)
class Heading:
    """Where a message begins: everything of it but its text, as JSON. `has_text`: its lines follow."""

    beside_text: str
    has_text: bool


Line = str | Heading


@dataclass(frozen=True, slots=True)
class Conflict:
    """What both sides changed differently. `part`: a field, `parameters.NAME`, `variants.MODEL`, `messages:N` for a run of lines, or
    `messages` where the lines of both agree and yet are no prompt together.

    None: that side has nothing there. A run of lines is one text, or a list of messages where it goes beyond one.
    """

    part: str
    base: Any
    ours: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class Resolution:
    """What is to stand at a conflict: that of a side, or, where `take` is None, `value` (None: nothing)."""

    take: Side | None = None
    value: Any = None


@dataclass(frozen=True, slots=True)
class Merged:
    """`fields`: the flat form of a content, in which what is still open stands as `ours` has it."""

    fields: dict[str, Any]
    conflicts: tuple[Conflict, ...]

    def content(self) -> VersionContent:
        return VersionContent.from_fields(self.fields)


@dataclass(frozen=True, slots=True)
class _Run:
    base: tuple[Line, ...]
    ours: tuple[Line, ...]
    theirs: tuple[Line, ...]

    @property
    def agreed(self) -> tuple[Line, ...] | None:
        """None: both sides changed it, and not alike."""
        if self.ours in (self.base, self.theirs):
            return self.theirs
        return self.ours if self.theirs == self.base else None


def merged(
    base: VersionContent, ours: VersionContent, theirs: VersionContent, *, resolutions: Mapping[str, Resolution] | None = None
) -> Merged:
    """The two sides together. Raises InvalidField for a resolution of what is no conflict, or that cannot stand there.

    Swapping the sides gives the same wherever there is no conflict.
    """
    wanted = dict(resolutions or {})
    left, middle, right = ours.fields(), base.fields(), theirs.fields()
    messages, conflicts = _merged_messages(base.messages, ours.messages, theirs.messages, wanted)
    is_settled = any(one.split(":")[0] == MESSAGES and one not in wanted for one in resolutions or ())
    if not conflicts and not is_settled and messages not in (ours.messages, theirs.messages) and not _is_prompt(messages, ours):
        # Each side is a prompt by itself, and the lines of both together are none (a variable that they declare differently, say).
        whole = wanted.pop(MESSAGES, None)
        conflicts += [Conflict(MESSAGES, base.messages, ours.messages, theirs.messages)] if whole is None else []
        messages = ours.messages if whole is None else _chosen(whole, base=base.messages, ours=ours.messages, theirs=theirs.messages)
    fields: dict[str, Any] = {MESSAGES: messages}
    for name in dict.fromkeys((*middle, *left, *right)):
        if name == MESSAGES:
            continue
        values = tuple(one.get(name) for one in (middle, left, right))
        untouched = values[1] in (values[0], values[2]) or values[2] == values[0]
        if name == PARAMETERS and not untouched:
            fields[name], open_ones = _merged_names(name, [one or {} for one in values], wanted)
        elif name == VARIANTS and not untouched:
            by_model, open_ones = _merged_names(name, [{one["model"]: one for one in each or ()} for each in values], wanted)
            fields[name] = list(by_model.values()) if by_model else None
        else:
            fields[name], open_ones = _merged_value(name, values, wanted)
        conflicts += open_ones
    if wanted:
        unknown = next(iter(wanted))
        raise InvalidField(f"'{unknown[:100]}' is no conflict of this merge; leave its resolution out.", param="resolutions")
    return Merged({name: value for name, value in fields.items() if value is not None}, tuple(conflicts))


def _is_prompt(messages: Sequence[Mapping[str, Any]], like: VersionContent) -> bool:
    """By themselves: whatever the other fields come to."""
    try:
        VersionContent.from_fields({MESSAGES: messages, "model": like.model}).template()
    except InvalidField:
        return False
    return True


def _merged_value(part: str, values: Sequence[Any], wanted: dict[str, Resolution]) -> tuple[Any, list[Conflict]]:
    base, ours, theirs = values
    if ours in (base, theirs):
        return theirs, []
    if theirs == base:
        return ours, []
    resolution = wanted.pop(part, None)
    if resolution is None:
        return ours, [Conflict(part, base, ours, theirs)]
    return _chosen(resolution, base=base, ours=ours, theirs=theirs), []


def _merged_names(field: str, values: Sequence[Any], wanted: dict[str, Resolution]) -> tuple[dict[str, Any] | None, list[Conflict]]:
    base, ours, theirs = values
    together: dict[str, Any] = {}
    conflicts: list[Conflict] = []
    for name in dict.fromkeys((*base, *sorted({*ours, *theirs}))):
        value, open_ones = _merged_value(f"{field}.{name}", (base.get(name), ours.get(name), theirs.get(name)), wanted)
        conflicts += open_ones
        if value is not None:
            together[name] = value
    return together or None, conflicts


def _merged_messages(
    base: list[dict[str, Any]], ours: list[dict[str, Any]], theirs: list[dict[str, Any]], wanted: dict[str, Resolution]
) -> tuple[list[dict[str, Any]], list[Conflict]]:
    runs = _runs(_laid_out(base), _laid_out(ours), _laid_out(theirs))
    whole = wanted.pop(MESSAGES, None) if any(run.agreed is None for run in runs) else None
    if whole is not None:
        return _chosen(whole, base=base, ours=ours, theirs=theirs), []
    lines: list[Line] = []
    conflicts: list[Conflict] = []
    count = 0
    for run in runs:
        agreed = run.agreed
        if agreed is None:
            count += 1
            part = f"{MESSAGES}:{count}"
            resolution = wanted.pop(part, None)
            if resolution is None:
                conflicts.append(Conflict(part, _told(run.base), _told(run.ours), _told(run.theirs)))
            agreed = run.ours if resolution is None else _resolved_run(run, resolution, part=part)
        lines += agreed
    together = _read_back(lines)
    return next((side for side in (ours, theirs, base) if side == together), together), conflicts


def _runs(base: tuple[Line, ...], ours: tuple[Line, ...], theirs: tuple[Line, ...]) -> list[_Run]:
    """The whole of the three, cut at every line that all of them share."""
    left, right = common_places(base, ours), common_places(base, theirs)
    runs: list[_Run] = []
    at = at_left = at_right = 0
    for place in [*(place for place in sorted(left) if place in right), len(base)]:
        to_left, to_right = left.get(place, len(ours)), right.get(place, len(theirs))
        if (at, at_left, at_right) != (place, to_left, to_right):
            runs.append(_Run(base[at:place], ours[at_left:to_left], theirs[at_right:to_right]))
        if place < len(base):
            shared = (base[place],)
            runs.append(_Run(shared, shared, shared))
        at, at_left, at_right = place + 1, to_left + 1, to_right + 1
    return runs


def _laid_out(messages: Sequence[Mapping[str, Any]]) -> tuple[Line, ...]:
    lines: list[Line] = []
    for message in messages:
        text = message.get("content")
        beside = {name: value for name, value in message.items() if name != "content" or not isinstance(text, str)}
        lines.append(Heading(json.dumps(beside, ensure_ascii=False, sort_keys=True), isinstance(text, str)))
        lines += text.split("\n") if isinstance(text, str) else ()
    return tuple(lines)


def _read_back(lines: Sequence[Line]) -> list[dict[str, Any]]:
    messages: list[tuple[Heading, list[str]]] = []
    for line in lines:
        if isinstance(line, Heading):
            messages.append((line, []))
        else:
            messages[-1][1].append(line)
    return [_message(heading, texts) for heading, texts in messages]


def _message(heading: Heading, lines: Sequence[str]) -> dict[str, Any]:
    beside: dict[str, Any] = json.loads(heading.beside_text)
    text = {"content": "\n".join(lines)} if heading.has_text else {}
    return {"role": beside.pop("role")} | text | beside


def _told(lines: Sequence[Line]) -> Any:
    """A run as people read it. Lines of a message that begins before the run stand first, under `rest_of_message`."""
    if not lines:
        return None
    start = next((place for place, line in enumerate(lines) if isinstance(line, Heading)), len(lines))
    rest = "\n".join(str(line) for line in lines[:start])
    if start == len(lines):
        return rest
    return [*([{"rest_of_message": rest}] if start else []), *_read_back(lines[start:])]


def _resolved_run(run: _Run, resolution: Resolution, *, part: str) -> tuple[Line, ...]:
    if resolution.take is not None:
        sides: dict[str, tuple[Line, ...]] = {"base": run.base, "ours": run.ours, "theirs": run.theirs}
        return sides[resolution.take]
    if any(isinstance(line, Heading) for line in (*run.base, *run.ours, *run.theirs)):
        raise InvalidField(
            f"'{part}' goes beyond one message; take a side, or resolve 'messages' as a whole with a list of messages.", param="resolutions"
        )
    if resolution.value is None:
        return ()
    if not isinstance(resolution.value, str):
        raise InvalidField(f"'{part}' is a run of lines: its value is a text.", param="resolutions")
    return tuple(resolution.value.split("\n"))


def _chosen(resolution: Resolution, *, base: Any, ours: Any, theirs: Any) -> Any:
    if resolution.take is None:
        return resolution.value
    return {"base": base, "ours": ours, "theirs": theirs}[resolution.take]
