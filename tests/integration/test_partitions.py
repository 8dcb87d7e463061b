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


async def connected(dsn: str, **settings: str) -> asyncpg.Connection:
    return await asyncpg.connect(dsn, server_settings={"search_path": "burnish", **settings})


@pytest_asyncio.fixture(loop_scope="session")
async def owner(database_urls: DatabaseUrls) -> AsyncIterator[asyncpg.Connection]:
    """A superuser in a database whose days since yesterday were never made."""
    connection = await connected(database_urls["superuser"])
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


async def ensure(urls: DatabaseUrls) -> list[str]:
    """As analytics calls it, except that it would wait for a lock until its time is over. What it was warned of."""
    return (await called(urls["analytics"], "SELECT ensure_partitions(7)"))[1]


async def called(dsn: str, sql: str) -> tuple[int, list[str]]:
    """What a function answers, and what it warned of. It would wait for a lock until its time is over."""
    worker = await connected(dsn, statement_timeout="60000", lock_timeout="0")
    told: list[str] = []
    worker.add_log_listener(lambda _, message: told.append(str(message)))
    try:
        return await worker.fetchval(sql), told
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
        told = await ensure(database_urls)
    assert [one for one in told if "execution_contents have to wait" in one] == told != []
    assert await partitions(owner) == {f"{table}_{day(ahead)}" for table in TABLES - {"execution_contents"} for ahead in range(8)}
    assert await ensure(database_urls) == []
    assert await partitions(owner) == {f"{table}_{day(ahead)}" for table in TABLES for ahead in range(8)}


async def test_two_that_make_partitions_at_once_wait_for_each_other(owner: asyncpg.Connection, database_urls: DatabaseUrls) -> None:
    async with owner.transaction():
        await owner.execute("SELECT pg_advisory_xact_lock(hashtext('burnish.ensure_partitions'))")
        second = asyncio.create_task(ensure(database_urls))
        assert not (await asyncio.wait({second}, timeout=0.5))[0], "longer than a lock of a table is waited for"
    assert await second == []


@pytest.mark.parametrize(
    ("service", "table", "ago", "sql"),
    [
        ("analytics", "executions", 402, "SELECT forget_days(400, 30, 100)"),
        ("webhooks", "webhook_deliveries", 32, "SELECT forget_old_webhooks(30, 100)"),
    ],
)
async def test_a_day_that_somebody_reads_is_dropped_later_and_keeps_nothing_else_from_being_forgotten(
    owner: asyncpg.Connection, database_urls: DatabaseUrls, service: str, table: str, ago: int, sql: str
) -> None:
    part = f"{table}_{day(-ago)}"
    await owner.execute("CALL make_day_partition($1, (clock_timestamp() AT TIME ZONE 'UTC')::date - $2::integer)", table, ago)
    await owner.execute(
        "INSERT INTO dead_letters (dead_letter_id, consumer, stream, stream_seq, subject, deliveries, reason, at)"
        " VALUES (gen_random_uuid(), 'c', 's', 1, 's', 1, 'r', clock_timestamp() - interval '40 days')"
    )
    await owner.execute(
        "INSERT INTO webhook_endpoint_days (workspace_id, endpoint_id, day)"
        " VALUES (gen_random_uuid(), gen_random_uuid(), (clock_timestamp() AT TIME ZONE 'UTC')::date - 100)"
    )
    async with owner.transaction():
        await owner.execute(f"LOCK TABLE {table} IN ACCESS SHARE MODE")
        done, told = await called(database_urls[service], sql)
        assert done == 0, "else it would be called again at once, and ask for the lock"
        assert len(told) == 1 and f"{part} has to wait to be dropped" in told[0]
        assert (await called(database_urls[service], sql))[0] == 0, "nobody goes round in a circle meanwhile"
    assert part in await partitions(owner)
    assert await called(database_urls[service], sql) == (1, [])
    assert part not in await partitions(owner)


@pytest.mark.parametrize("is_launcher", [True, False])
async def test_a_start_after_a_long_pause_has_the_partitions_of_today(
    owner: asyncpg.Connection, database_urls: DatabaseUrls, tmp_path: Path, is_launcher: bool
) -> None:
    if is_launcher:
        passwords = dict.fromkeys(SERVICES, PASSWORD)
        logins = Logins(admin=database_urls["superuser"], migrator=database_urls["owner"], services={}, passwords=passwords)
        assert not await prepare_schema(admin=logins.admin, migrator=logins.migrator, say=print)
    else:
        environment = {"DATABASE_URL": database_urls["owner"]}
        assert await asyncio.to_thread(migrate_everything, Home(tmp_path), target="head", is_down=False, environment=environment) == 0
    assert await partitions(owner) == {f"{table}_{day(ahead)}" for table in TABLES for ahead in range(8)}
