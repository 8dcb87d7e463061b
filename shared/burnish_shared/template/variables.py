"""The variables of a prompt: what its parts and its `parameters` say of each, joined, and the values that a caller gives."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from burnish_shared.errors import InvalidField
from burnish_shared.template.syntax import Slot, parse_path
from burnish_shared.template.values import VARIABLE_TYPES, has_type, one_of_type, type_of

MAX_VARIABLES: Final = 500


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable path. `type` None: any JSON value but null. Required where it has no default."""

    path: tuple[str, ...]
    type: str | None = None
    default: Any = None
    has_default: bool = False

    @property
    def name(self) -> str:
        return ".".join(self.path)


class Absent:
    """The type of ABSENT, what a lookup finds where nothing was given."""


ABSENT: Final = Absent()


def declare(slots: Iterable[Slot], *, parameters: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, ...], Variable]:
    """Every variable by path. A type or default said in one place holds in all; two that differ are refused (InvalidField).

    `parameters` maps a name to `{"type"?: …, "default"?: …}`, as stored in a version; other keys of it are ignored here.
    """
    known: dict[tuple[str, ...], Variable] = {}
    for name, given in parameters.items():
        variable = _parameter(name, given)
        known[variable.path] = variable
    for slot in slots:
        known[slot.path] = _joined(known.get(slot.path), slot)
    if len(known) > MAX_VARIABLES:
        raise InvalidField(f"A prompt has at most {MAX_VARIABLES} variables; this one has {len(known)}.", param="messages")
    for variable in known.values():
        if variable.has_default and variable.type is not None and not has_type(variable.default, variable.type):
            why = f"The default of '{variable.name}' is {one_of_type(type_of(variable.default))}, not {one_of_type(variable.type)}."
            raise InvalidField(why, param="parameters")
    return known


def find(path: tuple[str, ...], value: Any) -> Any:
    """What lies at `path` in `value`, or ABSENT. Keys of objects and positions of arrays only: no attribute of any value is looked at."""
    for segment in path:
        if isinstance(value, Mapping):
            value = value.get(segment, ABSENT)
        elif isinstance(value, list) and segment.isdecimal() and segment.isascii():
            position = int(segment)
            value = value[position] if position < len(value) else ABSENT
        else:
            return ABSENT
    return ABSENT if value is None else value


def wrong_type(name: str, value: object, wanted: str) -> InvalidField:
    """What is said of a value that is of another type than declared."""
    is_text = wanted == "image_url" and isinstance(value, str)
    other = f"{one_of_type(wanted)}, not {one_of_type(type_of(value))}"
    what = "an http(s) address or data URL of a picture (png, jpeg, gif, webp)" if is_text else other
    return InvalidField(f"The variable '{name}' must be {what}.", param=f"variables.{name}")


def _parameter(name: str, given: Mapping[str, Any]) -> Variable:
    path = parse_path(name, param="parameters")
    type_ = given.get("type")
    if type_ is not None and type_ not in VARIABLE_TYPES:
        raise InvalidField(f"'{str(type_)[:40]}' is no type; use one of {', '.join(VARIABLE_TYPES)}.", param=f"parameters.{name}")
    has_default = given.get("default") is not None
    return Variable(path, type_, given.get("default"), has_default)


def _joined(known: Variable | None, slot: Slot) -> Variable:
    if known is None:
        return Variable(slot.path, slot.type, slot.default, slot.has_default)
    if known.type and slot.type and known.type != slot.type:
        raise InvalidField(f"'{slot.name}' is declared as {known.type} in one place and as {slot.type} in another.", param="messages")
    if known.has_default and slot.has_default and known.default != slot.default:
        raise InvalidField(f"'{slot.name}' has two different defaults.", param="messages")
    return Variable(
        known.path,
        known.type or slot.type,
        known.default if known.has_default else slot.default,
        known.has_default or slot.has_default,
    )
