"""Where the key-encryption keys come from: the environment, a file, or a command that asks a key management service."""

import shlex
import subprocess
from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from burnish_shared.auth.keyring import Keyring
from burnish_shared.refusal import StartRefused
from burnish_shared.settings import SharedSettings

COMMAND_TIMEOUT_S: Final = 20.0
"""A key management service answers in well under a second; an operator must not wait for ever for a start that hangs."""


class KekSettings(BaseSettings):
    """Exactly one of `kek`, `kek_file` and `kek_command` names the current key."""

    model_config = SettingsConfigDict(env_prefix="BURNISH_", extra="ignore", populate_by_name=True)

    kek: SecretStr | None = Field(
        default=None, description="Key-encryption key, 32 bytes in base64: provider keys, webhook secrets and our own secrets lie under it."
    )
    kek_previous: SecretStr | None = Field(
        default=None,
        description="Other keys that open what lies under them, comma-separated: the one before while a rotation runs, or the next one.",
    )
    kek_file: str = Field(default="", description="File of key-encryption keys instead, one a line, the current one first.")
    kek_command: str = Field(
        default="",
        description="Command that prints the keys instead, one a line, the current one first, within 20 s: the hook of a key management"
        " service. Run without a shell, once, at the start.",
    )


class SealingSettings(KekSettings, SharedSettings):
    """Settings of the services that seal or open secrets: gateway, executor and webhooks. The others are never given a key."""


def load_keyring(settings: KekSettings | None = None) -> Keyring:
    """The keys that the settings name; None: those of the environment. Blocks for COMMAND_TIMEOUT_S at most.

    Raises StartRefused when there is no key, more than one source, or something that is no key.
    """
    try:
        settings = settings or KekSettings()
    except ValidationError as error:
        raise StartRefused(f"The settings of the key-encryption key cannot be read: {error.error_count()} are wrong.") from None
    name, texts = kek_texts(settings)
    try:
        return Keyring.from_texts(texts, name=name)
    except ValueError as error:
        raise StartRefused(f"{error}.") from None


def kek_texts(settings: KekSettings) -> tuple[str, list[str]]:
    """The variable that names the keys, and the keys in base64 as they are, the current one first. Raises StartRefused without a source."""
    sources = {
        "BURNISH_KEK": settings.kek.get_secret_value() if settings.kek else "",
        "BURNISH_KEK_FILE": settings.kek_file,
        "BURNISH_KEK_COMMAND": settings.kek_command,
    }
    given = [name for name, value in sources.items() if value]
    if len(given) != 1:
        said = " and ".join(given) + " are set; keep one of them." if given else "BURNISH_KEK is not set."
        raise StartRefused(
            f"No key-encryption key: {said} It is 32 bytes in base64, such as `openssl rand -base64 32` prints, in BURNISH_KEK,"
            " or in BURNISH_KEK_FILE or from BURNISH_KEK_COMMAND."
        )
    previous = settings.kek_previous.get_secret_value() if settings.kek_previous else ""
    return given[0], [*_texts(given[0], sources[given[0]]), *_parts(previous, ",")]


def _texts(name: str, value: str) -> list[str]:
    if name == "BURNISH_KEK":
        return [value.strip()]
    return _parts(_of_file(value) if name == "BURNISH_KEK_FILE" else _of_command(value), "\n")


def _parts(text: str, separator: str) -> list[str]:
    return [part for one in text.split(separator) if (part := one.strip())]


def _of_file(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise StartRefused(f"BURNISH_KEK_FILE cannot be read: {error}.") from None


def _of_command(command: str) -> str:
    """What the command printed. What it complained of is not shown: it may hold anything."""
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own command, and no shell
            shlex.split(command), capture_output=True, timeout=COMMAND_TIMEOUT_S, check=True, stdin=subprocess.DEVNULL
        )
        return done.stdout.decode("ascii")
    except subprocess.TimeoutExpired:
        raise StartRefused(f"BURNISH_KEK_COMMAND gave no key within {COMMAND_TIMEOUT_S:.0f} s.", may_pass=True) from None
    except subprocess.CalledProcessError as error:
        raise StartRefused(f"BURNISH_KEK_COMMAND ended with code {error.returncode} and gave no key.", may_pass=True) from None
    except (OSError, ValueError):
        raise StartRefused("BURNISH_KEK_COMMAND cannot be run, or what it prints is no text.") from None
