"""The answer of a step as JSON, where it is some, in texts that can be stored. Pure."""

import json
from typing import Any, Final

from burnish_shared.storable_text import storable

JSON_DEPTH_MOST: Final = 64


def json_of(text: str | None) -> Any:
    """The answer as JSON, where it is an object, a list, a number or the like, and nothing else; None where it is none."""
    if text is None or not text.strip():
        return None
    try:
        value = json.loads(text, parse_constant=_refused, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return _storable(value) if _depth(value) <= JSON_DEPTH_MOST else None


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(name): _storable(one) for name, one in value.items()}
    return [_storable(one) for one in value] if isinstance(value, list) else value


def _depth(value: Any) -> int:
    """Levels of nesting, counted no further than matters."""
    levels, here = 0, [value]
    while here and levels <= JSON_DEPTH_MOST:
        levels += 1
        here = [two for one in here for two in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())]
    return levels


def _refused(name: str) -> Any:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(text)
    return number
