"""From a template's text to its parts: literal text, slots that a variable fills, blocks, snippets. Nothing in it can run or call.

    {{ name }}   {{ user.name }}   {{ items.0.title }}   {{ count: number }}   {{ tone = "friendly" }}   {{ limit: number = 3 }}   {{{{
    {{#if name}} … {{else}} … {{/if}}   {{#each items}} … {{this.title}} … {{else}} … {{/each}}   {{#each items as item}} … {{/each}}
    {{> slug}}   {{> slug@label}}   {{> slug@3}}

A slot is a path, then an optional type, then an optional default: a JSON string, number, `true` or `false`. Within an `#each` also
`{{@index}}` (from 0), `{{@number}}` (from 1), `{{@first}}`, `{{@last}}`. `{{{{` stands for the two characters `{{`. A `}}` outside of
braces is ordinary text. A line that holds nothing but the beginning, middle or end of a block leaves no line behind.
"""

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any, Final

from burnish_shared.errors import InvalidField
from burnish_shared.slug import LATEST, parse_prompt_name
from burnish_shared.template.values import VARIABLE_TYPES, has_type, one_of_type, type_of

MAX_TEMPLATE_CHARS: Final = 262_144
MAX_SLOTS: Final = 2_000
"""Double braces in one text, of whatever kind."""

MAX_PATH_SEGMENTS: Final = 8
MAX_SEGMENT_CHARS: Final = 64
MAX_BLOCK_DEPTH: Final = 8
"""Blocks within one another, those of snippets included."""

THIS: Final = "this"
"""What the item of an `#each` is called where it has no name of its own."""

OF_TURN: Final = ("@index", "@number", "@first", "@last")
"""What a turn of an `#each` says of itself."""

_SPACE = r"[ \t\r\n]*"
_GAP = r"[ \t\r\n]+"
_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
_PATH = rf"(?:@(?:index|number|first|last)|{_NAME}(?:\.[A-Za-z0-9_-]+)*)"
_SLOT = re.compile(
    rf"""{_SPACE}(?P<path>{_PATH}){_SPACE}
    (?::{_SPACE}(?P<type>[A-Za-z_]+){_SPACE})?
    (?:={_SPACE}(?P<default>"(?:[^"\\\x00-\x1f]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false){_SPACE})?
    \}}\}}""",
    re.VERBOSE,
)
_BEGIN = re.compile(rf"{_SPACE}\#(?P<word>if|each){_GAP}(?P<path>{_PATH})(?:{_GAP}as{_GAP}(?P<name>{_NAME}))?{_SPACE}\}}\}}")
_ELSE = re.compile(rf"{_SPACE}else{_SPACE}\}}\}}")
_END = re.compile(rf"{_SPACE}/(?P<word>if|each){_SPACE}\}}\}}")
_SNIPPET = re.compile(rf"{_SPACE}>{_SPACE}(?P<name>[A-Za-z0-9][A-Za-z0-9_-]*(?:@[A-Za-z0-9_-]+)?){_SPACE}\}}\}}")
_REST_OF_LINE = re.compile(r"[ \t]*(?:\r?\n|\Z)")
_NOT_SO = {
    "#if": "A condition names one variable: {{#if name}}",
    "#each": "A repetition names one list, and may name its items: {{#each items}} or {{#each items as item}}",
    "#": "Blocks are {{#if name}} and {{#each items}}; there are no others",
    "/": "A block ends with {{/if}} or {{/each}}",
    "^": "What holds otherwise stands behind {{else}}",
    "else": "{{else}} stands alone between its braces",
    ">": "A snippet is named by its slug, with a label or version where wanted: {{> tone}}, {{> tone@staging}}, {{> tone@3}}",
    "!": "Comments ({{! …}}) are not part of the template language",
    "{": "Three braces ({{{) have no meaning",
    "@": "Of the turns of an {{#each}} there are {{@index}}, {{@number}}, {{@first}} and {{@last}}",
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


@dataclass(frozen=True, slots=True)
class If:
    """`then` where the value is there and neither false, 0, nor empty."""

    path: tuple[str, ...]
    then: "tuple[Part, ...]"
    otherwise: "tuple[Part, ...]" = ()


@dataclass(frozen=True, slots=True)
class Each:
    """`body` once for each item of a list, which is called `name` in it; `otherwise` where the list is empty."""

    path: tuple[str, ...]
    name: str
    body: "tuple[Part, ...]"
    otherwise: "tuple[Part, ...]" = ()


@dataclass(frozen=True, slots=True)
class Include:
    """The text of another prompt, which stands in `body` once it is known. Neither label nor version: `production`."""

    slug: str
    label: str | None = None
    version: int | None = None
    body: "tuple[Part, ...] | None" = field(default=None, compare=False)

    @property
    def name(self) -> str:
        at = self.label if self.version is None else self.version
        return self.slug if at is None else f"{self.slug}@{at}"


Part = str | Slot | If | Each | Include


def parse(text: str, *, param: str) -> tuple[Part, ...]:
    """The parts of `text` in order; joined with every slot filled they are the rendered text.

    Raises InvalidField with line and column, blaming `param`, for anything that is not in the language.
    """
    if len(text) > MAX_TEMPLATE_CHARS:
        raise InvalidField(f"A template has at most {MAX_TEMPLATE_CHARS:,} characters; this one has {len(text):,}.", param=param)
    return _Reader(text, param).read()


def parse_path(name: str, *, param: str) -> tuple[str, ...]:
    """The path that a variable's name means, as a slot without type and default would give it."""
    found = _SLOT.fullmatch(name + "}}")
    path = tuple(name.split("."))
    if found is None or found["path"] != name or name == "else" or name.startswith("@") or not _fits(path):
        why = "A variable's name is letters, digits, '_' and '-', beginning with a letter or '_', with '.' between parts."
        raise InvalidField(why, param=param)
    return path


@dataclass(slots=True)
class _Block:
    """A block whose end has not come yet."""

    word: str
    path: tuple[str, ...]
    name: str
    opened: int
    parts: list[Part] = field(default_factory=list)
    otherwise: list[Part] | None = None

    def closed(self) -> If | Each:
        then, otherwise = tuple(self.parts), tuple(self.otherwise or ())
        return If(self.path, then, otherwise) if self.word == "if" else Each(self.path, self.name, then, otherwise)


class _Reader:
    """Reads one text from its beginning to its end."""

    def __init__(self, text: str, param: str) -> None:
        self.text = text
        self.param = param
        self.parts: list[Part] = []
        self.literal: list[str] = []
        self.blocks: list[_Block] = []

    def read(self) -> tuple[Part, ...]:
        text, slots, at = self.text, 0, 0
        while (opened := text.find("{{", at)) >= 0:
            if text.startswith("{{{{", opened):
                self.literal += (text[at:opened], "{{")
                at = opened + 4
                continue
            slots += 1
            if slots > MAX_SLOTS:
                raise InvalidField(f"A template has at most {MAX_SLOTS:,} places for variables.", param=self.param)
            at = self._tag(at, opened)
        self.literal.append(text[at:])
        self._end_literal()
        if self.blocks:
            open_ = self.blocks[-1]
            raise self._refuse(f"The {{{{#{open_.word} …}}}} is never closed by {{{{/{open_.word}}}}}", open_.opened)
        return tuple(self.parts)

    def _tag(self, at: int, opened: int) -> int:
        """What stands between the braces at `opened`, behind the text from `at` on. Returns where the text goes on."""
        text, inside = self.text, opened + 2
        if found := _SNIPPET.match(text, inside):
            self._add(text[at:opened], self._include(found["name"], opened))
            return found.end()
        begin, middle, end = _BEGIN.match(text, inside), _ELSE.match(text, inside), _END.match(text, inside)
        found = begin or middle or end
        if found is None:
            slot, behind = self._slot(opened)
            self._add(text[at:opened], slot)
            return behind
        before, behind = self._without_line(at, opened, found.end())
        self.literal.append(before)
        self._end_literal()
        if begin:
            self._begin(begin, opened)
        elif middle:
            self._else(opened)
        else:
            self._close(found["word"], opened)
        return behind

    def _without_line(self, at: int, opened: int, behind: int) -> tuple[str, int]:
        """The text before a block's tag, and where it goes on; a line that holds only the tag is left out."""
        line = self.text.rfind("\n", 0, opened) + 1
        rest = _REST_OF_LINE.match(self.text, behind)
        if rest is None or self.text[line:opened].strip(" \t") or line < at:
            return self.text[at:opened], behind
        return self.text[at:line], rest.end()

    def _begin(self, found: "re.Match[str]", opened: int) -> None:
        path, word = self._path(found["path"], opened), found["word"]
        if word == "if" and found["name"]:
            raise self._refuse(_NOT_SO["#if"], opened)
        if word == "each" and path[0] in OF_TURN:
            raise self._refuse(f"{{{{{path[0]}}}}} is no list", opened)
        if len(self.blocks) >= MAX_BLOCK_DEPTH:
            raise self._refuse(f"At most {MAX_BLOCK_DEPTH} blocks stand within one another", opened)
        name = found["name"] or THIS
        if name == "else" or len(name) > MAX_SEGMENT_CHARS:
            raise self._refuse(_NOT_SO["#each"], opened)
        self.blocks.append(_Block(word, path, name, opened))

    def _else(self, opened: int) -> None:
        if not self.blocks:
            raise self._refuse("{{else}} stands within an {{#if …}} or {{#each …}}", opened)
        if self.blocks[-1].otherwise is not None:
            raise self._refuse(f"An {{{{#{self.blocks[-1].word} …}}}} has one {{{{else}}}}", opened)
        self.blocks[-1].otherwise = []

    def _close(self, word: str, opened: int) -> None:
        if not self.blocks or self.blocks[-1].word != word:
            open_ = f"; {{{{#{self.blocks[-1].word} …}}}} is open" if self.blocks else ""
            raise self._refuse(f"{{{{/{word}}}}} ends no {{{{#{word} …}}}}{open_}", opened)
        block = self.blocks.pop()
        self._here().append(block.closed())

    def _include(self, name: str, opened: int) -> Include:
        try:
            named = parse_prompt_name(name, param=self.param)
        except InvalidField as error:
            raise self._refuse(error.message.rstrip("."), opened) from error
        if named.label == LATEST:
            why = "A snippet is named by a label that somebody moves, or by a number; 'latest' would change prompts unseen"
            raise self._refuse(why, opened)
        return Include(named.slug, named.label, named.version)

    def _slot(self, opened: int) -> tuple[Slot, int]:
        """The slot whose `{{` stands at `opened`, and where the text goes on behind it."""
        found = _SLOT.match(self.text, opened + 2)
        if found is None or found["path"] == "else":
            raise self._refuse(_why_not(self.text, opened), opened)
        path = self._path(found["path"], opened)
        type_, written = found["type"], found["default"]
        if path[0] in OF_TURN and (type_ or written):
            raise self._refuse(f"{{{{{path[0]}}}}} has neither type nor default", opened)
        if type_ is not None and type_ not in VARIABLE_TYPES:
            raise self._refuse(f"'{type_[:40]}' is no type; use one of {', '.join(VARIABLE_TYPES)}", opened)
        if written is None:
            return Slot(path, type_), found.end()
        default = _default(written)
        if isinstance(default, _NoDefault):
            raise self._refuse(f"The default {written[:40]} is no JSON string, finite number, true or false that can be stored", opened)
        if type_ is not None and not has_type(default, type_):
            raise self._refuse(f"The default of '{found['path']}' is {one_of_type(type_of(default))}, not {one_of_type(type_)}", opened)
        return Slot(path, type_, default, True), found.end()

    def _path(self, written: str, opened: int) -> tuple[str, ...]:
        path = tuple(written.split("."))
        if not _fits(path):
            raise self._refuse(f"A variable's path has at most {MAX_PATH_SEGMENTS} parts of at most {MAX_SEGMENT_CHARS} characters", opened)
        return path

    def _here(self) -> list[Part]:
        if not self.blocks:
            return self.parts
        block = self.blocks[-1]
        return block.parts if block.otherwise is None else block.otherwise

    def _add(self, before: str, part: Part) -> None:
        self.literal.append(before)
        self._end_literal()
        self._here().append(part)

    def _end_literal(self) -> None:
        if text := "".join(self.literal):
            self._here().append(text)
        self.literal.clear()

    def _refuse(self, why: str, opened: int) -> InvalidField:
        message = f"{why} ({_place(self.text, opened)}). Write {{{{{{{{ where the text itself needs {{{{."
        return InvalidField(message, param=self.param)


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
    for beginning, why in _NOT_SO.items():
        if inside.startswith(beginning) and (beginning != "else" or not re.match(r"else[A-Za-z0-9_.-]", inside)):
            return why
    if text.find("}}", opened) < 0:
        return "A {{ is never closed by }}"
    return "Between {{ and }} stands a variable's name, with an optional type and default: {{name}}, {{user.name}}, {{count: number = 3}}"


def _place(text: str, offset: int) -> str:
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return f"line {line}, column {column}"
