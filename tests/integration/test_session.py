"""What a caller is told where PostgreSQL answers, and not with what was asked; and what a unit of work leaves to the next."""

import asyncio
import contextlib
import gc
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from burnish_shared.db.session import Database, Tx
from burnish_shared.db.transaction import Transaction
from burnish_shared.errors import Busy, Unavailable
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


HELD = """SELECT (SELECT json_object_agg(name, setting ORDER BY name)::text FROM pg_settings WHERE source = 'session') AS settings,
       current_setting('app.workspace', true) AS workspace, current_setting('app.user', true) AS caller,
       (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks,
       (SELECT count(*) FROM pg_listening_channels()) AS channels,
       (SELECT count(*) FROM pg_cursors WHERE name <> '') AS cursors,
       (SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()) AS tables"""
"""What a server connection keeps beyond its transaction."""


async def _commits(_: Tx) -> None:
    pass


async def _raises(_: Tx) -> None:
    raise ValueError


async def _is_refused(tx: Tx) -> None:
    await tx.execute("SELECT 1 / 0")


async def _is_cancelled_in_a_statement(tx: Tx) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().call_later(0.05, task.cancel)
    await tx.execute("SELECT pg_sleep(30)")


@pytest.mark.promise("T-04")
@pytest.mark.parametrize("end", [_commits, _raises, _is_refused, _is_cancelled_in_a_statement])
async def test_nothing_of_one_unit_of_work_reaches_the_next(database_urls: DatabaseUrls, end: Callable[[Tx], Awaitable[None]]) -> None:
    """Everything that stores of ours do to a connection, however the unit ends."""
    db = await Database.open(database_urls["gateway"], application_name="test", max_size=1)
    try:
        async with db.unit_of_work() as tx:
            before = dict(await tx.fetchrow(HELD) or {})
            server = await tx.fetchval("SELECT pg_backend_pid()")

        async def unit() -> None:
            async with db.unit_of_work(workspace=uuid4(), organization=uuid4(), user=uuid4(), statement_most_s=9) as tx:
                await tx.execute("SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL lock_timeout = '15ms'")
                await tx.execute("SELECT pg_advisory_xact_lock(7228)")
                await tx.execute("CREATE TEMPORARY TABLE staged ON COMMIT DROP AS SELECT 1 AS one")
                assert dict(await tx.fetchrow(HELD) or {}) != before
                await end(tx)

        with contextlib.suppress(ValueError, asyncio.CancelledError, asyncpg.DivisionByZeroError):
            await asyncio.create_task(unit())
        async with db.unit_of_work() as tx:
            after = dict(await tx.fetchrow(HELD) or {})
            assert await tx.fetchval("SELECT pg_backend_pid()") == server, "another connection would prove nothing"
        # PostgreSQL gives a setting of ours that was local the empty text back where it had none; policies take both for nobody.
        assert {name: value or None for name, value in after.items()} == {name: value or None for name, value in before.items()}
    finally:
        await db.close()


@pytest.mark.promise("T-04")
async def test_a_cancellation_at_the_beginning_or_end_of_a_transaction_leaves_nothing_to_the_pool(database_urls: DatabaseUrls) -> None:
    """Callers go at any moment. The pool would roll back too, and call it an error each time."""
    connection, complaints = await asyncpg.connect(database_urls["gateway"]), list[str]()
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: complaints.append(context["message"]))
    try:
        for word in ("BEGIN", "COMMIT"):
            said = _CancelsWhoWaits(connection, word)
            with pytest.raises(asyncio.CancelledError):
                async with Transaction(said, read_only=False, resets=True):
                    await connection.execute("SET app.workspace = 'leaked'")
            assert said.heard and not connection.is_in_transaction(), word
            assert not await connection.fetchval("SELECT current_setting('app.workspace', true)"), word
            await connection._reset()  # what the pool calls
        assert [one for one in complaints if "never retrieved" in one] == []
    finally:
        loop.set_exception_handler(before)
        await connection.close()


class _LosesItsServer:
    """A connection whose server goes while it rolls back. `asked`: it is asked to; `lost`: set by the test."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection, self.asked, self.lost = connection, asyncio.Event(), asyncio.Event()

    async def execute(self, words: str) -> str:
        if words.startswith("ROLLBACK"):
            self.asked.set()
            await self.lost.wait()
            self._connection.terminate()
        return str(await self._connection.execute(words))


@pytest.mark.promise("T-04")
async def test_a_rollback_that_fails_after_its_caller_went_is_no_error_of_anybodys(database_urls: DatabaseUrls) -> None:
    """The pool finds the connection closed; asyncio would log "Task exception was never retrieved" besides."""
    loop, complaints = asyncio.get_running_loop(), list[str]()
    gc.collect()  # What other tests left behind complains now.
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: complaints.append(context["message"]))
    connection = _LosesItsServer(await asyncpg.connect(database_urls["gateway"]))
    transaction = Transaction(connection, read_only=False, resets=True)
    begun = asyncio.Event()

    async def unit(in_it: Transaction) -> None:
        async with in_it:
            begun.set()
            await asyncio.Event().wait()

    try:
        task = asyncio.create_task(unit(transaction))
        await begun.wait()
        task.cancel()
        await connection.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        connection.lost.set()
        await transaction.over()
        del transaction, task
        gc.collect()
        assert [one for one in complaints if "never retrieved" in one] == []
    finally:
        loop.set_exception_handler(before)


@pytest.mark.promise("O-01")
@pytest.mark.parametrize("ahead", ["lost first", "cancelled first"])
async def test_who_is_cancelled_as_the_server_goes_stops(database_urls: DatabaseUrls, ahead: str) -> None:
    """Workers cancel what stands beside them when a connection is lost. One that took it for an outage would go on for ever."""
    db, begun = await Database.open(database_urls["gateway"], application_name="test", max_size=1), asyncio.Event()
    connections: list[Any] = []

    async def keeps_on() -> None:
        while True:
            with contextlib.suppress(Unavailable):
                async with db.unit_of_work() as tx:
                    connections.append(tx.connection)
                    await tx.execute("SELECT 1")
                    begun.set()
                    await tx.execute("SELECT pg_sleep(30)")
            await asyncio.sleep(0)

    try:
        task = asyncio.create_task(keeps_on())
        await begun.wait()
        await asyncio.sleep(0)
        if ahead == "lost first":
            connections[0].terminate()
            task.cancel()
        else:
            task.cancel()
            connections[0].terminate()
        await asyncio.wait([task], timeout=20)
        assert task.cancelled()
    finally:
        task.cancel()
        await db.close()


async def _waits_for_a_statement(tx: Tx) -> None:
    await tx.execute("SELECT pg_sleep(30)")


async def _waits_for_its_reader(tx: Tx) -> None:
    await tx.execute("SET app.workspace = 'leaked'")
    await asyncio.sleep(30)


@pytest.mark.promise("T-04")
@pytest.mark.parametrize("wait", [_waits_for_a_statement, _waits_for_its_reader])
async def test_who_is_cancelled_at_every_wait_leaves_nothing_to_the_pool(
    database_urls: DatabaseUrls, wait: Callable[[Tx], Awaitable[None]]
) -> None:
    """As a response is whose reader hangs up: its scope (anyio's) cancels again each time that it waits, so also in its rollback."""
    db, loop, begun, complaints = (
        await Database.open(database_urls["gateway"], application_name="test", max_size=1),
        asyncio.get_running_loop(),
        asyncio.Event(),
        list[str](),
    )
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: complaints.append(context["message"]))

    async def unit() -> None:
        async with db.unit_of_work() as tx:
            await tx.execute("SELECT 1")
            begun.set()
            await wait(tx)

    def cancel_again() -> None:
        if not task.done():
            task.cancel()
            loop.call_soon(cancel_again)

    try:
        async with db.unit_of_work() as tx:
            server = await tx.fetchval("SELECT pg_backend_pid()")
        task = asyncio.create_task(unit())
        await begun.wait()
        loop.call_later(0.05, cancel_again)
        with pytest.raises(asyncio.CancelledError):
            await task
        async with db.unit_of_work() as tx:
            assert await tx.fetchval("SELECT pg_backend_pid()") == server, "another connection would prove nothing"
            assert not await tx.fetchval("SELECT current_setting('app.workspace', true)")
        assert [one for one in complaints if "never retrieved" in one] == []
    finally:
        loop.set_exception_handler(before)
        await db.close()


class _CancelsWhoWaits:
    """A connection whose first answer to a word is lost: the server heard it, and who waits is cancelled before the rest of the message."""

    def __init__(self, connection: asyncpg.Connection, word: str) -> None:
        self._connection, self._word, self.heard = connection, word, False

    async def execute(self, words: str) -> str:
        if self.heard or not words.startswith(self._word):
            return str(await self._connection.execute(words))
        self.heard = True
        await self._connection.execute(self._word)
        raise asyncio.CancelledError


async def test_a_unit_of_work_ends_with_its_transaction(database_urls: DatabaseUrls) -> None:
    """A round trip behind it, to reset what was never set, was a fourth of what a small one costs."""
    db = await Database.open(database_urls["gateway"], application_name="test-last-word", max_size=1)
    watching = await asyncpg.connect(database_urls["superuser"])
    try:
        async with db.unit_of_work() as tx:
            await tx.execute("SELECT 1")
        last = "SELECT query FROM pg_stat_activity WHERE application_name = 'test-last-word'"
        assert await watching.fetchval(last) == "COMMIT; RESET ALL"
    finally:
        await watching.close()
        await db.close()


async def test_a_unit_of_one_statement_is_one_round_trip_and_takes_no_second(database_urls: DatabaseUrls) -> None:
    db = await Database.open(database_urls["gateway"], application_name="test-by-itself", max_size=1)
    watching = await asyncpg.connect(database_urls["superuser"])
    last = "SELECT query FROM pg_stat_activity WHERE application_name = 'test-by-itself'"
    try:
        async with db.unit_of_work(one_statement=True) as tx:
            assert await tx.fetchval("SELECT 7") == 7
            assert await watching.fetchval(last) == "SELECT 7"
            with pytest.raises(RuntimeError, match="second one"):
                await tx.fetchval("SELECT 8")
        assert await watching.fetchval(last) == "SELECT 7"
        tenant = uuid4()
        async with db.unit_of_work(workspace=tenant, one_statement=True) as tx:
            assert await tx.fetchval("SELECT current_setting('app.workspace')") == str(tenant), "what must be set first needs a transaction"
        assert await watching.fetchval(last) == "COMMIT; RESET ALL"
    finally:
        await watching.close()
        await db.close()


async def test_a_unit_of_one_statement_behind_a_pooler_has_its_settings(database_urls: DatabaseUrls) -> None:
    db = await Database.open(database_urls["gateway"], application_name="test", max_size=1, pooler="transaction")
    try:
        async with db.unit_of_work(one_statement=True) as tx:
            assert await tx.fetchval("SELECT current_setting('search_path')") == "burnish"
        with pytest.raises(Busy, match="took too long"):
            async with db.unit_of_work(one_statement=True, statement_most_s=0.05) as tx:
                await tx.fetchval("SELECT pg_sleep(30)")
    finally:
        await db.close()
