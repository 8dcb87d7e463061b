"""Fields of blocks and items that are checked by hand, where a wrong type would raise later or be taken for nothing. Pure."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from burnish_shared.errors import InvalidField

T = TypeVar("T")

WORDS: Final[Mapping[type, str]] = {str: "text", bool: "true or false", int: "a whole number", dict: "an object", list: "a list"}


def typed(holder: Mapping[str, Any], name: str, kind: type[T], *, param: str) -> T | None:
    """The field of what stands at `param`; None where it is not given, or null. Raises InvalidField naming it."""
    value = holder.get(name)
    if value is None or (isinstance(value, kind) and not (kind is int and isinstance(value, bool))):
        return value
    raise InvalidField(f"{param}.{name}: must be {WORDS[kind]}.", param=f"{param}.{name}")


def needed(holder: Mapping[str, Any], name: str, kind: type[T], *, param: str) -> T:
    """The same of a field that must be given."""
    value = typed(holder, name, kind, param=param)
    if value is None:
        raise InvalidField(f"{param}.{name}: must be {WORDS[kind]}.", param=f"{param}.{name}")
    return value
