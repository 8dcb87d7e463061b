"""What only PostgreSQL can say of the tables of feedback."""

import asyncio
from datetime import datetime, timedelta

import asyncpg
import pytest

from burnish_shared.db.session import Database
from burnish_shared.measures import histogram, merged
from tests.embedded.databases import DatabaseUrls
from tests.embedded.superuser import as_superuser
from tests.embedded.workspaces import Workspace

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_histograms_of_unequal_length_add_up_as_in_python(module_database_urls: DatabaseUrls) -> None:
    database = await Database.open(module_database_urls["analytics"], application_name="test")
    few, many = histogram([1, 5, 5]), histogram([1, 900, 12_000])
    async with database.unit_of_work() as tx:
        for one, other in ((few, many), (many, few), ([], few), (few, []), ([], [])):
            assert await tx.fetchval("SELECT add_histograms($1, $2)", one, other) == merged(one, other)
    await database.close()


async def test_a_value_that_is_no_number_is_refused_by_the_column(module_database_urls: DatabaseUrls, workspace: Workspace) -> None:
    async with as_superuser(module_database_urls["superuser"]) as connection:
        for value in (float("nan"), float("inf"), float("-inf")):
            with pytest.raises(asyncpg.CheckViolationError):
                await connection.execute(
                    """INSERT INTO feedback (workspace_id, target_kind, target_id, end_user, kind, value)
                       VALUES ($1, 'session', 's', '', 'score', $2)""",
                    workspace.workspace_id,
                    value,
                )


async def test_closing_periods_waits_for_a_transaction_that_still_writes_into_one(module_database_urls: DatabaseUrls) -> None:
    database = await Database.open(module_database_urls["analytics"], application_name="test")
    async with database.unit_of_work() as writer:
        period = await writer.fetchval("SELECT enter_period(50)")
        async with database.unit_of_work() as closer:
            await closer.execute("SET LOCAL lock_timeout = '200ms'")
            await closer.execute("SELECT pg_sleep(0.06)")
            await closer.execute("SAVEPOINT before")
            with pytest.raises(asyncpg.LockNotAvailableError):
                await closer.fetchval("SELECT close_periods(50)")
            await closer.execute("ROLLBACK TO SAVEPOINT before")
    async with database.unit_of_work() as closer:
        assert await closer.fetchval("SELECT close_periods(50)") > period
    await database.close()


async def test_who_waited_for_a_period_that_is_over_by_then_writes_into_the_next(module_database_urls: DatabaseUrls) -> None:
    database = await Database.open(module_database_urls["analytics"], application_name="test")

    async def enter() -> datetime:
        async with database.unit_of_work() as tx:
            return await tx.fetchval("SELECT enter_period(100)")  # type: ignore[no-any-return]

    async with database.unit_of_work() as closer:
        await closer.execute("SELECT pg_advisory_xact_lock(hashtext('burnish.ingestion_period'), n) FROM generate_series(0, 63) n")
        entering = asyncio.ensure_future(enter())
        waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while not await closer.fetchval(waits):
            await asyncio.sleep(0.01)
        over = await closer.fetchval("SELECT clock_timestamp() FROM pg_sleep(0.11)")
    assert await entering > over - timedelta(milliseconds=100), "the period that was entered had not ended"
    await database.close()
