"""`burnish restore`: fills a PostgreSQL and a NATS that hold nothing of ours. Messages to others stay until an operator lets them go."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.backup import backup_store as store
from burnish.backup import dump, stream_snapshot
from burnish.backup.manifest import DATABASE, TOMBSTONES, Manifest, StoredStream
from burnish.embedded.child import StartFailed
from burnish.launcher.streams import reach
from burnish_shared import streams
from burnish_shared.bus.api import ApiError
from burnish_shared.bus.connect import Bus
from burnish_shared.contracts.erasures import Tombstone
from burnish_shared.db.known_schema import newest_revision

if TYPE_CHECKING:
    from burnish_shared.auth.keyring import Keyring


@dataclass(frozen=True, slots=True)
class Target:
    """`admin`: the operator's login. `migrator`: who owns the schema's history (the same, in a database of one's own).

    `nats_url` None: the streams are left as they are. `replicas`: copies of each stream; None: as many as there were.
    """

    admin: str
    migrator: str
    nats_url: str | None
    replicas: int | None = None


def refuse_misfits(manifest: Manifest, keyring: "Keyring") -> None:
    """Raises StartFailed where this release or this key cannot open the backup. Looks at nothing but its manifest."""
    if manifest.revision > newest_revision():
        raise StartFailed(
            f"This backup has the schema {manifest.revision}, and this release knows {newest_revision()} at most. Restore it with"
            f" Burnish {manifest.burnish} or a newer one."
        )
    if manifest.kek_id is not None and bytes.fromhex(manifest.kek_id) not in keyring.ids:
        raise StartFailed(
            f"The secrets of this backup lie under the key {manifest.kek_id}, which is not among yours. A backup never holds the key:"
            " put the secrets.json that you kept apart into the home, or name the key by BURNISH_KEK."
        )


async def restore(folder: Path, manifest: Manifest, target: Target, *, tombstones: Sequence[Tombstone]) -> dict[str, int]:
    """Fills both servers and returns the rows of some tables, which are those of the moment of the backup.

    Raises StartFailed where one of them is not empty; then nothing was changed. Whatever is raised later leaves a target that has to be
    emptied before it is tried again.
    """
    await _refuse_filled_database(target.admin)
    if target.nats_url is not None:
        await _refuse_filled_streams(target.nats_url, manifest.streams)
    schemas = await _schemas_of(folder)
    await dump.load(
        folder / DATABASE, url=target.migrator, revision=manifest.revision, lookup_functions=manifest.lookup_functions, schemas=schemas
    )
    found = await _compare(target.admin, manifest)
    await _bring_up_to_date(target.migrator)
    async with store.connected(target.admin, as_owner=True) as connection:
        await store.hold(connection, taken_at=manifest.taken_at, tombstones=tombstones)
    if target.nats_url is not None:
        await _restore_streams(target.nats_url, folder, manifest.streams, replicas=target.replicas)
    return found


def tombstones_of(folder: Path, others: Sequence[Path]) -> list[Tombstone]:
    """Of the backup itself and of other backups or files of tombstones, each erasure once. Raises StartFailed for a file that is none."""
    found: dict[Any, Tombstone] = {}
    for place in (folder, *others):
        path = place / TOMBSTONES if place.is_dir() else place
        if place == folder and not path.exists():
            continue
        try:
            read = [Tombstone.model_validate_json(line) for line in path.read_text().splitlines() if line]
        except (OSError, ValueError) as error:
            raise StartFailed(f"{path} holds no tombstones of erasures.") from error
        found |= {one.erasure_id: one for one in read}
    return list(found.values())


async def _refuse_filled_database(url: str) -> None:
    async with store.connected(url) as connection:
        if not await store.has_schema(connection):
            return
    async with store.connected(url, as_owner=True) as connection:
        if await store.is_used(connection):
            raise StartFailed("The database holds an installation already. Restore into an empty one, and put it in the place of this one.")


async def _refuse_filled_streams(nats_url: str, stored: Sequence[StoredStream]) -> None:
    """Tombstones may be there: they outlive the rest, and are kept."""
    async with await _bus(nats_url) as bus:
        for one in stored:
            state = await stream_snapshot.state_of(bus, one.name)
            if state is None or (state["last_seq"] == 0 and one.state["messages"] == 0) or one.name == streams.ERASURES.name:
                continue
            why = "holds messages" if state["last_seq"] else "is there already, though empty"
            raise StartFailed(
                f"The stream {one.name} {why}. Restore into a NATS where the provisioner has not been yet, or leave NATS as it is with"
                " --database-only."
            )


async def _schemas_of(folder: Path) -> list[str]:
    """Those that the dump fills."""
    listed = await dump.listed(folder / DATABASE)
    return [schema for schema in ("auth", "burnish") if f" SCHEMA - {schema} " in listed]


async def _compare(url: str, manifest: Manifest) -> dict[str, int]:
    """The rows that were counted with the backup are there."""
    async with store.connected(url, as_owner=True) as connection:
        found = await store.counts(connection)
    wrong = [
        f"{table}: {found[table]} of {manifest.counts[table]}" for table in store.COUNTED if found[table] != manifest.counts.get(table)
    ]
    if wrong:
        raise StartFailed(f"The restored database does not hold what the backup says ({', '.join(wrong)}). Take another backup.")
    return found


async def _bring_up_to_date(url: str) -> None:
    from burnish_shared.db.migrate import migrate

    try:
        await asyncio.to_thread(migrate, url)
    except RuntimeError as error:
        raise StartFailed(str(error)) from error


async def _restore_streams(nats_url: str, folder: Path, stored: Sequence[StoredStream], *, replicas: int | None) -> None:
    async with await _bus(nats_url) as bus:
        for one in stored:
            if await stream_snapshot.state_of(bus, one.name) is not None:
                continue
            try:
                await stream_snapshot.restore_snapshot(bus, one, folder / one.file, replicas=replicas)
            except ApiError as error:
                raise StartFailed(f"NATS refused the stream {one.name}: {error}. Empty both servers and try again.") from error


async def _bus(nats_url: str) -> Bus:
    return await reach(nats_url, purpose="restore")
