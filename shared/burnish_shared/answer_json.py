"""What a model wrote, read as JSON that can be stored and sent on. Pure; one rule for everybody who reads an answer as JSON."""

import json
import math
from typing import Any, Final

from burnish_shared.storable_text import storable, storable_value

JSON_DEPTH_MOST: Final = 64
"""Levels of nesting, as many as a body of the API may have: what is deeper nobody could be told."""


class NoJson(ValueError):
    """The text is none; says why, in words that follow the name of what was looked at, and nothing of the text."""


def read_json(text: str) -> Any:
    """Raises NoJson. U+0000 and lone surrogates, which may be written as escapes, become U+FFFD."""
    text = storable(text)
    try:
        value = json.loads(text, parse_constant=_refused, parse_float=_finite)
    except NoJson:
        raise
    except (ValueError, RecursionError) as error:
        raise NoJson("is no JSON") from error
    if text.count("[") + text.count("{") > JSON_DEPTH_MOST and _depth(value) > JSON_DEPTH_MOST:
        raise NoJson(f"is nested more than {JSON_DEPTH_MOST} levels deep")
    return storable_value(value) if "\\u" in text else value


def _depth(value: Any) -> int:
    """Levels of objects and lists, counted no further than matters."""
    levels, here = 0, [value]
    while levels <= JSON_DEPTH_MOST:
        here = [one for one in here if isinstance(one, dict | list)]
        if not here:
            break
        levels += 1
        here = [two for one in here for two in (one.values() if isinstance(one, dict) else one)]
    return levels


def _refused(_name: str) -> Any:
    raise NoJson("is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NoJson("holds a number that is too large")
    return number
