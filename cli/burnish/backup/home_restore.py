"""A restore into a home: both servers are started beside their places and moved there when everything is in them, so that a restore which
was broken off leaves a home that is as empty as before.
"""

import asyncio
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from burnish.backup.manifest import Manifest
from burnish.backup.restore import Target, refuse_misfits, restore
from burnish.embedded import nats, postgres
from burnish.embedded.child import StartFailed
from burnish.embedded.nats import Nats
from burnish.embedded.ports import free_port
from burnish.embedded.postgres import Postgres
from burnish.launcher.database import create_database
from burnish.launcher.endpoints import packaged_database, packaged_nats
from burnish.launcher.files import write_json
from burnish.launcher.home import Home, HomeLock
from burnish.launcher.passwords import Secrets, is_named_by_environment, load_secrets
from burnish.launcher.servers import postgres_settings
from burnish.launcher.up import prepare_home
from burnish_shared.bus.users import USERS
from burnish_shared.contracts.erasures import Tombstone

BESIDE = ".restoring"
POSTGRES_PORT, NATS_PORT = 15_432, 14_222


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
        _refuse_filled(home)
        secrets = load_secrets(home)
        refuse_misfits(manifest, secrets.keyring())
        rows = asyncio.run(_restore(home, folder, manifest, secrets, tombstones=tombstones))
        write_json(home.demo_record, {"restored_as_of": manifest.taken_at})  # Nobody wants the demo played among what came back.
        return rows
    finally:
        lock.release()


def _refuse_filled(home: Home) -> None:
    filled = [place for place in (home.postgres, home.nats / "store") if place.exists()]
    if filled:
        raise StartFailed(f"{filled[0]} is there already. Restore into an empty home, or move that folder away first.")


async def _restore(home: Home, folder: Path, manifest: Manifest, secrets: Secrets, *, tombstones: Sequence[Tombstone]) -> dict[str, int]:
    database, bus = _servers(home, secrets)
    places = (database.data, bus.folder)
    for place in places:
        shutil.rmtree(place, ignore_errors=True)
    try:
        found = await _fill(database, bus, folder, manifest, secrets, tombstones=tombstones)
        shutil.rmtree(home.nats, ignore_errors=True)
        database.data.rename(home.postgres)
        bus.folder.rename(home.nats)
        return found
    finally:
        for place in places:
            shutil.rmtree(place, ignore_errors=True)


async def _fill(
    database: Postgres, bus: Nats, folder: Path, manifest: Manifest, secrets: Secrets, *, tombstones: Sequence[Tombstone]
) -> dict[str, int]:
    running = await postgres.start(database)
    try:
        answering = await nats.start(bus)
        try:
            await create_database(database, secrets)
            urls = packaged_database(database, secrets)
            target = Target(admin=urls.admin, migrator=urls.migrator, nats_url=packaged_nats(bus)["provisioner"])
            return await restore(folder, manifest, target, tombstones=tombstones)
        finally:
            await nats.stop(answering)
    finally:
        await postgres.stop(running)


def _servers(home: Home, secrets: Secrets) -> tuple[Postgres, Nats]:
    database = Postgres(
        data=home.postgres.with_name(home.postgres.name + BESIDE),
        port=free_port(POSTGRES_PORT),
        password=secrets.password("postgres superuser"),
        log=home.log_of("postgres"),
        settings=postgres_settings(os.environ.get("BURNISH_POSTGRES_SETTINGS", "")),
    )
    bus = Nats(
        folder=home.nats.with_name(home.nats.name + BESIDE),
        port=free_port(NATS_PORT),
        log=home.log_of("nats"),
        passwords={user: secrets.password(f"nats {user}") for user in USERS},
    )
    return database, bus
