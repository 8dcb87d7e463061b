"""What a message that nobody could handle looks like, without what people wrote in it. Pure."""

import json
import re
from typing import Any, Final

ITEMS_MOST: Final = 20
"""Shown of a list, and of the fields of an object."""

DEPTH_MOST: Final = 8
BYTES_MOST: Final = 2 * 1024 * 1024

NAMED: Final = frozenset({"type", "event_type", "kind", "target_kind", "status", "mode", "priority", "model", "provider"})
"""Fields whose value is a word of ours, never of a person."""

FREE: Final = frozenset({"variables", "context", "metadata", "properties", "arguments", "schema", "extra"})
"""Fields under which nothing is ours: there a `status` is whatever somebody calls so, and a number may be a wage."""

WORD: Final = re.compile(r"[a-z0-9_.:/-]{1,100}")
UUID_TEXT: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})")


def outline(payload: bytes) -> Any:
    """The message as JSON with ids, times, numbers and words of ours; each other text as its length, and what is under FREE as its kind.

    None: it is not JSON, or too long.
    """
    if len(payload) > BYTES_MOST:
        return None
    try:
        return _outlined(json.loads(payload), name="", depth=0, is_free=False)
    except (ValueError, RecursionError):
        return None


def _outlined(value: Any, *, name: str, depth: int, is_free: bool) -> Any:
    is_free = is_free or name in FREE
    if isinstance(value, str):
        return value if not is_free and _is_ours(value, name) else f"({len(value)} characters)"
    if isinstance(value, dict):
        if depth >= DEPTH_MOST:
            return f"({len(value)} fields)"
        shown = {
            _field(key, no): _outlined(one, name=key, depth=depth + 1, is_free=is_free)
            for no, (key, one) in enumerate(value.items())
            if no < ITEMS_MOST
        }
        return shown if len(value) <= ITEMS_MOST else shown | {"…": f"({len(value) - ITEMS_MOST} more)"}
    if isinstance(value, list):
        if depth >= DEPTH_MOST:
            return f"({len(value)} items)"
        items = [_outlined(one, name=name, depth=depth + 1, is_free=is_free) for one in value[:ITEMS_MOST]]
        return items if len(value) <= ITEMS_MOST else [*items, f"({len(value) - ITEMS_MOST} more)"]
    return "(a number)" if is_free and isinstance(value, int | float) and not isinstance(value, bool) else value


def _is_ours(text: str, name: str) -> bool:
    return bool(UUID_TEXT.fullmatch(text) or MOMENT.fullmatch(text) or (name in NAMED and WORD.fullmatch(text)))


def _field(key: str, no: int) -> str:
    """Names of variables are a person's too, and may be anything."""
    return key if WORD.fullmatch(key) else f"(field {no + 1}, {len(key)} characters)"
