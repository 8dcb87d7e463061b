"""The session cookie's value, its CSRF token, and the cookie itself. Pure save for the dice.

The cookie is `<session id>.<256 random bits>`; stored is its digest, so that a read of the database signs nobody in. The CSRF token is an
HMAC over the session, which only somebody who can read our answers knows (OWASP CSRF Prevention Cheat Sheet, signed double submit).
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from burnish_shared.auth.sealing import derived_key
from burnish_shared.ids import new_uuid

SECRET_BYTES = 32
SECRET_LENGTH = 43
"""Characters of 32 bytes in URL-safe base64 without padding."""

COOKIE = "burnish_session"
SECURE_COOKIE = "__Host-burnish_session"
"""A browser takes this name only with Secure and Path=/ and without Domain: no neighbouring host can plant it (RFC 6265bis, 4.1.3.2)."""

SAFE_METHODS = frozenset({"GET", "HEAD"})


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


def csrf_key(session_key: bytes) -> bytes:
    """`session_key`: the installation's secret for all that belongs to signing in."""
    return derived_key(session_key, purpose="csrf-token")


def csrf_token_of(session_id: UUID, key: bytes) -> str:
    return hmac.new(key, session_id.bytes, hashlib.sha256).hexdigest()


def is_own_origin(origin: str | None, *, host: str, public_url: str) -> bool:
    """Whether a request comes from a page of our own: of `public_url`, or of the host it was sent to.

    None: no browser said where it comes from, which is no origin of somebody else's. `null` is.
    """
    if origin is None:
        return True
    own = _origin(origin)
    return own is not None and (own == _origin(public_url) or (own[0] in {"http", "https"} and own[1] == host.lower()))


@dataclass(frozen=True, slots=True)
class CookieShape:
    """How the session cookie is set. `is_secure`: sent over https alone."""

    is_secure: bool

    @property
    def name(self) -> str:
        return SECURE_COOKIE if self.is_secure else COOKIE

    def read(self, header: str | None) -> str | None:
        """The session's token in a Cookie header; None where there is none."""
        for part in (header or "").split(";"):
            name, _, value = part.strip().partition("=")
            if name == self.name:
                return value
        return None

    def header(self, text: str, *, max_age_s: int) -> str:
        """The value of Set-Cookie. `max_age_s` 0 makes the browser forget it."""
        secure = "; Secure" if self.is_secure else ""
        return f"{self.name}={text}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}"


def is_secure(choice: str, *, public_url: str) -> bool:
    """`auto`: where the public address is https."""
    return choice == "always" or (choice == "auto" and urlsplit(public_url).scheme == "https")


def _origin(url: str) -> tuple[str, str] | None:
    """Scheme and host with port; None where there is no host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return (parts.scheme.lower(), parts.netloc.lower()) if parts.netloc else None
