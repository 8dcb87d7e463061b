"""Nothing is lost: processes that die at each step, and receivers that come and go for days."""

import asyncio
import os
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from tests.embedded.databases import DatabaseUrls
from tests.fakes.receiver import Received, Receiver
from tests.integration.webhooks.conftest import Hooks, an_event

from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from burnish_webhooks.replay import replay_waiting

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("W3")]

STEPS = ("webhooks.after_claim", "webhooks.before_send", "webhooks.after_send", "webhooks.before_commit", "webhooks.range_step")


@pytest.mark.promise("W-02")
async def test_killed_at_each_step_nothing_is_lost_and_repeats_carry_the_same_id(
    hooks: Hooks, receiver: Receiver, module_database_urls: DatabaseUrls
) -> None:
    """Five processes, each killed at another step, and one that lives. `range_step` is between the restart of a range and its commit."""
    endpoint_id = await hooks.add_endpoint(receiver.url())
    events = [an_event(hooks.workspace_id) for _ in range(8)]
    await hooks.emit(*events)
    killed = [await _killed(module_database_urls["webhooks"], step) for step in STEPS[:-1]]
    assert killed == [137] * 4
    async with hooks.delivering():
        rows = await hooks.until_all("delivered")
    assert len(rows) == 8
    seen = Counter(one.id for one in receiver.requests)
    bodies = {one.id: {other.body for other in receiver.requests if other.id == one.id} for one in receiver.requests}
    assert len(seen) == 8 and {len(one) for one in bodies.values()} == {1}
    assert sum(seen.values()) - 8 == 2, "the two that died after the receiver had answered were sent once more"

    async with hooks.gateway.unit_of_work(workspace=hooks.workspace_id) as tx:
        await tx.execute(
            "INSERT INTO webhook_ranges (range_id, workspace_id, endpoint_id, kind, from_at, to_at, statuses, event_types, matched,"
            " at_time, requested_by) "
            "VALUES ($1, $2, $3, 'range', '-infinity', clock_timestamp(), '{delivered}', '{}', 8, '-infinity', 'test')",
            new_uuid(), hooks.workspace_id, endpoint_id,
        )  # fmt: skip
    assert await _killed(module_database_urls["webhooks"], STEPS[-1]) == 137
    (left,) = await hooks.rows("SELECT restarted, status FROM webhook_ranges")
    assert left == {"restarted": 0, "status": "running"}
    assert {row["status"] for row in await hooks.deliveries()} == {"delivered"}


async def _killed(dsn: str, step: str) -> int | None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.webhooks.one_round", dsn,
        env=os.environ | {"BURNISH_FP": f"{step}:exit"}, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@dataclass
class MovedClock:
    """The clock that is passed in: as many seconds ahead as the test has moved the database's times back."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


DAYS = timedelta(days=3)
UP_S, PERIOD_S = 4_000, 3 * 3_600
"""The receiver is up for about an hour of every three, and for good afterwards."""

MOVED = {
    "webhook_deliveries": ("next_attempt_at", "waiting_since", "created_at", "leased_until", "settled_at"),
    "webhook_endpoint_states": ("due_at", "opened_until", "failing_since", "window_since", "sent_until", "served_at"),
    "webhook_endpoints": ("enabled_at", "created_at"),
}


@pytest.mark.promise("W-02", "W-05")
async def test_a_receiver_that_flaps_for_three_days_processes_every_event_once(
    hooks: Hooks, receiver: Receiver, databases: dict[str, Database]
) -> None:
    """The real schedule, breaker and database. Instead of waiting, all times are moved back by as much as there is to wait."""
    clock = MovedClock()
    began = clock.now()
    processed: Counter[str] = Counter()

    def is_down(request: Received) -> bool:
        past = clock.now() - began
        if past < DAYS and past.total_seconds() % PERIOD_S >= UP_S:
            return True
        processed[request.id] += 1
        return processed[request.id] == 1 and request.id[35] in "02468ace"  # processed, and the answer is an error nevertheless

    receiver.rejects = is_down
    await hooks.add_endpoint(receiver.url())
    sent = 0
    async with hooks.delivering(factor=1) as dispatcher:
        while clock.now() - began < DAYS or await _pending(hooks):
            if sent < 18 and clock.now() - began >= sent * timedelta(hours=4):
                await hooks.emit(an_event(hooks.workspace_id))
                sent += 1
            dispatcher.wake()
            await _idle(hooks)
            await _move(databases["superuser"], clock, at_most=timedelta(hours=4))
            assert clock.now() - began < 3 * DAYS, "what fails for longer than the schedule is a dead letter"
        await _replay_dead_letters(hooks)
        assert await replay_waiting(db=hooks.worker, limit=50) < 9
        dispatcher.wake()
        await _idle(hooks)
        await _move(databases["superuser"], clock, at_most=timedelta(hours=4))
        dispatcher.wake()
        await hooks.until_all("delivered")
    rows = await hooks.deliveries()
    assert [row["status"] for row in rows] == ["delivered"] * sent and sent == 18
    assert len(processed) == sent, "a receiver that looks at webhook-id has processed each event once"
    assert len(receiver.requests) > 2 * sent


async def _replay_dead_letters(hooks: Hooks) -> None:
    async with hooks.gateway.unit_of_work(workspace=hooks.workspace_id) as tx:
        await tx.execute(
            "INSERT INTO webhook_replays (replay_id, workspace_id, event_id, endpoint_id) "
            "SELECT gen_random_uuid(), workspace_id, event_id, endpoint_id FROM webhook_deliveries WHERE status = 'exhausted'"
        )


async def _pending(hooks: Hooks) -> int:
    return sum(row["status"] == "pending" for row in await hooks.deliveries())


async def _idle(hooks: Hooks) -> None:
    """Until nothing is under way or due."""
    due = (
        "SELECT count(*) AS n FROM webhook_deliveries d JOIN webhook_endpoint_states s USING (endpoint_id) WHERE d.status = 'pending' AND "
        "(d.leased_until IS NOT NULL OR d.next_attempt_at <= clock_timestamp() AND coalesce(s.opened_until <= clock_timestamp(), true))"
    )
    async with asyncio.timeout(60):
        while (await hooks.rows(due))[0]["n"]:
            await asyncio.sleep(0.005)


async def _move(db: Database, clock: MovedClock, *, at_most: timedelta) -> None:
    """To the next moment at which something is due, or `at_most` on."""
    async with db.unit_of_work() as tx:
        wait = await tx.fetchval(
            "SELECT min(greatest(d.next_attempt_at, s.opened_until)) - clock_timestamp() FROM webhook_deliveries d "
            "JOIN webhook_endpoint_states s USING (endpoint_id) WHERE d.status = 'pending'"
        )
        step = min(max(wait or at_most, timedelta(milliseconds=10)), at_most)
        for table, columns in MOVED.items():
            await tx.execute(f"UPDATE {table} SET " + ", ".join(f"{name} = {name} - $1::interval" for name in columns), step)
    clock.ahead += step
