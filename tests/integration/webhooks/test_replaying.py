"""Sending again: nobody's wish waits behind another tenant's, and all processes together keep to the pace."""

import asyncio
import time
from datetime import UTC, datetime
from uuid import UUID

import pytest
from tests.embedded.databases import DatabaseUrls
from tests.embedded.workspaces import make_workspace
from tests.integration.webhooks.conftest import Hooks, an_event

from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from burnish_webhooks.io import deliveries_store, ranges_store
from burnish_webhooks.replay import replay_some, replay_waiting
from burnish_webhooks.replay_range import OUTSTANDING_MOST, replay_ranges

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("W-06"), pytest.mark.capability("W3")]


async def _settle_all(hooks: Hooks, *workspaces: UUID, status: str = "exhausted") -> None:
    for claim in await hooks.claims():
        if claim.workspace_id in workspaces:
            async with hooks.worker.unit_of_work(workspaces={claim.workspace_id}) as tx:
                await deliveries_store.settle_finally(tx, claim, status=status, reason="timeout")


async def _ask_range(hooks: Hooks, endpoint_id: UUID, kind: str = "range", **values: object) -> UUID:
    range_id = new_uuid()
    given = {"from_at": datetime(2026, 1, 1, tzinfo=UTC), "to_at": datetime.now(UTC), "at_time": datetime(2026, 1, 1, tzinfo=UTC)} | {
        "statuses": ["exhausted", "cancelled"], "event_types": [], "matched": 9, "requested_by": "test",
    } | values  # fmt: skip
    names, places = ", ".join(given), ", ".join(f"${n}" for n in range(5, 5 + len(given)))
    async with hooks.gateway.unit_of_work(workspace=hooks.workspace_id) as tx:
        await tx.execute(
            f"INSERT INTO webhook_ranges (range_id, workspace_id, endpoint_id, kind, {names}) VALUES ($1, $2, $3, $4, {places})",
            range_id, hooks.workspace_id, endpoint_id, kind, *given.values(),
        )  # fmt: skip
    return range_id


async def _range(hooks: Hooks, range_id: UUID) -> dict[str, object]:
    return (await hooks.rows("SELECT status, restarted FROM webhook_ranges WHERE range_id = $1", range_id))[0]


async def test_a_tenant_whose_deliveries_are_under_way_holds_up_nobody_elses_replay(
    hooks: Hooks, module_database_urls: DatabaseUrls
) -> None:
    other = (await make_workspace(module_database_urls["superuser"])).workspace_id
    mine = [await hooks.add_endpoint("https://slow.example/") for _ in range(4)]
    theirs = await hooks.add_endpoint("https://fine.example/", workspace_id=other)
    ours, wished = an_event(hooks.workspace_id), an_event(other)
    await hooks.emit(ours, wished)
    await _settle_all(hooks, other)
    for endpoint_id in mine:
        await hooks.wish_replay(ours.id, endpoint_id)
    await hooks.wish_replay(wished.id, theirs, workspace_id=other)
    assert await replay_waiting(db=hooks.worker, limit=2) == 1, "each tenant has its turn, and one of them is free"
    assert {row["status"] for row in await hooks.deliveries()} == {"pending"}
    assert {row["claims"] for row in await hooks.deliveries()} == {1}, "what is under way is not started beside it"


async def test_a_wish_that_must_wait_lets_others_of_its_workspace_pass(hooks: Hooks) -> None:
    slow, fine = await hooks.add_endpoint("https://slow.example/", "alert.raised"), await hooks.add_endpoint("https://fine.example/")
    busy, ended = an_event(hooks.workspace_id), an_event(hooks.workspace_id, "prompt.label.moved")
    await hooks.emit(ended)
    await _settle_all(hooks, hooks.workspace_id)
    await hooks.change_endpoint(fine, "paused = true")
    await hooks.emit(busy)
    (claim,) = await hooks.claims()
    await hooks.wish_replay(busy.id, slow)
    await hooks.wish_replay(ended.id, fine)
    assert [await replay_waiting(db=hooks.worker, limit=1) for _ in range(3)] == [0, 1, 0]
    async with hooks.worker.unit_of_work(workspaces={hooks.workspace_id}) as tx:
        await deliveries_store.settle_finally(tx, claim, status="delivered", reason=None)
    assert await replay_waiting(db=hooks.worker, limit=1) == 1


async def test_one_wish_for_a_delivery_waits_at_a_time(hooks: Hooks) -> None:
    endpoint_id = await hooks.add_endpoint("https://x.example/")
    event = an_event(hooks.workspace_id)
    await hooks.emit(event)
    await hooks.wish_replay(event.id, endpoint_id)
    async with hooks.gateway.unit_of_work(workspace=hooks.workspace_id) as tx:
        again = (
            "INSERT INTO webhook_replays (replay_id, workspace_id, event_id, endpoint_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
        )
        assert await tx.execute(again, new_uuid(), hooks.workspace_id, event.id, endpoint_id) == "INSERT 0 0"
    assert await replay_waiting(db=hooks.worker, limit=9) == 1
    await hooks.wish_replay(event.id, endpoint_id)


async def test_a_replay_tries_a_resting_endpoint_at_once(hooks: Hooks, databases: dict[str, Database]) -> None:
    endpoint_id = await hooks.add_endpoint("https://x.example/")
    event = an_event(hooks.workspace_id)
    await hooks.emit(event)
    await _settle_all(hooks, hooks.workspace_id)
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute("UPDATE webhook_endpoint_states SET opened_until = clock_timestamp() + interval '1 hour'")
    await hooks.wish_replay(event.id, endpoint_id)
    assert await replay_waiting(db=hooks.worker, limit=9) == 1
    assert len(await hooks.claims()) == 1


async def test_a_replay_leaves_an_endpoint_that_does_not_rest_as_it_is(hooks: Hooks, databases: dict[str, Database]) -> None:
    """Half open, a single failure would begin a pause."""
    endpoint_id = await hooks.add_endpoint("https://x.example/")
    event = an_event(hooks.workspace_id)
    await hooks.emit(event)
    await _settle_all(hooks, hooks.workspace_id)
    await hooks.wish_replay(event.id, endpoint_id)
    assert await replay_waiting(db=hooks.worker, limit=9) == 1
    async with databases["superuser"].unit_of_work() as tx:
        assert await tx.fetchval("SELECT opened_until FROM webhook_endpoint_states WHERE endpoint_id = $1", endpoint_id) is None


async def test_where_nobody_wants_anything_sent_again_nothing_is_written(hooks: Hooks, databases: dict[str, Database]) -> None:
    """Once a second, in each installation: a write would be a wait for the disk."""

    async def pace() -> object:
        async with databases["superuser"].unit_of_work() as tx:
            return await tx.fetchrow("SELECT xmin, spent_until FROM webhook_replay_pace")

    before = await pace()
    assert await replay_some(db=hooks.worker, per_second=20) == 0
    assert await pace() == before


async def test_all_processes_together_keep_to_the_pace_and_ranges_get_their_half(hooks: Hooks, databases: dict[str, Database]) -> None:
    endpoint_id, other = await hooks.add_endpoint("https://x.example/"), await hooks.add_endpoint("https://y.example/")
    events = [an_event(hooks.workspace_id) for _ in range(10)]
    await hooks.emit(*events)
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute("UPDATE webhook_deliveries SET status = 'exhausted', settled_at = clock_timestamp()")
        await tx.execute("UPDATE webhook_replay_pace SET spent_until = '-infinity'")
    for event in events:
        await hooks.wish_replay(event.id, endpoint_id)
    range_id = await _ask_range(hooks, other)
    began_s = time.monotonic()
    rounds = await asyncio.gather(*(replay_some(db=hooks.worker, per_second=6) for _ in range(4)))
    took_s = time.monotonic() - began_s
    assert 6 <= sum(rounds) <= 7 + 6 * took_s, "a little more only because a part of the second has passed"
    range_ = await _range(hooks, range_id)
    assert range_["status"] == "running" and 3 <= int(str(range_["restarted"])) <= 3 + 3 * took_s


async def test_a_range_takes_what_it_was_asked_for_and_no_more(hooks: Hooks, databases: dict[str, Database]) -> None:
    endpoint_id = await hooks.add_endpoint("https://x.example/")
    early, meant, late, settled_early = (an_event(hooks.workspace_id) for _ in range(4))
    for event in (early, settled_early, meant, late):
        await hooks.emit(event)
    rows = {row["event_id"]: row for row in await hooks.deliveries()}
    async with databases["superuser"].unit_of_work() as tx:
        ended = "UPDATE webhook_deliveries SET status = 'exhausted', settled_at = clock_timestamp() - $2 * interval '1 hour'"
        for event, hours in ((early, 0), (settled_early, 2), (meant, 0), (late, 0)):
            await tx.execute(f"{ended} WHERE event_id = $1", event.id, hours)
        now = await tx.fetchval("SELECT clock_timestamp() - interval '1 hour'")
    range_id = await _ask_range(
        hooks, endpoint_id, from_at=rows[settled_early.id]["created_at"], at_time=rows[settled_early.id]["created_at"],
        to_at=rows[late.id]["created_at"], settled_from=now,
    )  # fmt: skip
    assert await replay_ranges(db=hooks.worker, limit=20) == 1
    assert {row["event_id"] for row in await hooks.deliveries() if row["status"] == "pending"} == {meant.id}
    assert await _range(hooks, range_id) == {"status": "done", "restarted": 1}


@pytest.mark.parametrize("off", ["deleted_at = clock_timestamp()", ""])
async def test_a_range_ends_where_its_endpoint_is_off(hooks: Hooks, databases: dict[str, Database], off: str) -> None:
    endpoint_id = await hooks.add_endpoint("https://x.example/")
    await hooks.emit(an_event(hooks.workspace_id))
    await _settle_all(hooks, hooks.workspace_id)
    range_id = await _ask_range(hooks, endpoint_id)
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute(
            f"UPDATE webhook_endpoints SET {off}" if off else "UPDATE webhook_endpoint_states SET disabled_at = clock_timestamp()"
        )
    assert await replay_ranges(db=hooks.worker, limit=20) == 0
    assert await _range(hooks, range_id) == {"status": "endpoint_off", "restarted": 0}
    assert {row["status"] for row in await hooks.deliveries()} == {"exhausted"}


async def test_processes_that_step_through_one_range_start_each_delivery_once(hooks: Hooks, databases: dict[str, Database]) -> None:
    endpoint_id = await hooks.add_endpoint("https://x.example/")
    await hooks.emit(*(an_event(hooks.workspace_id) for _ in range(12)))
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute("UPDATE webhook_deliveries SET status = 'exhausted', settled_at = clock_timestamp()")
    range_id = await _ask_range(hooks, endpoint_id)
    async with hooks.worker.unit_of_work(workspaces={hooks.workspace_id}) as tx:
        assert await ranges_store.lock(tx, range_id) is not None
        assert await replay_ranges(db=hooks.worker, limit=20) == 0, "it is in somebody's hands"
    assert sum(await asyncio.gather(*(replay_ranges(db=hooks.worker, limit=20) for _ in range(4)))) == OUTSTANDING_MOST
    assert (await _range(hooks, range_id))["restarted"] == OUTSTANDING_MOST


async def test_a_catch_up_waits_a_moment_for_what_is_cancelled_after_the_enabling(hooks: Hooks, databases: dict[str, Database]) -> None:
    endpoint_id = await hooks.add_endpoint("https://x.example/")
    first, second = an_event(hooks.workspace_id), an_event(hooks.workspace_id)
    await hooks.emit(first)
    await _settle_all(hooks, hooks.workspace_id, status="cancelled")
    async with databases["superuser"].unit_of_work() as tx:
        soon = await tx.fetchval("SELECT clock_timestamp() + interval '1 minute'")
    range_id = await _ask_range(hooks, endpoint_id, kind="catch_up", to_at=soon)
    assert await replay_ranges(db=hooks.worker, limit=20) == 1
    await _settle_all(hooks, hooks.workspace_id, status="delivered")
    await hooks.emit(second)
    await _settle_all(hooks, hooks.workspace_id, status="cancelled")
    assert await replay_ranges(db=hooks.worker, limit=20) == 1
    assert (await _range(hooks, range_id))["status"] == "running"
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute("UPDATE webhook_ranges SET requested_at = requested_at - interval '61 seconds'")
    await replay_ranges(db=hooks.worker, limit=20)
    assert await _range(hooks, range_id) == {"status": "done", "restarted": 2}
