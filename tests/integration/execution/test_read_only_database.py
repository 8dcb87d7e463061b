"""A PostgreSQL that answers and takes no changes: demoted, set to be read only, or without room on its disk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from burnish_shared.db import session
from burnish_shared.db.session import Database, DurableConnection
from burnish_shared.errors import Unavailable
from tests.embedded.stack import Caller, Stack
from tests.integration.bus_parts import until
from tests.integration.execution.test_executions import HELLO, assert_settled, books


@asynccontextmanager
async def read_only(stack: Stack) -> AsyncIterator[None]:
    """Every connection is lost, and those made from then on take no changes; those stay as they are when it is over."""
    url = stack.urls["superuser"]
    name = stack.urls.name
    admin = await asyncpg.connect(url.rpartition("/")[0] + "/postgres")
    try:
        await admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        yield
    finally:
        await admin.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        await admin.close()


async def test_calls_are_put_off_reads_go_on_and_all_is_served_again_without_a_restart(stack: Stack, caller: Caller) -> None:
    first = await caller("POST", "/v1/executions", HELLO)
    assert first.status == 200, first.body

    async with read_only(stack):
        for body in (HELLO, HELLO | {"stream": True}):
            refused = await caller("POST", "/v1/executions", body)
            assert refused.status == 503, refused.body
            assert refused.headers["retry-after"]

        async def shows() -> bool:
            """The first reads may meet connections that were lost."""
            shown = await caller("GET", f"/v1/executions/{first.body['id']}")
            return shown.status == 200 and shown.body["status"] == "success"

        await until(shows)

    async def serves() -> bool:
        return bool((await caller("POST", "/v1/executions", HELLO)).status == 200)

    await until(serves, within_s=60)

    async def none_is_held() -> bool:
        """Calls that were refused meanwhile, and could not be ended, are swept."""
        return not await books(stack, "SELECT 1 FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id)

    await until(none_is_held)
    await assert_settled(stack, caller)


async def test_a_write_in_a_unit_that_only_reads_is_our_own_fault_and_is_told_as_one(stack: Stack) -> None:
    db = await Database.open(stack.urls["gateway"], application_name="test")
    try:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            async with db.unit_of_work(read_only=True) as tx:
                await tx.execute("CREATE TEMPORARY TABLE scratch (one int)")
                await tx.execute("UPDATE workspaces SET name = name")
    finally:
        await db.close()


async def backend(db: Database) -> Any:
    async with db.unit_of_work() as tx:
        return await tx.fetchval("SELECT pg_backend_pid()")


async def test_a_refused_write_has_connections_made_anew_but_not_one_for_each(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "CONNECT_ANEW_S", 60.0)
    db = await Database.open(stack.urls["gateway"], application_name="test", max_size=1)

    async def refused() -> Any:
        with pytest.raises(Unavailable, match="takes no changes"):
            async with db.unit_of_work() as tx:
                await tx.execute("SET TRANSACTION READ ONLY")
                await tx.execute("UPDATE workspaces SET name = name")
        return await backend(db)

    try:
        pids = [await backend(db), await refused(), await refused()]
        assert pids[0] != pids[1] and pids[1] == pids[2]
    finally:
        await db.close()


async def test_a_full_disk_is_no_fault_of_ours_whatever_was_asked(stack: Stack) -> None:
    db = await Database.open(stack.urls["gateway"], application_name="test", max_size=1)
    try:
        before = await backend(db)
        for read_only in (False, True):
            with pytest.raises(Unavailable, match="takes no changes"):
                async with db.unit_of_work(read_only=read_only) as tx:
                    await tx.execute("DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$")
        assert await backend(db) == before, "another connection would find no more room"
    finally:
        await db.close()


async def backend_of(connection: DurableConnection) -> int:
    [row] = await connection.fetch("SELECT pg_backend_pid()")
    return int(row[0])


async def test_the_hot_connection_is_made_anew_too_but_not_for_each_statement(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "CONNECT_ANEW_S", 60.0)
    connection = DurableConnection(stack.urls["gateway"], application_name="test")

    async def refused() -> Any:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.fetchrow("SELECT set_config('default_transaction_read_only', 'on', false)")
            await connection.fetchrow("SELECT * FROM workspaces FOR UPDATE")
        return await backend_of(connection)

    try:
        pids = [await backend_of(connection), await refused(), await refused()]
        assert pids[0] != pids[1] and pids[1] == pids[2]
    finally:
        await connection.close()
