"""Text, and JSON values, as PostgreSQL takes them."""

import math
from typing import Any


def storable(text: str) -> str:
    """U+0000 and lone surrogates, which models do emit, become U+FFFD."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def storable_value(value: Any) -> Any:
    """The same JSON value with every text and name storable; numbers that JSON cannot hold, such as 1e999, become None."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {storable(str(name)): storable_value(one) for name, one in value.items()}
    return [storable_value(one) for one in value] if isinstance(value, list | tuple) else value
