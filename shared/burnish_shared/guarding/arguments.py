"""Arguments of tool calls: JSON as a text, in which a letter may be spelled otherwise (`\\u0066oo`) or stick to an escape (`\\nfoo`)."""

import json
import math
from collections.abc import Callable, Iterator
from typing import Any, Final

DEEP_MOST: Final = 200

Change = Callable[[str], str]


def changed_arguments(text: str, change: Change, *, look: Change | None = None) -> str:
    """The arguments with their texts changed.

    Without an escape they say what is written, and are changed so: by `look`, where texts between JSON's quotes are changed in another way.
    With one each string is changed as whoever parses them reads it, and written anew where that changed anything; `look` still looks at
    what is written.
    """
    value = _parsed(text) if "\\" in text else None
    if not isinstance(value, dict | list):
        return (look or change)(text)
    if look is not None:
        look(text)
    changed = _changed(value, change)
    return text if changed == value else _written(changed)


def texts_in_arguments(text: str) -> Iterator[str]:
    """The arguments as they are written, and what is spelled with escapes in them once more as it is read."""
    yield text
    value = _parsed(text) if "\\" in text else None
    if isinstance(value, dict | list):
        yield from _strings(value)


def _parsed(text: str) -> Any:
    """None for what is no JSON, cannot be written down again, or is nested deeper than it is walked through."""
    try:
        value = json.loads(text, parse_float=_finite, parse_constant=_refused)
    except (ValueError, RecursionError):
        return None
    level = [value]
    for _ in range(DEEP_MOST):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return value
    return None


def _inside(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def _written(value: Any) -> str:
    """A half of a surrogate pair, which models do send, is written as the escape that it was."""
    written = json.dumps(value, ensure_ascii=False)
    return written if _is_utf8(written) else json.dumps(value)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _finite(written: str) -> float:
    value = float(written)
    return value if math.isfinite(value) else _refused(written)


def _refused(written: str) -> float:
    raise ValueError(f"{written} cannot be written down again")


def _strings(value: Any) -> Iterator[str]:
    """Names among them."""
    if isinstance(value, str):
        yield value
    yield from value if isinstance(value, dict) else ()
    for one in _inside(value):
        yield from _strings(one)


def _changed(value: Any, change: Change) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(name): _named(name, one, change) for name, one in value.items()}
    if isinstance(value, list):
        return [_changed(one, change) for one in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        changed = change(written := json.dumps(value))
        return value if changed == written else changed
    return value


def _named(name: str, value: Any, change: Change) -> Any:
    """A value whose name says what it is, such as `password`, is looked at beside it."""
    changed = _changed(value, change)
    if not isinstance(value, str) or changed != value:
        return changed
    before = f"{name}: "
    both = change(before + value)
    return both[len(before) :] if both.startswith(before) else value
