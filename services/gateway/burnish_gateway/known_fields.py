"""Which fields there are where a body has one that is none."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from inspect import isclass
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel

LISTED_MOST: Final = 40

NEAR: Final = 0.6
"""How alike names are of which one may be meant for the other, as `difflib` counts it: `modell` and `model`, not `texts` and `model`."""


def no_field(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    """What is said of the field at `location`, pydantic's path to it: which one may have been meant, else which there are."""
    *before, name = location
    what = "is no field here" if any(isinstance(part, str) for part in before) else "is no field of this call"
    known = list(dict.fromkeys(field for kind in kinds_at(model, before) for field in _fields(kind)))
    near = difflib.get_close_matches(str(name).lower(), known, n=1, cutoff=NEAR)
    if near:
        return f"{what}; did you mean '{near[0]}'?"
    if not known or len(known) > LISTED_MOST:
        return f"{what}; see /openapi.json"
    return f"{what}; there {'is' if len(known) == 1 else 'are'} {', '.join(known)}"


def kinds_at(model: type[BaseModel], location: Sequence[int | str]) -> list[Any]:
    """Every type that the value at `location` may be of. pydantic names sides of unions in its paths: what leads nowhere is such a name."""
    kinds: list[Any] = [model]
    for part in location:
        inner = [kind for one in kinds for annotation in _inside(one, part) for kind in _sides(annotation)]
        kinds = inner or [kind for kind in kinds if _is_called(kind, part)] or kinds
    return kinds


def without_sides(model: type[BaseModel], location: Sequence[int | str]) -> list[int | str]:
    """The path as the caller wrote it: pydantic names in it by which word (`kind`) a value was told from the others of its union."""
    kinds: list[Any] = [model]
    written: list[int | str] = []
    for part in location:
        inner = [kind for one in kinds for annotation in _inside(one, part) for kind in _sides(annotation)]
        sides = [kind for kind in kinds if _is_called(kind, part)] if len(kinds) > 1 and not inner else []
        if not sides:
            written.append(part)
        kinds = inner or sides or kinds
    return written


def _fields(kind: Any) -> list[str]:
    """Of a model that refuses others."""
    if not _is_model(kind) or kind.model_config.get("extra") != "forbid":
        return []
    return [field.alias or name for name, field in kind.model_fields.items()]


def _inside(kind: Any, part: int | str) -> Iterator[Any]:
    origin, args = get_origin(kind), get_args(kind)
    if _is_model(kind):
        yield from (field.annotation for name, field in kind.model_fields.items() if part == (field.alias or name))
    elif isclass(origin) and issubclass(origin, Mapping):
        yield from args[1:]
    elif isclass(origin) and isinstance(part, int):
        yield from (one for one in args if one is not Ellipsis)


def _sides(annotation: Any) -> Iterator[Any]:
    """Without what is only said of a type, and each of those that it may be."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _sides(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        yield from (side for one in get_args(annotation) for side in _sides(one))
    elif annotation is not NoneType:
        yield annotation


def _is_called(kind: Any, part: int | str) -> bool:
    """By its own name, or by the word that tells it from the others of its union."""
    if not _is_model(kind):
        return False
    words = [get_args(one.annotation) for one in kind.model_fields.values() if get_origin(one.annotation) is Literal]
    return part == kind.__name__ or any(part in one for one in words)


def _is_model(kind: Any) -> bool:
    return isclass(kind) and issubclass(kind, BaseModel)
