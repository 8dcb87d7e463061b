"""`burnish migrate`: schema, logins of the services, streams, for deployments that bring their own servers."""

import asyncio
import os
import sys
from collections.abc import Mapping

from burnish.embedded.child import StartFailed
from burnish.embedded.roles import GROUP_OF_LOGIN, create_login_roles
from burnish.launcher.database import beyond_this_release, make_partitions, migration_in_words, point_simulator, revision_of
from burnish.launcher.home import Home
from burnish.launcher.state import running_connection
from burnish.launcher.streams import reach, wanted_replicas
from burnish.told import BAD_PORT, has_bad_port

SERVICES = tuple(login.removeprefix("burnish_") for login in GROUP_OF_LOGIN)


def migrate_everything(home: Home, *, target: str, is_down: bool, environment: Mapping[str, str] = os.environ) -> int:
    """Returns the exit code; what went wrong is said on standard error. Idempotent.

    The schema of a newer release is left as it is, and that is said; logins and streams are set up all the same.

    Raises StartFailed for a wrong environment, before anything is changed, and where NATS does not answer, when the schema is made.
    """
    from burnish_shared.db.migrate import migrate

    url = environment.get("DATABASE_URL") or (running_connection(home) or {}).get("database_url")
    if url is None:
        print(f"Nothing runs in {home.path}: start it, or name a login that may create roles by DATABASE_URL.", file=sys.stderr)
        return 1
    if has_bad_port(url):
        raise StartFailed(BAD_PORT)
    if is_down and target == "head":
        print("Say where to go back to: --down --target REVISION, such as 0060.", file=sys.stderr)
        return 1
    wanted_replicas(environment)
    told = asyncio.run(_told_of_newer(url))
    if told:
        print(f"{told[0].upper()}{told[1:]}.", file=sys.stderr)
        if is_down or target != "head":
            return 1
    else:
        try:
            migrate(url, target=target, down=is_down)
        except RuntimeError as error:
            print(migration_in_words(str(error)), file=sys.stderr)
            return 1
    reached = asyncio.run(revision_of(url))
    print(f"The schema is at {reached or 'nothing'}.", file=sys.stderr)
    if not is_down and target.isdecimal() and reached > target:
        print(f"That is beyond {target}: to go back, say --down.", file=sys.stderr)
        return 1
    if not is_down:
        asyncio.run(_set_up(url, environment))
    return 0


async def _told_of_newer(url: str) -> str | None:
    """What is said where the schema is a newer release's. None also where the database cannot be asked: the migration says why."""
    import asyncpg

    try:
        return beyond_this_release(await revision_of(url))
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return None


async def _set_up(url: str, environment: Mapping[str, str]) -> None:
    await _prepare_database(url, environment)
    if simulator_url := environment.get("BURNISH_SIMULATOR_URL"):
        await point_simulator(url, base_url=simulator_url)
    if nats_url := environment.get("NATS_URL"):
        from burnish_shared.bus.provision import provision

        async with await reach(nats_url, purpose="migrate") as bus:
            outcome = await provision(bus, replicas=wanted_replicas(environment) or 1)
        print(f"Streams: {len(outcome.created)} made, {len(outcome.corrected)} corrected.", file=sys.stderr)
        for drift in outcome.refused:
            print(f"Differs and stays so: {drift}", file=sys.stderr)


async def _prepare_database(url: str, environment: Mapping[str, str]) -> None:
    """Today's partitions, and the services' logins where all their passwords are given."""
    import asyncpg

    passwords = {name: value for name in SERVICES if (value := environment.get(f"BURNISH_PG_PASSWORD_{name.upper()}"))}
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await make_partitions(connection)
        if len(passwords) == len(SERVICES):
            await create_login_roles(connection, passwords)
            print("The services' logins are set up.", file=sys.stderr)
    finally:
        await connection.close(timeout=5)
