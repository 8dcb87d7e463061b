"""Whose turn it is: workspaces and endpoints one after the other, limits that hold, and an endpoint that was mended tried at once."""

import asyncio
import time
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest
from tests.embedded.databases import DatabaseUrls
from tests.embedded.workspaces import make_workspace
from tests.fakes.receiver import Receiver
from tests.integration.webhooks.conftest import Hooks, an_event

from burnish_shared.db.session import Database
from burnish_webhooks.dispatch_due import Limits
from burnish_webhooks.io import deliveries_store, endpoints_store

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("W-07"), pytest.mark.capability("W3")]


async def test_a_quiet_workspace_comes_next_however_many_endpoints_a_loud_one_has(
    hooks: Hooks, module_database_urls: DatabaseUrls, databases: dict[str, Database]
) -> None:
    quiet = (await make_workspace(module_database_urls["superuser"])).workspace_id
    for _ in range(10):
        await hooks.add_endpoint("https://loud.example/")
    theirs = await hooks.add_endpoint("https://quiet.example/", workspace_id=quiet)
    await hooks.emit(an_event(quiet))
    assert len(await hooks.claims()) == 1
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute("DELETE FROM webhook_deliveries")
    await hooks.emit(an_event(hooks.workspace_id), an_event(hooks.workspace_id), an_event(quiet))
    order = [claim.endpoint_id for _ in range(3) for claim in await hooks.claims(limit=1)]
    assert theirs in order[:2]


REFUSING = """
CREATE OR REPLACE FUNCTION claim_webhook_deliveries(p_limit integer, p_lease_ms integer, p_per_endpoint integer, p_per_workspace integer,
  p_only_idle boolean) RETURNS TABLE (workspace_id uuid, event_id uuid, endpoint_id uuid, claim_no integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = burnish, pg_temp AS $$ BEGIN RAISE EXCEPTION 'asked'; END $$"""


async def test_where_nothing_is_due_the_claim_is_one_look(hooks: Hooks, databases: dict[str, Database]) -> None:
    """Once a second, in each installation: the claim itself is planned anew over all partitions each time."""
    endpoint_id = await hooks.add_endpoint("https://x.example/")
    await hooks.emit(an_event(hooks.workspace_id))
    with pytest.raises(asyncpg.RaiseError, match="asked"):
        async with databases["superuser"].unit_of_work() as tx:
            await tx.execute("UPDATE webhook_endpoint_states SET due_at = clock_timestamp() + interval '1 hour'")
            await tx.execute(REFUSING)
            assert await deliveries_store.claim_due(tx, limit=8, lease_s=60, per_endpoint=4, per_workspace=32) == []
            await tx.execute("UPDATE webhook_endpoint_states SET due_at = now() WHERE endpoint_id = $1", endpoint_id)
            await deliveries_store.claim_due(tx, limit=8, lease_s=60, per_endpoint=4, per_workspace=32)


async def test_the_endpoints_of_a_workspace_go_round(hooks: Hooks) -> None:
    endpoints = {await hooks.add_endpoint("https://x.example/") for _ in range(3)}
    await hooks.emit(*(an_event(hooks.workspace_id) for _ in range(3)))
    order = [claim.endpoint_id for _ in range(6) for claim in await hooks.claims(limit=1)]
    assert set(order[:3]) == set(order[3:]) == endpoints and order[:3] == order[3:]


async def test_the_limit_of_a_workspace_holds_for_processes_that_claim_at_once(hooks: Hooks) -> None:
    """While one process claims for a workspace, what it takes is not to be seen yet: nobody else may count."""
    for _ in range(20):
        await hooks.add_endpoint("https://loud.example/")
    await hooks.emit(*(an_event(hooks.workspace_id) for _ in range(4)))
    async with hooks.worker.unit_of_work() as tx:
        first = await deliveries_store.claim_due(tx, limit=8, lease_s=60, per_endpoint=4, per_workspace=32)
        assert len(first) == 8 and await hooks.claims() == []
    at_once = await asyncio.gather(*(hooks.claims() for _ in range(4)))
    later = [claim for _ in range(3) for claim in await hooks.claims()]
    assert len(first) + sum(map(len, at_once)) + len(later) == 32


async def test_a_claim_waits_for_nobody(hooks: Hooks, module_database_urls: DatabaseUrls) -> None:
    """An endpoint whose state is locked, by a fan-out or by an attempt that ends, is left out, and the others get their turn."""
    held, free = await hooks.add_endpoint("https://held.example/"), await hooks.add_endpoint("https://free.example/")
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.worker.unit_of_work(workspaces={hooks.workspace_id}) as tx:
        assert await endpoints_store.lock_state(tx, held) is not None
        async with asyncio.timeout(60):  # The lock is held until the block ends.
            assert [claim.endpoint_id for claim in await hooks.claims()] == [free]
    assert [claim.endpoint_id for claim in await hooks.claims()] == [held]


async def test_slow_receivers_leave_a_place_to_whoever_has_nothing_under_way(
    hooks: Hooks, receiver: Receiver, module_database_urls: DatabaseUrls
) -> None:
    """16 places, two of them kept: others would take them all and give back none before their receivers answer."""
    receiver.modes["/slow"] = ["hang"]
    for _ in range(3):
        other = (await make_workspace(module_database_urls["superuser"])).workspace_id
        for _ in range(2):
            await hooks.add_endpoint(receiver.url("/slow"), workspace_id=other)
        await hooks.emit(*(an_event(other) for _ in range(8)))
    await hooks.add_endpoint(receiver.url("/ok"))
    limits = Limits(per_process=16, per_workspace=8, lease_s=60, interval_s=0.02)
    async with hooks.delivering(limits=limits, total_timeout_s=40) as dispatcher:
        await receiver.wait_for(lambda all_: len(all_) == 14)
        await hooks.emit(an_event(hooks.workspace_id), an_event(hooks.workspace_id))
        dispatcher.wake()
        await receiver.wait_for(lambda all_: sum(one.path == "/ok" for one in all_) == 2)
        assert receiver.most_at_once["/slow"] == 14
        receiver.modes["/slow"] = ["ok"]
        receiver.released.set()


async def test_a_process_has_no_more_under_way_than_it_may(hooks: Hooks, receiver: Receiver) -> None:
    receiver.modes["/hook"] = ["slow=0.05"]
    for _ in range(3):
        await hooks.add_endpoint(receiver.url())
    await hooks.emit(*(an_event(hooks.workspace_id) for _ in range(4)))
    async with hooks.delivering(limits=Limits(per_process=3, lease_s=5, interval_s=0.02)):
        await hooks.until_all("delivered")
    assert receiver.most_at_once["/hook"] == 3


RESTING = """
UPDATE webhook_endpoint_states
   SET opened_until = clock_timestamp() + interval '55 minutes', due_at = clock_timestamp() + interval '55 minutes', openings = 8,
       consecutive_failures = 40, failing_since = clock_timestamp() - interval '6 days', failed_events = 5, {and_more}
 WHERE endpoint_id = $1"""


async def _let_rest(databases: dict[str, Database], endpoint_id: UUID, *, and_more: str = "disabled_at = NULL") -> None:
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute(RESTING.format(and_more=and_more), endpoint_id)


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ("disabled_at = clock_timestamp(), disabled_reason = 'failing'", "enabled_at = clock_timestamp()"),
        ("disabled_at = NULL", "url = 'https://mended.example/'"),
        ("disabled_at = NULL", "paused = false"),
    ],
    ids=["enabled", "new URL", "unpaused"],
)
async def test_an_endpoint_that_was_mended_is_tried_at_once(hooks: Hooks, databases: dict[str, Database], before: str, change: str) -> None:
    endpoint_id = await hooks.add_endpoint("https://broken.example/")
    await hooks.emit(an_event(hooks.workspace_id))
    await hooks.change_endpoint(endpoint_id, "paused = $2", change.startswith("paused"))
    await _let_rest(databases, endpoint_id, and_more=before)
    await hooks.change_endpoint(endpoint_id, "description = 'no reason to try'")
    assert await hooks.claims() == []

    await hooks.change_endpoint(endpoint_id, change)
    assert len(await hooks.claims()) == 1
    state = await hooks.state(endpoint_id)
    assert (state["opened_until"], state["consecutive_failures"], state["openings"], state["failing_since"], state["failed_events"]) == (
        None, 0, 0, None, 0,
    )  # fmt: skip


async def test_a_pause_of_the_breaker_holds_for_new_events_and_not_for_a_test(hooks: Hooks, databases: dict[str, Database]) -> None:
    endpoint_id = await hooks.add_endpoint("https://broken.example/")
    await hooks.emit(an_event(hooks.workspace_id))
    await _let_rest(databases, endpoint_id)
    await hooks.emit(an_event(hooks.workspace_id))
    assert await hooks.claims() == [] and (await hooks.state(endpoint_id))["due_at"] > datetime.now(UTC)

    tested = an_event(hooks.workspace_id, "webhook.test", object_id=str(endpoint_id))
    await hooks.emit(tested)
    assert [claim.event_id for claim in await hooks.claims()] == [tested.id], "one probe: the test"
    assert await hooks.claims() == []


async def test_three_failures_in_a_row_leave_one_place(hooks: Hooks, databases: dict[str, Database]) -> None:
    endpoint_id = await hooks.add_endpoint("https://failing.example/")
    await hooks.emit(*(an_event(hooks.workspace_id) for _ in range(5)))
    for failures, places in ((3, 1), (2, 3)):
        async with databases["superuser"].unit_of_work() as tx:
            await tx.execute(
                "UPDATE webhook_endpoint_states SET consecutive_failures = $2, due_at = clock_timestamp() WHERE endpoint_id = $1",
                endpoint_id, failures,
            )  # fmt: skip
        assert len(await hooks.claims()) == places


async def test_an_endpoint_that_was_disabled_gets_no_turn(hooks: Hooks, databases: dict[str, Database]) -> None:
    endpoint_id = await hooks.add_endpoint("https://gone.example/")
    await hooks.emit(an_event(hooks.workspace_id))
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute("UPDATE webhook_endpoint_states SET disabled_at = clock_timestamp() WHERE endpoint_id = $1", endpoint_id)
    assert await hooks.claims() == []


@pytest.mark.parametrize(("per_minute", "at_first"), [(30, 1), (120, 2)])
async def test_no_minute_has_more_than_the_throttle_allows(
    hooks: Hooks, databases: dict[str, Database], per_minute: int, at_first: int
) -> None:
    """119 claims, half a second one from the other: the test moves the slots for what of that has not passed by itself."""
    endpoint_id = await hooks.add_endpoint("https://slow.example/")
    await hooks.change_endpoint(endpoint_id, "throttle_per_minute = $2", per_minute)
    await hooks.emit(*(an_event(hooks.workspace_id) for _ in range(per_minute + 5)))
    counts: list[int] = []
    began_s = time.monotonic()
    moved_s = 0.0
    for n in range(119):
        more_s = n * 0.503 - (time.monotonic() - began_s) - moved_s
        moved_s += more_s
        async with databases["superuser"].unit_of_work() as tx:
            await tx.execute("UPDATE webhook_deliveries SET leased_until = NULL, status = 'delivered' WHERE leased_until IS NOT NULL")
            await tx.execute(
                "UPDATE webhook_endpoint_states SET sent_until = sent_until - $2 * interval '1 second', due_at = clock_timestamp() "
                "WHERE endpoint_id = $1",
                endpoint_id, more_s,
            )  # fmt: skip
        counts.append(len(await hooks.claims()))
    assert counts[0] == at_first and max(counts) <= at_first
    assert per_minute * 0.9 <= sum(counts) <= per_minute
