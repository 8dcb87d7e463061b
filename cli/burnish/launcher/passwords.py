"""Secrets of one installation, made once: the key-encryption key, and a seed from which every password follows."""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from burnish.embedded.child import StartFailed
from burnish.launcher.files import read_json, write_json
from burnish.launcher.home import Home

KEK_BYTES = 32


@dataclass(frozen=True, slots=True)
class Secrets:
    """`kek` is base64 of 32 bytes. `instance` tells the processes of this installation from those of others on one NATS."""

    kek: str
    seed: str
    instance: str

    def password(self, purpose: str) -> str:
        """The password for `purpose` in the packaged servers: the same in every run."""
        return _derived(self.seed, purpose)

    def shared_password(self, purpose: str) -> str:
        """The password for `purpose` in a database of the user's own: the same for every installation with the same KEK."""
        return _derived(self.kek, purpose)


def load_secrets(home: Home, environment: Mapping[str, str] = os.environ) -> Secrets:
    """Reads the secrets of this home, making them the first time. BURNISH_KEK, where set, takes the place of the stored key.

    Raises StartFailed when the key is not 32 bytes in base64.
    """
    stored = read_json(home.secrets)
    if not isinstance(stored, dict):
        key = base64.b64encode(secrets.token_bytes(KEK_BYTES)).decode()
        stored = {"kek": key, "seed": secrets.token_hex(32), "instance": secrets.token_hex(3)}
        write_json(home.secrets, stored, is_durable=True)
    kek = environment.get("BURNISH_KEK") or stored["kek"]
    _check(kek)
    return Secrets(kek=kek, seed=stored["seed"], instance=stored["instance"])


def _check(kek: str) -> None:
    try:
        length = len(base64.b64decode(kek, validate=True))
    except binascii.Error:
        length = 0
    if length != KEK_BYTES:
        raise StartFailed(f"BURNISH_KEK must be {KEK_BYTES} bytes in base64, such as `openssl rand -base64 32` prints.")


def _derived(secret: str, purpose: str) -> str:
    return hmac.new(secret.encode(), f"burnish password {purpose}".encode(), hashlib.sha256).hexdigest()[:40]
