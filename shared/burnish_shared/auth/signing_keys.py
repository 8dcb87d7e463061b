"""ed25519 key pairs of webhooks, in the writing of Standard Webhooks: `whsk_` and base64 of seed and public key, `whpk_` and base64."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from burnish_shared.contracts.webhooks import PUBLIC_KEY_PREFIX, SIGNING_KEY_PREFIX

SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class KeyPair:
    """`private` is a secret; `public` is for everybody."""

    private: str
    public: str


def new_key_pair() -> KeyPair:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    return KeyPair(
        private=SIGNING_KEY_PREFIX + base64.b64encode(key.private_bytes_raw() + public).decode(),
        public=PUBLIC_KEY_PREFIX + base64.b64encode(public).decode(),
    )


def signer(private: str) -> Callable[[bytes], bytes]:
    """What signs with a private key as `new_key_pair` writes it: 64 bytes for any bytes. Raises ValueError when it is none."""
    if not private.startswith(SIGNING_KEY_PREFIX):
        raise ValueError("a webhook signing key begins with whsk_")
    try:
        seed = base64.b64decode(private.removeprefix(SIGNING_KEY_PREFIX), validate=True)[:SEED_BYTES]
    except binascii.Error as error:
        raise ValueError("a webhook signing key is base64 after its prefix") from error
    return Ed25519PrivateKey.from_private_bytes(seed).sign


def verifier(public: str) -> Callable[[bytes, bytes], bool]:
    """What says of (signature, bytes) whether they fit a public key as `new_key_pair` writes it. Raises ValueError when it is none."""
    if not public.startswith(PUBLIC_KEY_PREFIX):
        raise ValueError("a public key of a webhook begins with whpk_")
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix(PUBLIC_KEY_PREFIX), validate=True))
    except ValueError as error:
        raise ValueError("a public key of a webhook is 32 bytes in base64 after whpk_") from error

    def fits(signature: bytes, signed: bytes) -> bool:
        try:
            key.verify(signature, signed)
        except InvalidSignature:
            return False
        return True

    return fits
