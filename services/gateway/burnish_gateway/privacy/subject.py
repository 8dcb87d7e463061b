"""How a person is named once an erasure was asked for: by a keyed hash, under a key of that erasure alone. Pure."""

import hashlib
import hmac
from uuid import UUID

from burnish_shared.auth.sealing import derived_key


def subject_key(installation_key: bytes, erasure_id: UUID) -> bytes:
    """The key of one erasure's hash: derived, so that it can be made again for a database that was restored without it."""
    return derived_key(installation_key, purpose=f"erasure-subject|{erasure_id}")


def subject_digest(key: bytes, user_id: str) -> bytes:
    """HMAC-SHA-256 (RFC 2104) of the person's id; the database computes the same in `keyed_hash`."""
    return hmac.digest(key, user_id.encode(), hashlib.sha256)
