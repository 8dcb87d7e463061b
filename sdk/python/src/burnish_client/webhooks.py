"""Checking that a webhook came from Burnish: the Standard Webhooks scheme, HMAC-SHA256.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from typing import Any

from burnish_client.errors import BurnishError

TOLERANCE_S = 300
"""How far the time of a message may be from ours, either way."""


class InvalidWebhook(BurnishError):
    """It was not signed with this secret, or it is too old. Answer 400 and do nothing."""


def verify_webhook(
    body: bytes | str, headers: Mapping[str, str], secret: str, *, now_s: float | None = None, tolerance_s: float = TOLERANCE_S
) -> dict[str, Any]:
    """The event, once its signature and its time are right. `body`: exactly as received, before any parsing.

    `secret`: `whsec_…`; while a secret is rotated the message carries two signatures, and either will do. The same event may come
    more than once: keep `webhook-id` and ignore what you know. Raises InvalidWebhook, ValueError for a secret that is none.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id, at, signatures = (given.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (message_id and at and signatures):
        raise InvalidWebhook("The headers webhook-id, webhook-timestamp and webhook-signature are needed.")
    if not re.fullmatch(r"[0-9]{1,15}", at) or abs((time.time() if now_s is None else now_s) - int(at)) > tolerance_s:
        raise InvalidWebhook("The time of the message is too far from ours.")
    raw = body.encode() if isinstance(body, str) else body
    wanted = hmac.new(_key(secret), f"{message_id}.{at}.".encode() + raw, hashlib.sha256).digest()
    if not any(_is_same(one, wanted) for one in signatures.split()):
        raise InvalidWebhook("No signature of the message fits this secret.")
    event = json.loads(raw)
    if not isinstance(event, dict):
        raise InvalidWebhook("The body is no event.")
    return event


def _key(secret: str) -> bytes:
    """Never an empty one, with which anybody could sign: that of a variable that nobody set."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not key:
        raise ValueError("A secret of a webhook endpoint looks like whsec_…")
    return key


def _is_same(signature: str, wanted: bytes) -> bool:
    scheme, _, encoded = signature.partition(",")
    if scheme != "v1":
        return False
    try:
        return hmac.compare_digest(base64.b64decode(encoded, validate=True), wanted)
    except ValueError:  # no base64, or not even ASCII
        return False
