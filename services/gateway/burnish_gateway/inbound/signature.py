"""Does a signature of somebody else's webhook fit its bytes? Pure: the time is an argument."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from burnish_shared.contracts.webhooks import SECRET_PREFIX

Scheme = Literal["standard_webhooks", "hmac_sha256"]

TOLERANCE_S: Final = 300
"""How old or how far ahead a timestamp may be (PROMISES 5.1)."""

VERSION: Final = "v1"
SIGNATURES_MOST: Final = 10


@dataclass(frozen=True, slots=True)
class SignatureRule:
    """How an endpoint's sender signs. `header` and `prefix` (such as `sha256=`) belong to `hmac_sha256`."""

    scheme: Scheme
    header: str | None = None
    prefix: str = ""
    encoding: Literal["hex", "base64"] = "hex"


@dataclass(frozen=True, slots=True)
class Verified:
    """The signature fits. `message_id`: the sender's own id of this message, where the scheme has one."""

    message_id: str | None


def key_of_secret(scheme: Scheme, secret: str) -> bytes:
    """The bytes that the sender signs with. Raises ValueError for a Standard Webhooks secret that is not base64."""
    if scheme == "standard_webhooks":
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    return secret.encode()


def verify(rule: SignatureRule, key: bytes, raw: bytes, headers: Mapping[str, str], *, now_s: float) -> Verified | None:
    """None when the signature does not fit the raw bytes, is missing, or stands under a time too far away. Compared in constant time.

    `headers`: names in lower case.
    """
    if rule.scheme == "standard_webhooks":
        return _standard(key, raw, headers, now_s=now_s)
    given = headers.get((rule.header or "").lower(), "")
    if not given.startswith(rule.prefix):
        return None
    expected = hmac.digest(key, raw, hashlib.sha256)
    return Verified(None) if hmac.compare_digest(expected, _decoded(given[len(rule.prefix) :], rule.encoding)) else None


def why_not(rule: SignatureRule, headers: Mapping[str, str], *, now_s: float) -> str:
    """Of a message that was refused, in words for the endpoint's admin; the sender is told nothing of it. Repeats nothing that was sent."""
    if rule.scheme == "hmac_sha256":
        header = rule.header or ""
        given = headers.get(header.lower())
        if given is None:
            return f"There is no header {header}."
        if not given.startswith(rule.prefix):
            return f"The header {header} does not begin with {rule.prefix!r}."
        return f"What the header {header} holds is no signature of the body with the secret, written as {rule.encoding}."
    missing = [name for name in ("webhook-id", "webhook-timestamp", "webhook-signature") if not headers.get(name)]
    if missing:
        return f"There is no header {missing[0]}."
    at = headers["webhook-timestamp"]
    if not (at.isascii() and at.isdigit() and len(at) <= 12):
        return "webhook-timestamp is no number of seconds since 1970."
    away_s = int(at) - now_s
    if abs(away_s) > TOLERANCE_S:
        return (
            f"webhook-timestamp is {abs(away_s):.0f} s {'ahead' if away_s > 0 else 'old'}; {TOLERANCE_S} s may be. Are both clocks right?"
        )
    return "None of webhook-signature is a signature (v1) of the message with the secret."


def _standard(key: bytes, raw: bytes, headers: Mapping[str, str], *, now_s: float) -> Verified | None:
    message_id, at, signatures = (headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature"))
    if not (message_id and at.isascii() and at.isdigit() and len(at) <= 12) or abs(now_s - int(at)) > TOLERANCE_S:
        return None
    expected = hmac.digest(key, f"{message_id}.{at}.".encode("latin-1", "replace") + raw, hashlib.sha256)
    fits = False
    for one in signatures.split(" ")[:SIGNATURES_MOST]:
        version, _, text = one.partition(",")
        fits |= version == VERSION and hmac.compare_digest(expected, _decoded(text, "base64"))
    return Verified(message_id) if fits else None


def _decoded(text: str, encoding: str) -> bytes:
    try:
        return bytes.fromhex(text) if encoding == "hex" else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""
