"""Standard Webhooks signatures over `id.timestamp.body`: `v1` by HMAC-SHA256, `v1a` by ed25519 (standardwebhooks.com, Signature scheme)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence

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


def signature_header(
    keys: Sequence[bytes], *, message_id: str, timestamp_s: int, body: bytes, signers: Sequence[Callable[[bytes], bytes]] = ()
) -> str:
    """`webhook-signature`: one entry for each key, the newest first; during a rotation there are two of each kind.

    `signers` sign by ed25519, for receivers that hold a public key and no secret: `v1a,` and base64.
    """
    by_secret = [signature(key, message_id=message_id, timestamp_s=timestamp_s, body=body) for key in keys]
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    by_key_pair = ["v1a," + base64.b64encode(sign(signed)).decode() for sign in signers]
    return " ".join([*by_secret, *by_key_pair])
