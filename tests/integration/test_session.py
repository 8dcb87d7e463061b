"""What a caller is told where PostgreSQL answers, and not with what was asked."""

import pytest

from burnish_shared.db.session import Database
from burnish_shared.errors import Busy
from tests.embedded.databases import DatabaseUrls

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("I1")]


async def test_a_statement_that_takes_too_long_and_one_that_waits_for_others_are_told_apart(database_urls: DatabaseUrls) -> None:
    db = await Database.open(database_urls["gateway"], application_name="test", max_size=2, statement_timeout_ms=2_000)
    try:
        with pytest.raises(Busy, match="took too long for this"):
            async with db.unit_of_work(read_only=True) as tx:
                await tx.fetchval("SELECT pg_sleep(30)")
        async with db.unit_of_work() as holding:
            await holding.execute("SELECT pg_advisory_xact_lock(7227)")
            with pytest.raises(Busy, match="busy with the same rows"):
                async with db.unit_of_work() as waiting:
                    await waiting.execute("SET LOCAL lock_timeout = '20ms'")
                    await waiting.execute("SELECT pg_advisory_xact_lock(7227)")
    finally:
        await db.close()
