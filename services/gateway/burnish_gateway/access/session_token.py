"""The session cookie and its CSRF token. Pure.

The cookie's value is a random token (`burnish_shared.auth.random_token`). The CSRF token is an HMAC over the session, which only somebody
who can read our answers knows (OWASP CSRF Prevention Cheat Sheet, signed double submit).
"""

import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from burnish_shared.auth.sealing import derived_key

COOKIE = "burnish_session"
SECURE_COOKIE = "__Host-burnish_session"
"""A browser takes this name only with Secure and Path=/ and without Domain: no neighbouring host can plant it (RFC 6265bis, 4.1.3.2)."""

SAFE_METHODS = frozenset({"GET", "HEAD"})


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
