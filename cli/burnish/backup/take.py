"""`burnish backup`: the streams first, then the database. So whatever was answered before the backup began is in it: a message that is
handled in between is in both, and handled once.
"""

import asyncio
import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

from burnish.backup import backup_store as store
from burnish.backup import dump, stream_snapshot
from burnish.backup.manifest import DATABASE, NAME, TOMBSTONES, Manifest, StoredFile, StoredStream, described
from burnish.embedded.child import StartFailed
from burnish.launcher.streams import reach
from burnish_shared import streams
from burnish_shared.auth.sealing import sealed_under
from burnish_shared.contracts.erasures import Tombstone

PREFIX: Final = "burnish-"
PARTIAL: Final = ".partial"


@dataclass(frozen=True, slots=True)
class Sources:
    """`database_url`: a login whom row-level security does not bind. `nats_url`: the provisioner's; None leaves the streams out."""

    database_url: str
    nats_url: str | None


async def take_backup(sources: Sources, parent: Path) -> Path:
    """Writes a backup into a new folder below `parent` and returns it. What is there under its name is whole.

    Services may run meanwhile. What backups that were killed left there is removed. Raises StartFailed, Unavailable, ApiError, OSError.
    """
    name = f"{PREFIX}{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    folder = parent / (name + PARTIAL)
    os.makedirs(parent, mode=0o700, exist_ok=True)
    forget_abandoned(parent)
    with _made_and_held(folder):
        return (await _fill(sources, folder)).rename(parent / name)


async def note_taken(database_url: str, kind: Literal["whole", "erasures"]) -> None:
    """Writes down that a backup is complete now, by which an alert knows where later ones fail. Raises StartFailed."""
    async with store.connected(database_url, as_owner=True) as connection:
        await store.note_taken(connection, kind)


def forget_abandoned(parent: Path) -> list[Path]:
    """Removes partial backups below `parent` whose writer is gone, and returns them: left there, they would fill the disk."""
    return [one for one in sorted(parent.glob(f"{PREFIX}*{PARTIAL}")) if _is_abandoned(one) and _is_removed(one)]


async def _fill(sources: Sources, folder: Path) -> Path:
    try:
        stored = await _take_streams(sources.nats_url, folder) if sources.nats_url else []
        manifest = await _take_database(sources.database_url, folder, streams=stored)
        if sources.nats_url:
            manifest = _with(manifest, write_tombstones(await read_tombstones(sources.nats_url), folder / TOMBSTONES))
        await asyncio.to_thread(_complete, manifest, folder)
        return folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


@contextmanager
def _made_and_held(folder: Path) -> Iterator[None]:
    """Whoever sees the folder sees that its writer lives, however that ends: it is locked before it has its name.

    Where the disk knows no locks, others can tell nothing and leave it alone.
    """
    unnamed = folder.with_name(f".{folder.name}")
    unnamed.mkdir(mode=0o700)
    descriptor = os.open(unnamed, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        unnamed.rename(folder)
        yield
    finally:
        os.close(descriptor)


def _is_abandoned(folder: Path) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _is_removed(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


async def read_tombstones(nats_url: str) -> list[Tombstone]:
    """All erasures that were ever asked for. Raises Unavailable."""
    async with await reach(nats_url, purpose="backup") as bus:
        return await stream_snapshot.read_tombstones(bus)


def write_tombstones(tombstones: Sequence[Tombstone], path: Path) -> StoredFile:
    """One JSON object a line, replaced at once: a file that is there is whole. No name of anybody is in it."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(one.model_dump_json() + "\n" for one in tombstones)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return _described(path)


def forget_old(parent: Path, *, keep: int) -> list[Path]:
    """Removes all but the `keep` newest whole backups below `parent`, and returns what it removed. Touches nothing else."""
    whole = sorted(one for one in parent.glob(f"{PREFIX}*") if (one / NAME).is_file() and not one.name.endswith(PARTIAL))
    old = whole[: max(0, len(whole) - keep)]
    for one in old:
        (one / NAME).unlink()  # First, so that half of a backup is never taken for one.
        shutil.rmtree(one)
    return old


async def _take_streams(nats_url: str, folder: Path) -> list[StoredStream]:
    async with await reach(nats_url, purpose="backup") as bus:
        found = [one.name for one in streams.STREAMS if await stream_snapshot.state_of(bus, one.name) is not None]
        return [await stream_snapshot.take_snapshot(bus, name, folder / f"{name}.snapshot") for name in found]


async def _take_database(url: str, folder: Path, *, streams: list[StoredStream]) -> Manifest:
    """The dump sees what this transaction sees."""
    async with store.connected(url, reads_one_moment=True) as connection:
        if not await store.has_schema(connection):
            raise StartFailed("This database holds no Burnish: there is nothing to back up.")
        if not await store.sees_every_row(connection):
            raise StartFailed(
                "A backup needs a login that row-level security does not bind (a superuser, or one with BYPASSRLS); this one would see a"
                " part of the rows. Name such a login by DATABASE_URL, or use the backups of whoever runs your PostgreSQL."
            )
        path, schemas = folder / DATABASE, await store.our_schemas(connection)
        await dump.dump(url, path, snapshot=await store.export_snapshot(connection), schemas=schemas)
        os.chmod(path, 0o600)
        facts, rows, functions = await store.facts(connection), await store.counts(connection), await store.lookup_functions(connection)
    check = facts.pop("check")
    key = sealed_under(check) if check is not None else None
    names = [DATABASE, *(one.file for one in streams)]
    files = [await asyncio.to_thread(_described, folder / name) for name in names]
    return Manifest(
        **facts, burnish=version("burnish"), kek_id=key.hex() if key is not None else None, counts=rows, lookup_functions=functions,
        files=files, streams=streams,
    )  # fmt: skip


def _with(manifest: Manifest, file: StoredFile) -> Manifest:
    return replace(manifest, files=[*manifest.files, file])


def _described(path: Path) -> StoredFile:
    found = described(path)
    if found is None:
        raise StartFailed(f"{path} was there a moment ago and cannot be read now.")
    return found


def _complete(manifest: Manifest, folder: Path) -> None:
    """Everything is on disk before the manifest says so."""
    for one in manifest.files:
        descriptor = os.open(folder / one.name, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    manifest.write(folder)
