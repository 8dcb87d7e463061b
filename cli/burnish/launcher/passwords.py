"""Secrets of one installation, made once: the key-encryption key, and a seed from which every password follows."""

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from burnish.embedded.child import StartFailed
from burnish.launcher.files import write_json
from burnish.launcher.home import Home

if TYPE_CHECKING:
    from burnish_shared.auth.keyring import Keyring

KEK_BYTES = 32

KEK_VARIABLES: Final = ("BURNISH_KEK", "BURNISH_KEK_PREVIOUS", "BURNISH_KEK_FILE", "BURNISH_KEK_COMMAND")


@dataclass(frozen=True, slots=True)
class Secrets:
    """`kek` and `kek_previous` are base64 of 32 bytes. `instance` tells the processes of this installation from those of others."""

    kek: str
    seed: str
    instance: str
    kek_previous: tuple[str, ...] = ()

    def password(self, purpose: str) -> str:
        """The password for `purpose` in the packaged servers: the same in every run."""
        return derived_password(self.seed.encode(), purpose)

    def keyring(self) -> "Keyring":
        """Raises StartFailed when something in it is no key."""
        return keyring_of([self.kek, *self.kek_previous])


def load_secrets(home: Home, environment: Mapping[str, str] = os.environ) -> Secrets:
    """Reads the secrets of this home, making them the first time. A key that the environment names takes the place of the stored ones.

    Raises StartFailed when a key is not 32 bytes in base64, or its source gives none, and as `stored_secrets` does.
    """
    stored = stored_secrets(home, environment)
    keks = _named_by(environment) or [stored["kek"], *stored.get("kek_previous", [])]
    made = Secrets(kek=keks[0], kek_previous=tuple(keks[1:]), seed=stored["seed"], instance=stored["instance"])
    made.keyring()
    return made


def environment_keyring(environment: Mapping[str, str] = os.environ) -> "Keyring":
    """The keys that the environment names, without any home. Raises StartFailed as `load_secrets` does."""
    return keyring_of(_named_by(environment))


def stored_secrets(home: Home, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """What the home's file holds; made the first time. It may lack the key where the environment names one.

    Raises StartFailed where it is damaged, or lost while the data is there.
    """
    key = () if is_named_by_environment(environment) else ("kek",)
    stored = kept_secrets(home.secrets, names=(*key, "seed", "instance"))
    if stored is not None:
        return stored
    if (home.postgres / "PG_VERSION").exists():
        raise StartFailed(
            f"{home.secrets} is not there, and the data in {home.postgres} opens with no other. Put the copy back that you kept apart;"
            " nothing was changed."
        )
    made = {"kek": new_kek(), "seed": secrets.token_hex(32), "instance": secrets.token_hex(3)}
    write_json(home.secrets, made, is_durable=True)
    return made


def kept_secrets(path: Path, *, names: Collection[str]) -> dict[str, Any] | None:
    """What a file of secrets holds, a text under each of `names`; None where there is none.

    Raises StartFailed for a damaged one: who made another in its place would destroy what may still be read of the only key.
    """
    try:
        stored = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        stored = None
    if not isinstance(stored, dict) or not all(isinstance(stored.get(name), str) for name in names):
        raise StartFailed(
            f"{path} is damaged: it does not hold {', '.join(names)}. Put the copy back that you kept apart; nothing was changed."
        )
    return stored


def new_kek() -> str:
    """A fresh key-encryption key."""
    return base64.b64encode(secrets.token_bytes(KEK_BYTES)).decode()


def is_named_by_environment(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether somebody else than this home keeps the key-encryption key."""
    return any(environment.get(name) for name in KEK_VARIABLES if name != "BURNISH_KEK_PREVIOUS")


def derived_password(seed: bytes, purpose: str) -> str:
    """The password that follows from a seed for one purpose: always the same."""
    return hmac.new(seed, f"burnish password {purpose}".encode(), hashlib.sha256).hexdigest()[:40]


def keyring_of(texts: list[str]) -> "Keyring":
    """Of keys in base64, the current one first. Raises StartFailed when something in it is no key."""
    from burnish_shared.auth.keyring import Keyring

    try:
        return Keyring.from_texts(texts)
    except ValueError as error:
        raise StartFailed(f"{error}.") from error


def _named_by(environment: Mapping[str, str]) -> list[str]:
    """The keys that the environment names, the current one first; empty when it names none."""
    if not is_named_by_environment(environment):
        return []
    from burnish_shared.auth.kek import KekSettings, kek_texts
    from burnish_shared.refusal import StartRefused

    kek, previous, file, command = (environment.get(name, "") for name in KEK_VARIABLES)
    try:
        return kek_texts(KekSettings(kek=kek, kek_previous=previous, kek_file=file, kek_command=command))[1]
    except StartRefused as refusal:
        raise StartFailed(str(refusal)) from refusal
