"""What a backup consists of: one folder with `manifest.json`, the database and one file for each stream, each with its checksum."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from burnish.embedded.child import StartFailed

FORMAT: Final = "burnish.backup"
VERSION: Final = 1
NAME: Final = "manifest.json"
DATABASE: Final = "database.dump"
TOMBSTONES: Final = "erasures.jsonl"
READ_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class StoredFile:
    """`sha256` in hex."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class StoredStream:
    """One stream as the server handed it out. `config` and `state` in the server's own words; it wants both back."""

    name: str
    file: str
    config: dict[str, Any]
    state: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Manifest:
    """`taken_at`: PostgreSQL's time, RFC 3339. `kek_id`: which key-encryption key opens the secrets; the key itself is never here.

    `counts`: rows of some tables at that moment. `lookup_functions`: functions that belong to `burnish_lookup`, with their arguments.
    """

    taken_at: str
    burnish: str
    postgres: str
    revision: str
    kek_id: str | None
    counts: dict[str, int]
    lookup_functions: list[str]
    files: list[StoredFile]
    streams: list[StoredStream] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Written last, and durably: a folder without it is no backup."""
        text = json.dumps({"format": FORMAT, "version": VERSION, **asdict(self)}, indent=1)
        descriptor = os.open(folder / NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())


def read_manifest(folder: Path) -> Manifest:
    """Raises StartFailed where `folder` is no backup, or one of another format."""
    try:
        stored = json.loads((folder / NAME).read_text())
    except (OSError, ValueError) as error:
        raise StartFailed(f"{folder} is no backup: {NAME} cannot be read. Name the folder that `burnish backup` printed.") from error
    if not isinstance(stored, dict) or stored.pop("format", None) != FORMAT or stored.pop("version", None) != VERSION:
        raise StartFailed(f"{folder} is a backup of another format; restore it with the release of Burnish that made it.")
    try:
        files = [StoredFile(**one) for one in stored.pop("files")]
        streams = [StoredStream(**one) for one in stored.pop("streams")]
        return Manifest(files=files, streams=streams, **stored)
    except (KeyError, TypeError) as error:
        raise StartFailed(f"{folder / NAME} is not as Burnish writes it (damaged, or changed). Take another backup.") from error


def checked(folder: Path) -> Manifest:
    """The manifest, after every file was read and is what it says. Raises StartFailed that names the first that is not."""
    manifest = read_manifest(folder)
    for one in manifest.files:
        if described(folder / one.name) != one:
            raise StartFailed(f"{folder / one.name} is not what the manifest says (damaged, or changed). Take another backup.")
    return manifest


def described(path: Path) -> StoredFile | None:
    """Size and checksum of a file as it is now. None where there is none."""
    digest = hashlib.sha256()
    size = 0
    try:
        with path.open("rb") as file:
            while piece := file.read(READ_BYTES):
                digest.update(piece)
                size += len(piece)
    except OSError:
        return None
    return StoredFile(path.name, size, digest.hexdigest())
