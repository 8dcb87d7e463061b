"""Checking that a webhook came from Burnish: the Standard Webhooks scheme, by HMAC-SHA256 or by a public key (ed25519).

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from burnish_client.errors import BurnishError

TOLERANCE_S = 300
"""How far the time of a message may be from ours, either way."""


Fits = Callable[[bytes], bool]
"""Whether a signature of this message, decoded, is right."""


class InvalidWebhook(BurnishError):
    """It was not signed with this secret, or it is too old. Answer 400 and do nothing."""


def verify_webhook(
    body: bytes | str, headers: Mapping[str, str], secret: str, *, now_s: float | None = None, tolerance_s: float = TOLERANCE_S
) -> dict[str, Any]:
    """The event, once its signature and its time are right. `body`: exactly as received, before any parsing.

    `secret`: `whsec_…`, or the `public_key` of an endpoint that has `ed25519`, `whpk_…`, with which nobody can sign; that needs the
    package cryptography (`burnish-client[webhooks]`; ImportError without it). While a secret is rotated the message carries two
    signatures of each kind, and either will do. The same event may come more than once: keep `webhook-id` and ignore what you know.
    Raises InvalidWebhook, ValueError for a secret that is none.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id, at, signatures = (given.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (message_id and at and signatures):
        raise InvalidWebhook("The headers webhook-id, webhook-timestamp and webhook-signature are needed.")
    if not re.fullmatch(r"[0-9]{1,15}", at) or abs((time.time() if now_s is None else now_s) - int(at)) > tolerance_s:
        raise InvalidWebhook("The time of the message is too far from ours.")
    raw = body.encode() if isinstance(body, str) else body
    signed = f"{message_id}.{at}.".encode() + raw
    scheme, fits = ("v1a", _by_public_key(secret, signed)) if secret.startswith("whpk_") else ("v1", _by_secret(secret, signed))
    if not any(fits(one) for one in _of_scheme(signatures, scheme)):
        raise InvalidWebhook("No signature of the message fits this secret.")
    event = json.loads(raw)
    if not isinstance(event, dict):
        raise InvalidWebhook("The body is no event.")
    return event


def _by_secret(secret: str, signed: bytes) -> Fits:
    wanted = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return lambda signature: hmac.compare_digest(signature, wanted)


def _by_public_key(public: str, signed: bytes) -> Fits:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise ImportError("A webhook is checked by a public key with the package cryptography: burnish-client[webhooks].") from error
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_"), validate=True))
    except ValueError:
        raise ValueError("A public key of a webhook endpoint looks like whpk_…") from None

    def fits(signature: bytes) -> bool:
        try:
            key.verify(signature, signed)
        except InvalidSignature:
            return False
        return True

    return fits


def _key(secret: str) -> bytes:
    """Never an empty one, with which anybody could sign: that of a variable that nobody set."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not key:
        raise ValueError("A secret of a webhook endpoint looks like whsec_…")
    return key


def _of_scheme(signatures: str, wanted: str) -> list[bytes]:
    """Those of one kind, decoded; what is no base64, or not even ASCII, is none."""
    found = []
    for one in signatures.split():
        scheme, _, encoded = one.partition(",")
        if scheme == wanted:
            with contextlib.suppress(ValueError):
                found.append(base64.b64decode(encoded, validate=True))
    return found
