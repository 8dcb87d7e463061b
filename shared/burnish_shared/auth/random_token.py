"""Random tokens: of session cookies, of invitations, of links that set a new password. Pure save for the dice.

A token is `<its id>.<256 random bits>`. Only its digest is stored, so that a read of the database lets nobody in.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from uuid import UUID

from burnish_shared.ids import new_uuid

SECRET_BYTES = 32
SECRET_LENGTH = 43
"""Characters of 32 bytes in URL-safe base64 without padding."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """`text` is for its owner, once; `digest` is for the database."""

    token_id: UUID
    text: str
    digest: bytes


def new_token() -> NewToken:
    """A fresh random token under a fresh id."""
    token_id = new_uuid()
    text = f"{token_id.hex}.{secrets.token_urlsafe(SECRET_BYTES)}"
    return NewToken(token_id=token_id, text=text, digest=digest_of(text))


def token_id_of(text: str) -> UUID | None:
    """The id in a well-formed token, None for anything else."""
    head, dot, secret = text.partition(".")
    if not dot or len(head) != 32 or len(secret) != SECRET_LENGTH or not text.isascii():
        return None
    try:
        return UUID(hex=head)
    except ValueError:
        return None


def digest_of(text: str) -> bytes:
    """SHA-256: the token has 256 random bits, so nobody guesses what a slow hash would protect."""
    return hashlib.sha256(text.encode()).digest()


def fits(text: str, digest: bytes) -> bool:
    """Constant-time comparison."""
    return hmac.compare_digest(digest_of(text), digest)
