"""One rendering: the parts of a message with values put in. Bounded in steps and bytes; what is put in is never read again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from burnish_shared.errors import InvalidField, MissingVariables, PayloadTooLarge
from burnish_shared.template.syntax import Each, If, Include, Part, Slot
from burnish_shared.template.values import IMAGE_URL, has_type, is_truthy, text_of
from burnish_shared.template.variables import ABSENT, Variable, find, wrong_type

MAX_OUTPUT_BYTES: Final = 1_048_576
"""Rendered text of all messages together, in UTF-8 (PROMISES 4.5)."""

MAX_IMAGE_BYTES: Final = 3_145_728
"""Addresses and data URLs of all pictures together. They travel twice, as a variable and in the message, and a request has 8 MiB."""

MAX_STEPS: Final = 100_000
"""Parts that are put out within repetitions, all turns together: about 50 ms."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A part of a message that is no text."""

    url: str

    def as_part(self) -> dict[str, Any]:
        return {"type": "image_url", "image_url": {"url": self.url}}


@dataclass(frozen=True, slots=True)
class _Item:
    """What a name within an `#each` stands for, and what it is called in errors."""

    value: Any
    called: str


class Budget:
    """Counts down what may still be put out, before it is joined, so that a small template cannot make a huge text."""

    __slots__ = ("image_bytes", "left", "steps")

    def __init__(self) -> None:
        self.left = MAX_OUTPUT_BYTES
        self.image_bytes = MAX_IMAGE_BYTES
        self.steps = MAX_STEPS

    def spend(self, text: str) -> None:
        self.left -= len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if self.left < 0:
            raise PayloadTooLarge(f"The rendered prompt is larger than {MAX_OUTPUT_BYTES:,} bytes.", param="variables")

    def show(self, url: str) -> None:
        self.image_bytes -= len(url)
        if self.image_bytes < 0:
            raise PayloadTooLarge(
                f"The pictures and files of the prompt have more than {MAX_IMAGE_BYTES:,} bytes as URLs.", param="variables"
            )

    def walk(self, steps: int) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise PayloadTooLarge(f"The lists of this call make more than {MAX_STEPS:,} parts.", param="variables")


class Filling:
    """Puts the values of one call into parts. `used` and `missing` grow as it goes."""

    __slots__ = ("_items", "_pictures", "_texts", "_values", "_variables", "budget", "missing", "used")

    def __init__(self, variables: Mapping[tuple[str, ...], Variable], given: Mapping[str, Any], budget: Budget) -> None:
        """Raises InvalidField for a value of another type than declared, whether or not it is going to be used."""
        self._variables = variables
        self._values: dict[tuple[str, ...], Any] = {}
        self._texts: dict[tuple[str, ...], str | Picture] = {}
        self._items: dict[str, _Item] = {}
        self._pictures = 0
        self.budget = budget
        self.used: set[str] = set()
        self.missing: set[str] = set()
        for path, variable in variables.items():
            value = find(path, given)
            if value is ABSENT:
                value = variable.default if variable.has_default else ABSENT
            elif variable.type is not None and not has_type(value, variable.type):
                raise wrong_type(variable.name, value, variable.type)
            self._values[path] = value

    def content(self, parts: Sequence[Part]) -> str | list[dict[str, Any]]:
        """The text of a message, or its texts and pictures in order."""
        out: list[str | Picture] = []
        self._pictures = 0
        self._put(parts, out)
        if not self._pictures:
            return "".join(out)  # type: ignore[arg-type]  # texts, all of them
        content: list[dict[str, Any]] = []
        texts: list[str] = []
        for one in [*out, None]:
            if isinstance(one, str):
                texts.append(one)
                continue
            if text := "".join(texts):
                content.append({"type": "text", "text": text})
            texts = []
            if one is not None:
                content.append(one.as_part())
        return content

    def raise_missing(self) -> None:
        """Raises MissingVariables with every name that was wanted and not given."""
        if self.missing:
            names = sorted(self.missing)
            raise MissingVariables(f"These variables are missing: {', '.join(names)}.", param="variables", details={"missing": names})

    def _put(self, parts: Sequence[Part], out: list[str | Picture]) -> None:
        if self._items:  # in a repetition: each branch and snippet counts with its own parts, however often it is come to
            self.budget.walk(len(parts))
        for part in parts:
            if type(part) is str:
                self.budget.spend(part)
                out.append(part)
            elif type(part) is Slot:
                self._fill(part, out)
            elif type(part) is If:
                self._put(part.then if is_truthy(self._condition(part.path)) else part.otherwise, out)
            elif type(part) is Each:
                self._repeat(part, out)
            elif type(part) is Include:
                if part.body is None:
                    raise InvalidField(f"The snippet '{part.name}' is not there.", param="messages")
                self._put(part.body, out)

    def _fill(self, slot: Slot, out: list[str | Picture]) -> None:
        item = self._items.get(slot.path[0]) if self._items else None
        if item is not None:
            filled = self._of_item(slot, item)
        else:
            filled = self._texts.get(slot.path)
            if filled is None:
                filled = self._of_variable(slot.path)
        if filled is None:
            return
        if type(filled) is str:
            self.budget.spend(filled)
        elif isinstance(filled, Picture):
            self.budget.show(filled.url)
            self._pictures += 1
        out.append(filled)

    def _of_variable(self, path: tuple[str, ...]) -> str | Picture | None:
        variable, value = self._variables[path], self._values[path]
        if value is ABSENT:
            self.missing.add(variable.name)
            return None
        self.used.add(variable.name)
        filled = self._texts[path] = _filled(variable.name, value, variable.type)
        return filled

    def _of_item(self, slot: Slot, item: _Item) -> str | Picture | None:
        name = ".".join((item.called, *slot.path[1:]))
        value = find(slot.path[1:], item.value)
        if value is ABSENT:
            if not slot.has_default:
                self.missing.add(name)
                return None
            value = slot.default
        if slot.type is not None and not has_type(value, slot.type):
            raise wrong_type(name, value, slot.type)
        return _filled(name, value, slot.type)

    def _condition(self, path: tuple[str, ...]) -> Any:
        item = self._items.get(path[0])
        value = self._values[path] if item is None else find(path[1:], item.value)
        if item is None and value is not ABSENT:
            self.used.add(".".join(path))
        return None if value is ABSENT else value

    def _repeat(self, each: Each, out: list[str | Picture]) -> None:
        item = self._items.get(each.path[0])
        called = ".".join(each.path if item is None else (item.called, *each.path[1:]))
        value = self._values[each.path] if item is None else find(each.path[1:], item.value)
        if value is ABSENT:
            self.missing.add(called)
            return
        if not isinstance(value, list):
            raise wrong_type(called, value, "array")
        if item is None:
            self.used.add(called)
        if not value:
            self._put(each.otherwise, out)
            return
        outer, last = self._items, len(value) - 1
        for index, one in enumerate(value):
            self.budget.walk(1)
            turn = {"@index": index, "@number": index + 1, "@first": index == 0, "@last": index == last}
            self._items = {
                **outer,
                **{name: _Item(of_turn, name) for name, of_turn in turn.items()},
                each.name: _Item(one, f"{called}.{index}"),
            }
            self._put(each.body, out)
        self._items = outer


def _filled(name: str, value: Any, type_: str | None) -> str | Picture:
    if type_ == IMAGE_URL:
        return Picture(value)
    try:
        return text_of(value)
    except ValueError as error:
        raise InvalidField(f"The variable '{name}' cannot be written as text: {error}.", param=f"variables.{name}") from error
