"""Rows 14, 15 and 21: PostgreSQL ends sessions, stops at once, and finds deadlocks."""

import asyncio
import contextlib
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from tests.chaos.matrix.field import Field, field, summary

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


@pytest.mark.fault(15)
@pytest.mark.promise("G-01", "G-10", "C-01", "P-09")
async def test_postgresql_stops_at_once(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    slowest_s = 0.0
    async with field(tmp_path, dice, BURNISH_POSTGRES_SETTINGS="fsync=on,full_page_writes=on") as on:
        assert [row["fsync"] for row in await on.place.rows("SHOW fsync")] == ["on"]
        for _ in range(3):
            await on.calm(1.5, 3)
            pid = on.place.signal("postgres", signal.SIGQUIT)
            await on.place.heal("postgres", of_pid=pid)
            slowest_s = max(slowest_s, await on.seconds_until_served(within_s=BACK_WITHIN_S))
    tell(f"3 times; served {slowest_s:.1f} s after everything said that it was ready, at most; {summary(on.load)}")


HOLDERS: Final = 6
ACCOUNTS: Final = 8


@pytest.mark.fault(21)
@pytest.mark.promise("C-01", "C-04", "P-09")
async def test_deadlocks_and_locks_held_by_others(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    """Beside a storm of calls, sessions of somebody else take rows of the books in any order, and keep them for a moment."""
    async with field(tmp_path, dice, rate=30) as on:
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
    assert met > 0
    tell(f"{locked} times rows were taken by others, {met} deadlocks; {summary(on.load)}")


async def hold(on: Field, dice: random.Random, stop: asyncio.Event) -> int:
    """Takes accounts and holds one by one, in an order of its own; how often it got them all."""
    got = 0
    async with on.place.postgres() as session:
        await session.execute("SET deadlock_timeout = '200ms'")
        while not stop.is_set():
            with contextlib.suppress(asyncpg.DeadlockDetectedError):
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
