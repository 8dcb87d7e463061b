"""Who asks, and in which session, where Claude Code says both in one text, as `metadata.user_id`. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

from burnish_gateway.compat.chat import id_in
from burnish_gateway.strict_json import parse_json
from burnish_shared.errors import InvalidBody

MOST: Final = 1000
"""Characters of such a text."""

BEFORE: Final = re.compile(
    r"user_(?P<device_id>[0-9a-f]{64})_account_(?P<account_uuid>[0-9a-f-]{0,36})_session_(?P<session_id>[0-9a-f-]{36})"
)
"""How Claude Code wrote it before 2.1."""


def who_in(metadata: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The end user and the session. Left as one text, each session would be an end user of its own, with a budget of its own.

    Raises InvalidField for what is too long.
    """
    parts = _parts(metadata.get("user_id"))
    if parts is None:
        return id_in(dict(metadata), "user_id"), id_in(dict(metadata), "session_id")
    said = {"user_id": parts.get("account_uuid") or parts["device_id"], "session_id": metadata.get("session_id") or parts["session_id"]}
    return id_in(said, "user_id"), id_in(said, "session_id")


def _parts(told: Any) -> Mapping[str, Any] | None:
    if not isinstance(told, str) or len(told) > MOST:
        return None
    if before := BEFORE.fullmatch(told):
        return before.groupdict()
    if not told.startswith("{"):
        return None
    try:
        parts = parse_json(told.encode())
    except InvalidBody:
        return None
    is_both = isinstance(parts, dict) and all(isinstance(parts.get(name), str) and parts[name] for name in ("device_id", "session_id"))
    return parts if is_both else None
