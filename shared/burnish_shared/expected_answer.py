"""An answer beside the expected one: a JSON object or list by its value, everything else by its spelling. Pure; one rule for all."""

import json
from typing import Any

from burnish_shared.answer_json import NoJson, read_json


def is_same(one: str, other: str) -> bool:
    """Whether two answers say the same: equal after trimming, case included, or the same JSON object or list."""
    return compared(one) == compared(other)


def compared(text: str) -> str:
    """The text as it is compared: trimmed, and a JSON object or list in its one spelling, in which the order of keys, blanks, and 1 or 1.0
    make no difference. A text in a code fence is no JSON, as it is to everybody else who reads answers here (`output_json`, schemas)."""
    value = spelled_value(text)
    return text.strip() if value is None else value


def spelled_value(text: str) -> str | None:
    """The JSON object or list that the text is, in its one spelling; None where it is none."""
    bare = text.strip()
    if not bare.startswith(("{", "[")):
        return None
    try:
        return spelled(read_json(bare))
    except NoJson:
        return None


def spelled(value: Any) -> str:
    """A JSON value in its one spelling: keys in order, no blanks, 1 for 1.0. `true` is no number."""
    return json.dumps(_whole(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _whole(value: Any) -> Any:
    match value:
        case dict():
            return {name: _whole(one) for name, one in value.items()}
        case list():
            return [_whole(one) for one in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value
