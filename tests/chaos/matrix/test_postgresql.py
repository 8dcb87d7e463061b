"""Rows 14, 15 and 21: PostgreSQL ends sessions, stops at once, and finds deadlocks."""

import asyncio
import contextlib
import random
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
import pytest

from tests.chaos.matrix.field import Field, field, summary
from tests.chaos.matrix.test_gateway_and_executor import Stream

pytestmark = [pytest.mark.chaos, pytest.mark.chaos_long, pytest.mark.timeout(400)]

SHOT_AT_S: Final = 12.0
BACK_WITHIN_S: Final = 10.0
OURS: Final = "usename LIKE 'burnish%' AND backend_type = 'client backend'"


@pytest.mark.fault(14)
@pytest.mark.promise("G-10", "C-01", "P-09")
async def test_sessions_are_ended_in_mid_transaction(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    ended = 0
    async with field(tmp_path, dice) as on:
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        async with on.place.postgres() as superuser:
            while loop.time() - began_at < SHOT_AT_S:
                await on.calm(0.1, 0.6)
                share = dice.choice((0.3, 0.6, 1.0))
                busy = "AND state <> 'idle'" if dice.random() < 0.5 else ""
                ended += await superuser.fetchval(
                    f"SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {OURS} {busy} AND random() < $1",
                    share,
                )
        back_s = await on.seconds_until_served(within_s=BACK_WITHIN_S)
    assert ended > 50
    tell(f"{ended} sessions ended in {SHOT_AT_S:.0f} s, served {back_s:.1f} s after the last; {summary(on.load)}")


STOPS: Final = 3
POOL_BACK_WITHIN_S: Final = 5.0
"""The row of the matrix: from the moment that PostgreSQL takes connections again."""

ADMITTED: Final = 5
"""Streams at each stop whose callers were told 200, and whose end is seconds away."""


@pytest.mark.fault(15)
@pytest.mark.promise("G-01", "G-10", "C-01", "P-09")
async def test_postgresql_stops_at_once(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    slowest_s = 0.0
    async with field(tmp_path, dice, BURNISH_POSTGRES_SETTINGS="fsync=on,full_page_writes=on") as on:
        assert [row["fsync"] for row in await on.place.rows("SHOW fsync")] == ["on"]
        await on.model("own/slow", "slow_chunks,rate=10")
        for _ in range(STOPS):
            await on.calm(1.5, 3)
            streams = [Stream(on) for _ in range(ADMITTED)]
            tasks = [asyncio.create_task(one.run()) for one in streams]
            async with asyncio.timeout(30):
                while any(one.id is None for one in streams):
                    assert not any(task.done() for task in tasks), [task.result() for task in tasks if task.done()]
                    await asyncio.sleep(0.01)
            pid = on.place.signal("postgres", signal.SIGQUIT)
            await on.place.started_anew("postgres", of_pid=pid)
            slowest_s = max(slowest_s, await on.seconds_until_served(within_s=POOL_BACK_WITHIN_S))
            assert await known(on, streams) == {one.id for one in streams}, "a caller was told 200, and the books know nothing of it"
            await on.place.heal("postgres", of_pid=pid)
            await asyncio.wait_for(asyncio.gather(*tasks), 60)
    tell(f"{STOPS} times; served {slowest_s:.1f} s after PostgreSQL took connections again, at most; each of {STOPS * ADMITTED} streams"
         f" that had begun was in the books; {summary(on.load)}")  # fmt: skip


async def known(on: Field, streams: Sequence[Stream]) -> set[str]:
    """Those whose hold stands, or that have ended."""
    ids = [UUID(one.id) for one in streams if one.id is not None]
    sql = "SELECT execution_id AS id FROM {} WHERE execution_id = ANY ($1)"
    return {str(row["id"]) for table in ("holds", "executions") for row in await on.place.rows(sql.format(table), ids)}


PATIENCE_OF_OTHERS: Final = "300ms"
HOLDERS: Final = 6
ACCOUNTS: Final = 8


@pytest.mark.fault(21)
@pytest.mark.promise("C-01", "C-04", "P-09")
async def test_deadlocks_and_locks_held_by_others(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    """Beside a storm of calls, sessions of somebody else take rows of the books in any order, and keep them for a moment.

    Who looks for a deadlock first is its victim: the services look after 100 ms, the others never, and let go after a while. The 64
    writers at once that the matrix names are in tests/integration/books/test_many_writers.py.
    """
    async with field(tmp_path, dice, rate=30, BURNISH_POSTGRES_SETTINGS="deadlock_timeout=100ms") as on:
        for number in range(ACCOUNTS):
            await on.make("/v1/budgets", {"target_kind": "end_user", "target_id": f"user-{number}", "limit_nusd": 10**12, "period": "day"})
        before = await deadlocks(on)
        stop = asyncio.Event()
        holders = [asyncio.create_task(hold(on, random.Random(dice.random()), stop)) for _ in range(HOLDERS)]
        await asyncio.sleep(SHOT_AT_S)
        stop.set()
        locked = sum(await asyncio.gather(*holders))
        await on.seconds_until_served(within_s=BACK_WITHIN_S)
        met = await deadlocks(on) - before
    assert met > 0, "no deadlock ended a transaction of a service"
    tell(f"{locked} times rows were taken by others, {met} deadlocks ended a transaction of a service; {summary(on.load)}")


async def hold(on: Field, dice: random.Random, stop: asyncio.Event) -> int:
    """Takes accounts and holds one by one, in an order of its own; how often it got them all."""
    got = 0
    async with on.place.postgres() as session:
        await session.execute(f"SET deadlock_timeout = '1h'; SET lock_timeout = '{PATIENCE_OF_OTHERS}'")
        while not stop.is_set():
            with contextlib.suppress(asyncpg.LockNotAvailableError):
                async with session.transaction():
                    for table, key in dice.sample((("accounts", "account_id"), ("accounts", "account_id"), ("holds", "execution_id")), 3):
                        for row in await session.fetch(f"SELECT {key} AS id FROM {table} ORDER BY random() LIMIT 3"):
                            await session.execute(f"SELECT FROM {table} WHERE {key} = $1 FOR UPDATE", row["id"])
                    await asyncio.sleep(dice.uniform(0.0, 0.15))
                got += 1
            await asyncio.sleep(dice.uniform(0.0, 0.2))
    return got


async def deadlocks(on: Field) -> int:
    [row] = await on.place.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return int(row["deadlocks"])
