"""Secrets at rest: a fresh data key for each secret, sealed by the key-encryption key, bound to whose secret it is (PROMISES S-02)."""

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
"""96-bit random nonces; each data key seals one secret, so they never repeat under one key (NIST SP 800-38D)."""

FORMAT = b"\x01"


def key_from_text(text: str) -> bytes:
    """The 32 bytes of BURNISH_KEK. Raises ValueError, in words for an operator, when it is anything else."""
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("BURNISH_KEK must be 32 bytes in base64, such as `openssl rand -base64 32` prints") from error
    if len(key) != KEY_BYTES:
        raise ValueError(f"BURNISH_KEK must be 32 bytes in base64; this one has {len(key)}")
    return key


def derived_key(kek: bytes, *, purpose: str) -> bytes:
    """A key for one purpose, such as the pepper of API keys (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode()).derive(kek)


def seal(kek: bytes, plaintext: bytes, *, context: str) -> bytes:
    """`context` names tenant, secret and purpose; a sealed secret that is copied elsewhere does not open there."""
    data_key = AESGCM.generate_key(bit_length=256)
    wrap_nonce, nonce = os.urandom(NONCE_BYTES), os.urandom(NONCE_BYTES)
    bound = context.encode()
    wrapped = AESGCM(kek).encrypt(wrap_nonce, data_key, b"wrap|" + bound)
    return FORMAT + wrap_nonce + wrapped + nonce + AESGCM(data_key).encrypt(nonce, plaintext, b"data|" + bound)


def open_sealed(kek: bytes, sealed: bytes, *, context: str) -> bytes:
    """The plaintext. Raises ValueError when the key, the context or a byte is wrong."""
    wrapped_bytes = KEY_BYTES + 16
    if sealed[:1] != FORMAT or len(sealed) < 1 + 2 * NONCE_BYTES + wrapped_bytes + 16:
        raise ValueError("not a sealed secret")
    at = 1 + NONCE_BYTES
    wrap_nonce, wrapped = sealed[1:at], sealed[at : at + wrapped_bytes]
    nonce, body = sealed[at + wrapped_bytes : at + wrapped_bytes + NONCE_BYTES], sealed[at + wrapped_bytes + NONCE_BYTES :]
    bound = context.encode()
    try:
        data_key = AESGCM(kek).decrypt(wrap_nonce, wrapped, b"wrap|" + bound)
        return AESGCM(data_key).decrypt(nonce, body, b"data|" + bound)
    except InvalidTag as error:
        raise ValueError("the secret does not open with this key in this place") from error
