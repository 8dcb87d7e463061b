"""A restore into a home: both servers are started beside their places and moved there when everything is in them, so that a restore which
was broken off leaves a home that is as empty as before.
"""

import asyncio
import os
import shutil
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg

from burnish.backup.manifest import Manifest
from burnish.backup.restore import Target, refuse_misfits, restore
from burnish.embedded import nats, postgres
from burnish.embedded.child import StartFailed, last_lines, size_bytes
from burnish.embedded.nats import Nats
from burnish.embedded.postgres import Postgres
from burnish.embedded.room import is_out_of_room
from burnish.launcher.database import create_database
from burnish.launcher.endpoints import packaged_database, packaged_nats
from burnish.launcher.files import write_json
from burnish.launcher.home import Home, HomeLock, beside, settle_restore
from burnish.launcher.passwords import Secrets, is_named_by_environment, load_secrets
from burnish.launcher.ports import Ports
from burnish.launcher.servers import postgres_settings
from burnish.launcher.up import prepare_home
from burnish_shared.bus.users import USERS
from burnish_shared.contracts.erasures import Tombstone

LOOKED_THROUGH: Final = 1_000
"""Last lines of a log, of the 16 KiB that are read: PostgreSQL ends by a full disk, and whoever was at work there knows no reason."""


def restore_home(home: Home, folder: Path, manifest: Manifest, *, tombstones: Sequence[Tombstone]) -> dict[str, int]:
    """Rows of some tables. Raises StartFailed where the home is taken, not empty, or has not the key of the backup."""
    if not (home.secrets.exists() or is_named_by_environment()):
        raise StartFailed(
            f"{home.path} has no secrets.json. A backup never holds the key-encryption key: put the file that you kept apart there"
            " (mode 600), or name the key by BURNISH_KEK."
        )
    prepare_home(home)
    lock = HomeLock.take(home)
    if lock is None:
        raise StartFailed(f"An installation runs in {home.path}. Restore into another home.")
    try:
        settle_restore(home)
        _refuse_filled(home)
        secrets = load_secrets(home)
        refuse_misfits(manifest, secrets.keyring())
        return asyncio.run(_restore(home, folder, manifest, secrets, tombstones=tombstones))
    finally:
        lock.release()


def _refuse_filled(home: Home) -> None:
    filled = [place for place in (home.postgres, home.nats / "store") if place.exists()]
    if filled:
        raise StartFailed(f"{filled[0]} is there already. Restore into an empty home, or move that folder away first.")


async def _restore(home: Home, folder: Path, manifest: Manifest, secrets: Secrets, *, tombstones: Sequence[Tombstone]) -> dict[str, int]:
    database, bus = beside(home.postgres), beside(home.nats)
    logs = {log: size_bytes(log) for log in (home.log_of("postgres"), home.log_of("nats"))}
    try:
        async with running_beside(home, secrets, database=database, bus=bus) as target:
            found = await restore(folder, manifest, target, tombstones=tombstones)
        shutil.rmtree(home.nats, ignore_errors=True)
        write_json(home.demo_record, {"restored_as_of": manifest.taken_at})  # Nobody wants the demo played among what came back.
        database.rename(home.postgres)  # From here on it counts as restored: `settle_restore` does the rest where this process is killed.
        bus.rename(home.nats)
        return found
    except (StartFailed, RuntimeError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as failure:
        if any(is_out_of_room(last_lines(log, count=LOOKED_THROUGH, from_byte=begun)) for log, begun in logs.items()):
            raise StartFailed(
                f"There is no room for what the backup holds on the disk of {home.path}. The home is as empty as before: make room,"
                " and restore again."
            ) from failure
        raise
    finally:
        settle_restore(home)  # Also where a second Ctrl-C came between the moves.


@asynccontextmanager
async def running_beside(home: Home, secrets: Secrets, *, database: Path, bus: Path) -> AsyncIterator[Target]:
    """Both servers on folders of their own, empty but for the database's logins, and ended afterwards.

    Their ports are reserved as those of an installation are: a backup may be restored while others start on this machine.
    """

    async def start_postgres(port: int) -> tuple[Postgres, Process]:
        server = Postgres(
            data=database,
            port=port,
            password=secrets.password("postgres superuser"),
            log=home.log_of("postgres"),
            settings=postgres_settings(os.environ.get("BURNISH_POSTGRES_SETTINGS", "")),
        )
        return server, await postgres.start(server)

    async def start_nats(port: int) -> tuple[Nats, Process]:
        passwords = {user: secrets.password(f"nats {user}") for user in USERS}
        server = Nats(folder=bus, port=port, log=home.log_of("nats"), passwords=passwords)
        return server, await nats.start(server)

    ports = Ports({}, say=_say_nothing)
    server, running = await ports.start("postgres", start_postgres)
    try:
        queue, answering = await ports.start("nats", start_nats)
        try:
            await create_database(server, secrets)
            urls = packaged_database(server, secrets)
            yield Target(admin=urls.admin, migrator=urls.migrator, nats_url=packaged_nats(queue)["provisioner"])
        finally:
            await nats.stop(answering)
    finally:
        await postgres.stop(running)


def _say_nothing(_: str) -> None:
    """Where servers ran for the length of a restore is nobody's concern."""
