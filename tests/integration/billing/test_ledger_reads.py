"""A workspace with many charges: what is asked of its few other transfers reads those alone."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from burnish_gateway.billing import store
from burnish_gateway.schedules import store as schedules_store
from burnish_shared.db.session import Database, Tx
from burnish_shared.ids import new_uuid
from tests.embedded.databases import DatabaseUrls
from tests.embedded.workspaces import Workspace

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("B1")]

CHARGES = 5_000
FEES = 20


class Explained:
    """A transaction that keeps the plan of each query, and runs it."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.plan = ""

    async def fetch(self, sql: str, *values: Any) -> Any:
        self.plan = "\n".join(row[0] for row in await self.tx.fetch(f"EXPLAIN {sql}", *values))
        return await self.tx.fetch(sql, *values)

    async def fetchrow(self, sql: str, *values: Any) -> Any:
        return next(iter(await self.fetch(sql, *values)), None)

    async def fetchval(self, sql: str, *values: Any) -> Any:
        return (await self.fetchrow(sql, *values))[0]


@pytest_asyncio.fixture(loop_scope="session")
async def superuser(database_urls: DatabaseUrls, workspace: Workspace) -> AsyncIterator[asyncpg.Connection]:
    """Beside a workspace with many charges, and a few fees of which each was given back in part."""
    connection = await asyncpg.connect(database_urls["superuser"], server_settings={"search_path": "burnish"})
    insert = (
        "INSERT INTO transfers (workspace_id, execution_id, kind, debit_account_id, credit_account_id, amount_nusd, reference, corrects)"
    )
    own = workspace.workspace_id, workspace.credit_account_id
    await connection.execute(
        f"{insert} SELECT $1, gen_random_uuid(), 'charge', $2, 1, 10, NULL, NULL FROM generate_series(1, {CHARGES})", *own
    )
    await connection.execute(
        f"{insert} SELECT $1, NULL, 'fee', $2, 1, 10, 'optimization:' || n, NULL FROM generate_series(1, {FEES}) n", *own
    )
    await connection.execute(
        f"{insert} SELECT $1, NULL, 'refund', 1, $2, 3, NULL, transfer_id FROM transfers WHERE workspace_id = $1 AND kind = 'fee'", *own
    )
    await connection.execute("ANALYZE transfers")
    yield connection
    await connection.close()


async def test_refunds_and_kinds_of_transfers_are_found_by_the_index_of_what_no_execution_moved(
    db_for: Callable[[str], Awaitable[Database]], superuser: asyncpg.Connection, workspace: Workspace
) -> None:
    ws, now = workspace.workspace_id, datetime.now(UTC)
    fee = await superuser.fetchval("SELECT min(transfer_id) FROM transfers WHERE workspace_id = $1 AND kind = 'fee'", ws)
    async with (await db_for("gateway")).unit_of_work(workspace=ws, read_only=True) as tx:
        watched: Any = Explained(tx)
        found = await store.find_charge(watched, transfer_id=fee, execution_id=None)
        assert found["left_nusd"] == 7 and "transfers_unexecuted" in watched.plan, watched.plan
        for kind, many in (("fee", FEES), ("refund", FEES), ("adjustment", 0)):
            rows = await store.list_transfers(watched, after=None, limit=50, kind=kind, start=None, end=None)
            assert len(rows) == many and "transfers_unexecuted" in watched.plan, watched.plan
        assert len(await store.list_transfers(watched, after=None, limit=50, kind="charge", start=None, end=None)) == 51
        assert len(await store.list_transfers(watched, after=None, limit=50, kind=None, start=None, end=None)) == 51
        assert await schedules_store.spent_nusd(watched, ws, new_uuid(), since=now, until=now) == 0
        assert "transfers_unexecuted" in watched.plan, watched.plan


async def test_what_is_left_of_a_fee_is_given_back_without_reading_all_charges(superuser: asyncpg.Connection, workspace: Workspace) -> None:
    read = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relid = 'burnish.transfers'::regclass"
    async with superuser.transaction():
        before = await superuser.fetchval(read)
        assert await superuser.fetchval("SELECT return_fee($1, 'optimization:7', 'not begun')", workspace.workspace_id) == 7
        assert await superuser.fetchval(read) - before < CHARGES / 10
