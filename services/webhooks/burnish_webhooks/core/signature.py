"""Standard Webhooks signatures, version 1: HMAC-SHA256 over `id.timestamp.body` (standardwebhooks.com, section Signature scheme)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from burnish_shared.contracts.webhooks import SECRET_PREFIX


def key_of(secret: str) -> bytes:
    """The key in a secret as customers see it, `whsec_` and base64. Raises ValueError when it is none."""
    if not secret.startswith(SECRET_PREFIX):
        raise ValueError("a webhook secret begins with whsec_")
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a webhook secret is base64 after its prefix") from error


def signature(key: bytes, *, message_id: str, timestamp_s: int, body: bytes) -> str:
    """One entry of the header, `v1,` and base64."""
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def signature_header(keys: Sequence[bytes], *, message_id: str, timestamp_s: int, body: bytes) -> str:
    """`webhook-signature`: one entry for each key, the newest first; during a rotation there are two."""
    return " ".join(signature(key, message_id=message_id, timestamp_s=timestamp_s, body=body) for key in keys)
