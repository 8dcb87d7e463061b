"""JSON without what no layer behind may ever see: NUL, lone surrogates, NaN, deep nesting, numbers that no column holds. Pure."""

import contextlib
import json
import math
from typing import Any

from pydantic_core import from_json

from burnish_shared.errors import InvalidBody

NESTING_MOST = 64

INT8_MOST = 2**63 - 1


def parse_json(raw: bytes, *, duplicate_keys: bool = False) -> Any:
    """Strict JSON: UTF-8, no NaN, no NUL or lone surrogate, no duplicate keys (unless `duplicate_keys`), at most 64 levels."""
    if duplicate_keys:
        with contextlib.suppress(ValueError):  # What is wrong is said by the slow way.
            value = from_json(raw, allow_inf_nan=False)
            _check_whole(value)
            return value
    try:
        text = raw.decode("utf-8")
        value = json.loads(
            text, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=None if duplicate_keys else _unique
        )
    except UnicodeDecodeError as error:
        raise InvalidBody("The body is not UTF-8.") from error
    except RecursionError as error:
        raise InvalidBody(f"The body is nested more than {NESTING_MOST} levels deep.") from error
    except ValueError as error:
        why = "a number has thousands of digits" if "integer string conversion" in str(error) else str(error)[:200]
        raise InvalidBody(f"The body is not valid JSON: {why}") from error
    _check_whole(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice[:100]!r} stands twice in one object")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def _check_whole(value: Any) -> None:
    """As `_check`; what cannot be stored is refused with the name of the field that holds it."""
    try:
        _check(value, depth=0)
    except InvalidBody as error:
        place = _place_of_fault(value)
        if place:
            raise InvalidBody(f"{place}: {error.message}", param=place) from None
        raise


def _place_of_fault(value: Any, place: str = "", *, depth: int = 0) -> str | None:
    """Where the first text or number stands that cannot be stored, such as `budget.evaluations`; of a key the object that has it. None:
    there is none, but what is nested too deep."""
    if depth > NESTING_MOST:
        return None
    parts: list[tuple[str, Any]] = []
    try:
        if isinstance(value, dict):
            for key in value:
                check_text(key)
            parts = [(f"{place}.{key}" if place else key, one) for key, one in value.items()]
        elif isinstance(value, list):
            parts = [(f"{place}[{at}]", one) for at, one in enumerate(value)]
        else:
            _check(value, depth=0)
    except InvalidBody:
        return place[:200]
    return next((found for at, one in parts if (found := _place_of_fault(one, at, depth=depth + 1)) is not None), None)


def _check(value: Any, *, depth: int) -> None:
    """Walks the whole value once: nesting, NUL, surrogates, integers that no column holds. ValueError for a number that is
    not finite, which the strict way refuses before, in words."""
    if depth > NESTING_MOST:
        raise InvalidBody(f"The body is nested more than {NESTING_MOST} levels deep.")
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, dict):
        for key, one in value.items():
            if "\x00" in key or not key.isascii():
                check_text(key)
            if type(one) is not str or depth >= NESTING_MOST:
                _check(one, depth=depth + 1)
            elif "\x00" in one or not one.isascii():
                check_text(one)
    elif isinstance(value, list):
        for one in value:
            _check(one, depth=depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("not a finite number")
    elif isinstance(value, int) and not -INT8_MOST - 1 <= value <= INT8_MOST:
        raise InvalidBody(f"A number is beyond 64 bits; the largest is {INT8_MOST}.")


def check_text(text: str) -> None:
    """Raises InvalidBody for what no column of text holds."""
    if text.isascii():
        if "\x00" in text:
            raise InvalidBody("The body holds U+0000, which cannot be stored; remove it.")
        return
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidBody("The body holds U+0000 or half of a surrogate pair, which cannot be stored; remove it.")
