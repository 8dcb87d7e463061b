"""Day partitions after a long pause: the days that were never made, and rows that came meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from burnish.launcher.database import prepare_schema
from burnish.launcher.endpoints import DatabaseUrls as Logins
from burnish.launcher.home import Home
from burnish.migration import SERVICES, migrate_everything
from tests.embedded.databases import PASSWORD, DatabaseUrls

pytestmark = pytest.mark.asyncio(loop_scope="session")

TABLES = {"executions", "execution_contents", "execution_facts", "webhook_deliveries", "webhook_attempts"}


def day(ahead: int) -> str:
    return (datetime.now(UTC) + timedelta(days=ahead)).strftime("%Y%m%d")


@pytest_asyncio.fixture(loop_scope="session")
async def owner(database_urls: DatabaseUrls) -> AsyncIterator[asyncpg.Connection]:
    """A superuser in a database whose days since yesterday were never made."""
    connection = await asyncpg.connect(database_urls["superuser"], server_settings={"search_path": "burnish"})
    for name in await partitions(connection):
        await connection.execute(f"DROP TABLE {name}")
    yield connection
    await connection.close()


async def partitions(connection: asyncpg.Connection) -> set[str]:
    rows = await connection.fetch("SELECT relname FROM pg_class WHERE relkind = 'r' AND relispartition AND relname ~ '_[0-9]{8}$'")
    return {row["relname"] for row in rows}


async def write_contents(connection: asyncpg.Connection, *, rows: int) -> None:
    """Contents of executions of today, each with an id of its own."""
    await connection.execute(
        "INSERT INTO execution_contents (execution_id, workspace_id, messages, variables, settings, metadata)"
        " SELECT (left(day_bound((clock_timestamp() AT TIME ZONE 'UTC')::date)::text, 24) || lpad(to_hex(n), 12, '0'))::uuid,"
        "        gen_random_uuid(), to_jsonb(n), '{}', '{}', '{}' FROM generate_series(1, $1) n",
        rows,
    )


async def ensure(urls: DatabaseUrls) -> None:
    """As analytics calls it, with its time limits."""
    worker = await asyncpg.connect(
        urls["analytics"], server_settings={"search_path": "burnish", "statement_timeout": "5000", "lock_timeout": "300"}
    )
    try:
        await worker.execute("SELECT ensure_partitions(7)")
    finally:
        await worker.close()


async def test_rows_that_came_before_their_day_had_a_partition_are_moved_into_it(
    owner: asyncpg.Connection, database_urls: DatabaseUrls
) -> None:
    await write_contents(owner, rows=3)
    await ensure(database_urls)
    assert await partitions(owner) == {f"{table}_{day(ahead)}" for table in TABLES for ahead in range(8)}
    today = f"execution_contents_{day(0)}"
    assert [row["messages"] for row in await owner.fetch(f"SELECT messages FROM {today} ORDER BY execution_id")] == ["1", "2", "3"]
    assert await owner.fetch("SELECT FROM execution_contents_default") == []
    described = (
        "SELECT relrowsecurity, relforcerowsecurity, relowner::regrole::text, (SELECT count(*) FROM pg_index WHERE indrelid = c.oid)"
    )
    made = await owner.fetch(f"{described} FROM pg_class c WHERE relname = ANY ($1)", [today, f"execution_contents_{day(1)}"])
    assert made[0] == made[1]
    with pytest.raises(asyncpg.UniqueViolationError):
        await write_contents(owner, rows=1)


async def test_a_day_with_too_many_rows_to_move_keeps_no_other_from_its_partition(
    owner: asyncpg.Connection, database_urls: DatabaseUrls
) -> None:
    await write_contents(owner, rows=10_001)
    await ensure(database_urls)
    wanted = {f"{table}_{day(ahead)}" for table in TABLES for ahead in range(8)}
    assert await partitions(owner) == wanted - {f"execution_contents_{day(0)}"}
    assert await owner.fetchval("SELECT count(*) FROM execution_contents_default") == 10_001


async def test_a_table_that_somebody_holds_keeps_no_other_from_its_partitions(
    owner: asyncpg.Connection, database_urls: DatabaseUrls
) -> None:
    async with owner.transaction():
        await owner.execute("LOCK TABLE execution_contents IN ACCESS SHARE MODE")
        await ensure(database_urls)
    assert await partitions(owner) == {f"{table}_{day(ahead)}" for table in TABLES - {"execution_contents"} for ahead in range(8)}


@pytest.mark.parametrize("is_launcher", [True, False])
async def test_a_start_after_a_long_pause_has_the_partitions_of_today(
    owner: asyncpg.Connection, database_urls: DatabaseUrls, tmp_path: Path, is_launcher: bool
) -> None:
    if is_launcher:
        passwords = dict.fromkeys(SERVICES, PASSWORD)
        logins = Logins(admin=database_urls["superuser"], migrator=database_urls["owner"], services={}, passwords=passwords)
        assert not await prepare_schema(admin=logins.admin, migrator=logins.migrator)
    else:
        environment = {"DATABASE_URL": database_urls["owner"]}
        assert await asyncio.to_thread(migrate_everything, Home(tmp_path), target="head", is_down=False, environment=environment) == 0
    assert await partitions(owner) == {f"{table}_{day(ahead)}" for table in TABLES for ahead in range(8)}
