"""Makes the database ready for the services: it exists, has the newest schema, knows the services' logins and the simulator."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from burnish.embedded.child import StartFailed
from burnish.embedded.postgres import Postgres
from burnish.embedded.roles import MIGRATOR, create_login_roles, create_migrator
from burnish.embedded.room import is_out_of_room
from burnish.launcher.endpoints import DATABASE, DatabaseUrls
from burnish.launcher.passwords import Secrets

if TYPE_CHECKING:
    from burnish_shared.auth.keyring import Keyring

PARTITION_DAYS_AHEAD: Final = 7
"""As many as analytics keeps made while it runs."""


async def create_database(server: Postgres, secrets: Secrets) -> None:
    """In the packaged server: the migrating login and the database that it owns. Idempotent."""
    import asyncpg

    connection = await asyncpg.connect(server.url(), timeout=10)
    try:
        await create_migrator(connection, password=secrets.password(f"postgres {MIGRATOR}"))
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE} OWNER {MIGRATOR}")
    finally:
        await connection.close(timeout=5)


async def prepare_schema(*, admin: str, migrator: str, say: Callable[[str], None]) -> bool:
    """Migrates when the schema is older than this release, and makes today's partitions. True when it migrated.

    A newer schema is left alone: a release runs on the schema of the next one; `say` gets the line that tells of it. Raises
    StartFailed when the database cannot be reached or a migration fails.
    """
    import asyncpg

    from burnish_shared.db.known_schema import newest_revision

    try:
        connection = await asyncpg.connect(admin, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise StartFailed(f"the database cannot be reached: {error}") from error
    try:
        revision = await _revision(connection)
        is_behind = revision < newest_revision()
        if is_behind:
            await _migrate(migrator)
        elif told := beyond_this_release(revision):
            say(told)
        await make_partitions(connection)
    finally:
        await connection.close(timeout=5)
    return is_behind


async def prepare_logins(urls: DatabaseUrls) -> None:
    """Sets up the services' logins with their passwords. Idempotent."""
    import asyncpg

    connection = await asyncpg.connect(urls.admin, timeout=10)
    try:
        await create_login_roles(connection, urls.passwords)
    finally:
        await connection.close(timeout=5)


async def login_seed(database_url: str, *, keyring: "Keyring") -> bytes:
    """From what the services' passwords follow in a database of the operator's own. Raises StartRefused with another KEK's keyring."""
    from burnish_shared.auth.installation import load_installation_secrets
    from burnish_shared.db.session import Database

    database = await Database.open(database_url, application_name="burnish-cli", max_size=1)
    try:
        return (await load_installation_secrets(database, keyring)).login_seed
    finally:
        await database.close()


async def make_partitions(connection: Any) -> None:
    """Makes the partitions of today and the days to come, before any service writes: the last start may be weeks ago."""
    await connection.execute(f"SELECT burnish.ensure_partitions({PARTITION_DAYS_AHEAD})")


async def point_simulator(database_url: str, *, base_url: str) -> None:
    """Tells the platform's provider `simulated` where the simulator listens. `database_url` is the operator's login."""
    import asyncpg

    connection = await asyncpg.connect(database_url, timeout=10, server_settings={"search_path": "burnish"})
    try:
        await connection.execute("SELECT set_provider_base_url('simulated', $1)", base_url)
    finally:
        await connection.close(timeout=5)


async def revision_of(database_url: str) -> str:
    """The revision of the database, empty for one that was never migrated."""
    import asyncpg

    connection = await asyncpg.connect(database_url, timeout=10)
    try:
        return await _revision(connection)
    finally:
        await connection.close(timeout=5)


def beyond_this_release(revision: str) -> str | None:
    """What an operator is told whose database holds migrations that this release does not know; None where it knows them all."""
    from burnish_shared.db.known_schema import newest_revision

    newest = newest_revision()
    if revision <= newest:
        return None
    return (
        f"the database holds migrations up to {revision}, and this release knows those up to {newest}: it is older than what migrated."
        " The release just before works on that schema while an update is under way; one that is older still may fail or show wrong"
        f" data. Update this one, or let the newer one go back first: `burnish migrate --down --target {newest}`"
    )


async def _revision(connection: Any) -> str:
    if await connection.fetchval("SELECT to_regclass('burnish_migrations.alembic_version')") is None:
        return ""
    return await connection.fetchval("SELECT max(version_num) FROM burnish_migrations.alembic_version") or ""


async def _migrate(url: str) -> None:
    from burnish_shared.db.migrate import migrate

    try:
        await asyncio.to_thread(migrate, url)
    except RuntimeError as error:
        raise StartFailed(migration_in_words(str(error))) from error


def migration_in_words(said: str) -> str:
    """Why a migration failed, without the trace where the disk is the reason."""
    if not is_out_of_room(said):
        return said
    return "migration failed: the disk of PostgreSQL is full. Make room and start again; it goes on where it stopped."
