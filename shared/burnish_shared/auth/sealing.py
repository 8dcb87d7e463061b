"""Secrets at rest: a fresh data key for each secret, sealed by the key-encryption key, bound to whose secret it is (PROMISES S-02).

A sealed secret, format 2: `02 | id of the key-encryption key (4) | nonce (12) | sealed data key (48) | nonce (12) | sealed secret`.
Format 1 is the same without the id. Callers use a `Keyring`, which knows the current and the previous key.
"""

import base64
import binascii
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
"""96-bit random nonces; each data key seals one secret, so they never repeat under one key (NIST SP 800-38D)."""

TAG_BYTES = 16
WRAPPED_BYTES = KEY_BYTES + TAG_BYTES
KEY_ID_BYTES = 4

FORMAT_WITHOUT_ID = b"\x01"
FORMAT = b"\x02"


def key_from_text(text: str, *, name: str = "BURNISH_KEK") -> bytes:
    """The 32 bytes of a key-encryption key. Raises ValueError, in words for an operator, when it is anything else."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{name} must be {KEY_BYTES} bytes in base64, such as `openssl rand -base64 32` prints") from error
    if len(key) != KEY_BYTES:
        raise ValueError(f"{name} must be {KEY_BYTES} bytes in base64; this one has {len(key)}")
    return key


def derived_key(key: bytes, *, purpose: str) -> bytes:
    """A key for one purpose alone (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode()).derive(key)


def key_id_of(kek: bytes) -> bytes:
    """Names a key-encryption key and says nothing about it. Two keys of one keyring share it once in four thousand million."""
    return derived_key(kek, purpose="key-id")[:KEY_ID_BYTES]


def seal(kek: bytes, plaintext: bytes, *, context: str) -> bytes:
    """`context` names tenant, secret and purpose; a sealed secret that is copied elsewhere does not open there."""
    data_key, nonce = AESGCM.generate_key(bit_length=256), os.urandom(NONCE_BYTES)
    body = AESGCM(data_key).encrypt(nonce, plaintext, _data_bound(context))
    return _head(kek, data_key, context=context) + nonce + body


def open_sealed(kek: bytes, sealed: bytes, *, context: str) -> bytes:
    """The plaintext. Raises ValueError when the key, the context or a byte is wrong."""
    parts = _parts(sealed)
    nonce, body = parts.rest[:NONCE_BYTES], parts.rest[NONCE_BYTES:]
    try:
        data_key = AESGCM(kek).decrypt(parts.nonce, parts.wrapped, _wrap_bound(parts.key_id, context))
        return AESGCM(data_key).decrypt(nonce, body, _data_bound(context))
    except InvalidTag as error:
        raise ValueError("the secret does not open with this key in this place") from error


def rewrapped(sealed: bytes, *, old: bytes, new: bytes, context: str) -> bytes:
    """The same sealed secret under another key-encryption key: its data key is sealed anew, the secret itself is not touched.

    Raises ValueError when the old key, the context or a byte of the sealed data key is wrong.
    """
    parts = _parts(sealed)
    try:
        data_key = AESGCM(old).decrypt(parts.nonce, parts.wrapped, _wrap_bound(parts.key_id, context))
    except InvalidTag as error:
        raise ValueError("the secret does not open with this key in this place") from error
    return _head(new, data_key, context=context) + parts.rest


def sealed_under(sealed: bytes) -> bytes | None:
    """The id of the key-encryption key that a sealed secret names; None for format 1, which names none. Raises ValueError."""
    return _parts(sealed).key_id


@dataclass(frozen=True, slots=True)
class _Parts:
    """`rest` is nonce and sealed secret."""

    key_id: bytes | None
    nonce: bytes
    wrapped: bytes
    rest: bytes


def _parts(sealed: bytes) -> _Parts:
    has_id = sealed[:1] == FORMAT
    at = 1 + (KEY_ID_BYTES if has_id else 0)
    if sealed[:1] not in (FORMAT, FORMAT_WITHOUT_ID) or len(sealed) < at + 2 * NONCE_BYTES + WRAPPED_BYTES + TAG_BYTES:
        raise ValueError("not a sealed secret")
    wrapped_at = at + NONCE_BYTES
    rest_at = wrapped_at + WRAPPED_BYTES
    return _Parts(sealed[1:at] if has_id else None, sealed[at:wrapped_at], sealed[wrapped_at:rest_at], sealed[rest_at:])


def _head(kek: bytes, data_key: bytes, *, context: str) -> bytes:
    nonce, key_id = os.urandom(NONCE_BYTES), key_id_of(kek)
    return FORMAT + key_id + nonce + AESGCM(kek).encrypt(nonce, data_key, _wrap_bound(key_id, context))


def _wrap_bound(key_id: bytes | None, context: str) -> bytes:
    return b"wrap|" + (key_id or b"") + context.encode()


def _data_bound(context: str) -> bytes:
    return b"data|" + context.encode()
