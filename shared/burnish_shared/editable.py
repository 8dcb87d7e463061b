"""Which message of a version a search edits: the optimizer measures candidates in its place, the gateway makes versions of them. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

SYSTEM_ROLES: Final = ("system", "developer")


def editable_index(messages: Sequence[Mapping[str, Any]]) -> int | None:
    """The first system message, else the first of all, of those that hold a text. None where none does."""
    texts = [index for index, message in enumerate(messages) if isinstance(message.get("content"), str)]
    system = [index for index in texts if messages[index].get("role") in SYSTEM_ROLES]
    return (system or texts)[0] if texts else None
