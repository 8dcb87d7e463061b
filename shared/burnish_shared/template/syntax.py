"""From a template's text to its parts: literal text, and slots that a variable fills. Nothing in it can run, call or loop.

    {{ name }}   {{ user.name }}   {{ items.0.title }}   {{ count: number }}   {{ tone = "friendly" }}   {{ limit: number = 3 }}   {{{{

A slot is a path, then an optional type (string, number, boolean, object, array), then an optional default: a JSON string, number,
`true` or `false`. `{{{{` stands for the two characters `{{`. A `}}` outside a slot is ordinary text.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Final

from burnish_shared.errors import InvalidField
from burnish_shared.template.values import VARIABLE_TYPES, type_of

MAX_TEMPLATE_CHARS: Final = 262_144
MAX_SLOTS: Final = 2_000
MAX_PATH_SEGMENTS: Final = 8
MAX_SEGMENT_CHARS: Final = 64

_SPACE = r"[ \t\r\n]*"
_SLOT = re.compile(
    rf"""{_SPACE}(?P<path>[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*){_SPACE}
    (?::{_SPACE}(?P<type>[A-Za-z_]+){_SPACE})?
    (?:={_SPACE}(?P<default>"(?:[^"\\\x00-\x1f]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false){_SPACE})?
    \}}\}}""",
    re.VERBOSE,
)
_LATER = {
    "#if": "Conditions ({{#if}}) come with a later release",
    "#each": "Loops ({{#each}}) come with a later release",
    "#": "Blocks ({{#…}}) come with a later release",
    "/": "Blocks ({{/…}}) come with a later release",
    "^": "Blocks ({{^…}}) come with a later release",
    "else": "Conditions ({{else}}) come with a later release",
    ">": "Snippets ({{> slug@label}}) come with a later release",
    "!": "Comments ({{! …}}) are not part of the template language",
    "{": "Three braces ({{{) have no meaning",
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A place that a variable fills. `type` None: any. `has_default` tells a missing default from a default that is false or empty."""

    path: tuple[str, ...]
    type: str | None = None
    default: Any = None
    has_default: bool = False

    @property
    def name(self) -> str:
        return ".".join(self.path)


Part = str | Slot


def parse(text: str, *, param: str) -> tuple[Part, ...]:
    """The parts of `text` in order; joined with every slot filled they are the rendered text.

    Raises InvalidField with line and column, blaming `param`, for anything that is not in the language.
    """
    if len(text) > MAX_TEMPLATE_CHARS:
        raise InvalidField(f"A template has at most {MAX_TEMPLATE_CHARS:,} characters; this one has {len(text):,}.", param=param)
    parts: list[Part] = []
    literal: list[str] = []
    slots = at = 0
    while (opened := text.find("{{", at)) >= 0:
        literal.append(text[at:opened])
        if text.startswith("{{{{", opened):
            literal.append("{{")
            at = opened + 4
            continue
        slots += 1
        if slots > MAX_SLOTS:
            raise InvalidField(f"A template has at most {MAX_SLOTS:,} places for variables.", param=param)
        slot, at = _slot(text, opened, param=param)
        if any(literal):
            parts.append("".join(literal))
        literal = []
        parts.append(slot)
    literal.append(text[at:])
    if any(literal):
        parts.append("".join(literal))
    return tuple(parts)


def parse_path(name: str, *, param: str) -> tuple[str, ...]:
    """The path that a variable's name means, as a slot without type and default would give it."""
    found = _SLOT.fullmatch(name + "}}")
    path = tuple(name.split("."))
    if found is None or found["path"] != name or name == "else" or not _fits(path):
        why = "A variable's name is letters, digits, '_' and '-', beginning with a letter or '_', with '.' between parts."
        raise InvalidField(why, param=param)
    return path


def _slot(text: str, opened: int, *, param: str) -> tuple[Slot, int]:
    """The slot whose `{{` stands at `opened`, and where the text goes on behind it."""

    def refuse(why: str) -> InvalidField:
        return InvalidField(f"{why} ({_place(text, opened)}). Write {{{{{{{{ where the text itself needs {{{{.", param=param)

    found = _SLOT.match(text, opened + 2)
    if found is None or found["path"] == "else":
        raise refuse(_why_not(text, opened))
    path = tuple(found["path"].split("."))
    if not _fits(path):
        raise refuse(f"A variable's path has at most {MAX_PATH_SEGMENTS} parts of at most {MAX_SEGMENT_CHARS} characters")
    type_, written = found["type"], found["default"]
    if type_ is not None and type_ not in VARIABLE_TYPES:
        raise refuse(f"'{type_[:40]}' is no type; use one of {', '.join(VARIABLE_TYPES)}")
    if written is None:
        return Slot(path, type_), found.end()
    default = _default(written)
    if isinstance(default, _NoDefault):
        raise refuse(f"The default {written[:40]} is no JSON string, finite number, true or false that can be stored")
    if type_ is not None and type_of(default) != type_:
        raise refuse(f"The default of '{found['path']}' is a {type_of(default)}, not a {type_}")
    return Slot(path, type_, default, True), found.end()


class _NoDefault:
    pass


def _default(written: str) -> Any:
    try:
        value = json.loads(written)
    except ValueError:
        return _NoDefault()
    storable = not isinstance(value, str) or not ("\x00" in value or any("\ud800" <= one <= "\udfff" for one in value))
    return value if storable and (not isinstance(value, float) or math.isfinite(value)) else _NoDefault()


def _fits(path: tuple[str, ...]) -> bool:
    return len(path) <= MAX_PATH_SEGMENTS and max(map(len, path)) <= MAX_SEGMENT_CHARS


def _why_not(text: str, opened: int) -> str:
    inside = text[opened + 2 : opened + 60].lstrip()
    for beginning, why in _LATER.items():
        if inside.startswith(beginning) and (beginning != "else" or not re.match(r"else[A-Za-z0-9_.-]", inside)):
            return why
    if text.find("}}", opened) < 0:
        return "A {{ is never closed by }}"
    return "Between {{ and }} stands a variable's name, with an optional type and default: {{name}}, {{user.name}}, {{count: number = 3}}"


def _place(text: str, offset: int) -> str:
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return f"line {line}, column {column}"
