"""An operator sees what is held and for how long: a hold that nobody ends grows old, one that was ended is seen no more (PROMISES 5.4)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg
import pytest
from prometheus_client import REGISTRY

from burnish_executor import metrics
from burnish_executor.settings import ExecutorSettings
from burnish_executor.sweep import sweep_holds
from burnish_shared.books.admission import Verdict
from burnish_shared.bus.relay import Relay
from burnish_shared.db.session import Database
from tests.embedded.workspaces import Workspace
from tests.integration.test_books import admissions, assert_books_are_right, record, settle, superuser, wish
from tests.integration.test_books_money import CONNECTS

pytestmark = [pytest.mark.capability("I1"), pytest.mark.promise("C-05")]

SIX_MINUTES_OLD = "UPDATE holds SET at = at - interval '6 minutes', deadline = deadline - interval '6 minutes'"

UNKNOWN = -1.0


class NoRelay:
    """Nothing is published here."""

    def wake(self) -> None: ...


def shown(name: str, lane: str = "interactive") -> float:
    return cast(float, REGISTRY.get_sample_value(f"burnish_{name}", {"lane": lane}))


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def sweeping(db: Database, *, grace_s: float = 1.0) -> AsyncIterator[None]:
    """The executor's sweeper, which has looked at the holds at least once."""
    stop = asyncio.Event()
    settings = ExecutorSettings(sweep_interval_s=0.01, sweep_grace_s=grace_s, **CONNECTS)
    for gauge in (metrics.HOLDS_OPEN, metrics.HOLD_OLDEST_SECONDS, metrics.HOLD_OVERDUE_SECONDS):
        for lane in ("interactive", "background", "batch"):
            gauge.labels(lane).set(UNKNOWN)
    task = asyncio.create_task(sweep_holds(db, settings=settings, relay=cast(Relay, NoRelay()), stop=stop))
    try:
        await until(lambda: shown("hold_overdue_seconds", "batch") != UNKNOWN)
        yield
    finally:
        stop.set()
        await task


async def test_a_hold_that_is_stuck_is_seen_to_grow_old_and_is_gone_when_it_was_ended(
    database_urls: Any, workspace: Workspace, db_for: Any
) -> None:
    db = await db_for("executor")
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books, superuser(database_urls) as other:
        assert (await gateway.ask(wish(workspace))).verdict is Verdict.YES
        await books.execute(SIX_MINUTES_OLD)
        stuck = other.transaction()
        await stuck.start()
        await other.execute("SELECT FROM holds FOR UPDATE")  # the sweeper leaves alone what others have in hand
        async with sweeping(db):
            assert shown("holds_open") == 1
            first = shown("hold_oldest_seconds"), shown("hold_overdue_seconds")
            assert first[0] >= 360 and first[1] >= 300
            await until(lambda: shown("hold_oldest_seconds") > first[0] and shown("hold_overdue_seconds") > first[1])
            assert [shown(name, "batch") for name in ("holds_open", "hold_oldest_seconds", "hold_overdue_seconds")] == [0, 0, 0]
            await stuck.rollback()
            await until(lambda: shown("holds_open") == 0)
            assert (shown("hold_oldest_seconds"), shown("hold_overdue_seconds")) == (0, 0)
        await assert_books_are_right(books)


async def test_a_hold_within_its_deadline_has_an_age_and_is_not_overdue(database_urls: Any, workspace: Workspace, db_for: Any) -> None:
    db = await db_for("executor")
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        asked = wish(workspace)
        await gateway.ask(asked)
        async with sweeping(db):
            await until(lambda: shown("hold_oldest_seconds") > 0)
            assert (shown("holds_open"), shown("hold_overdue_seconds")) == (1, 0)
            await settle(books, record(asked))
            await until(lambda: shown("holds_open") == 0 == shown("hold_oldest_seconds"))


async def test_holds_are_looked_at_where_the_sweep_itself_fails(database_urls: Any, workspace: Workspace) -> None:
    """What it leaves behind is what is looked for."""
    db = await Database.open(database_urls["executor"], application_name="test-executor", statement_timeout_ms=100)
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        await gateway.ask(wish(workspace))
        await books.execute(SIX_MINUTES_OLD)
        await books.execute(
            "CREATE OR REPLACE FUNCTION expire(p_grace_ms bigint, p_most integer) RETURNS integer LANGUAGE sql SECURITY DEFINER"
            " SET search_path = burnish, pg_temp AS $$ SELECT 0 FROM pg_sleep(5) $$"
        )
        async with sweeping(db):
            assert shown("hold_overdue_seconds") >= 300
    await db.close()


async def test_executors_see_holds_of_all_workspaces_by_their_lane_and_nothing_else_of_them(
    database_urls: Any, new_workspace: Any, db_for: Any
) -> None:
    db = await db_for("executor")
    workspaces = [await new_workspace(credit_nusd=10_000_000) for _ in range(2)]
    async with admissions(database_urls["gateway"]) as (gateway,):
        for workspace, lane in zip(workspaces * 2, ("interactive", "interactive", "batch", "background"), strict=True):
            assert (await gateway.ask(wish(workspace, lane=lane))).verdict is Verdict.YES
        async with db.unit_of_work(read_only=True) as tx:
            rows = await tx.fetch("SELECT * FROM open_holds()")
        assert {row["lane"]: row["holds"] for row in rows} == {"interactive": 2, "batch": 1, "background": 1}
        assert {name for row in rows for name in row.keys()} == {"lane", "holds", "oldest_s", "overdue_s"}
        gateways = await db_for("gateway")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with gateways.unit_of_work() as tx:
                await tx.fetch("SELECT * FROM open_holds()")


async def test_a_hold_of_the_release_before_has_no_age_and_still_its_deadline(
    database_urls: Any, workspace: Workspace, db_for: Any
) -> None:
    db = await db_for("executor")
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        await gateway.ask(wish(workspace))
        await books.execute("UPDATE holds SET at = NULL, deadline = deadline - interval '6 minutes'")
        async with sweeping(db, grace_s=3600):
            assert (shown("holds_open"), shown("hold_oldest_seconds")) == (1, 0)
            assert shown("hold_overdue_seconds") >= 300
