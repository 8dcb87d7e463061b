"""API keys: `bk_live_<8 id>_<43 secret>_<6 check>`. Kept as prefix and HMAC-SHA-256 with a pepper; shown once (PROMISES S-01)."""

import hashlib
import hmac
import secrets
import string
import zlib
from dataclasses import dataclass

ALPHABET = string.ascii_letters + string.digits
BASE = len(ALPHABET)
PREFIX_LENGTH = 8
SECRET_LENGTH = 43
"""43 base62 characters carry 256 bits."""

CHECK_LENGTH = 6


@dataclass(frozen=True, slots=True)
class NewKey:
    """`text` is for its owner, once; `prefix` and `digest` are for the database."""

    text: str
    prefix: str
    digest: bytes


def new_key(pepper: bytes) -> NewKey:
    """A fresh random key."""
    prefix = "".join(secrets.choice(ALPHABET) for _ in range(PREFIX_LENGTH))
    secret = "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))
    body = f"bk_live_{prefix}_{secret}"
    text = f"{body}_{_check(body)}"
    return NewKey(text=text, prefix=prefix, digest=digest_of(text, pepper))


def prefix_of(text: str) -> str | None:
    """The prefix of a well-formed key, None for anything else: a typo is refused without a look into the database."""
    parts = text.split("_")
    if len(parts) != 5 or parts[:2] != ["bk", "live"] or len(parts[2]) != PREFIX_LENGTH or not text.isascii():
        return None
    body, _, check = text.rpartition("_")
    return parts[2] if hmac.compare_digest(check, _check(body)) else None


def digest_of(text: str, pepper: bytes) -> bytes:
    return hmac.digest(pepper, text.encode(), hashlib.sha256)


def matches(text: str, digest: bytes, pepper: bytes) -> bool:
    """Constant-time comparison."""
    return hmac.compare_digest(digest_of(text, pepper), digest)


def _check(body: str) -> str:
    """CRC-32 in base62, six characters: for scanners and typing errors, not for security."""
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(CHECK_LENGTH):
        digits = ALPHABET[number % BASE] + digits
        number //= BASE
    return digits
