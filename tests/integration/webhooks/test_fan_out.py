"""Events become deliveries while others settle, in bounded memory, and without holding up what else the process does."""

import asyncio
import tracemalloc
from collections.abc import Callable

import pytest
from tests.embedded.databases import DatabaseUrls
from tests.embedded.workspaces import make_workspace
from tests.fakes.receiver import Receiver
from tests.integration.webhooks.conftest import Hooks, an_event

from burnish_shared.contracts.webhooks import CONDITION_NAMES
from burnish_shared.db.session import Database
from burnish_shared.expressions import parse
from burnish_shared.ids import new_uuid

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("W-01")]

ALL_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


async def test_events_are_taken_up_while_attempts_settle_and_neither_waits_for_ever(
    hooks: Hooks, receiver: Receiver, databases: dict[str, Database]
) -> None:
    """Both change the endpoint's state and its day: in one order, or each waits for the other until PostgreSQL ends one of them."""
    endpoint_id = await hooks.add_endpoint(receiver.url())
    await hooks.change_endpoint(endpoint_id, "condition = 'data.n > 1'")
    async with databases["superuser"].unit_of_work() as tx:
        before = await tx.fetchval(ALL_DEADLOCKS)
    async with hooks.delivering() as dispatcher:
        for _ in range(25):
            await hooks.emit(*(an_event(hooks.workspace_id, data={"n": n % 3}) for n in range(6)))
            dispatcher.wake()
        await hooks.until_all("delivered")
    assert len(await hooks.deliveries()) == 50 and len(receiver.requests) == 50
    async with databases["superuser"].unit_of_work() as tx:
        assert await tx.fetchval(ALL_DEADLOCKS) == before


async def test_processes_that_take_up_events_of_the_same_endpoints_end_both(hooks: Hooks) -> None:
    """The endpoints of one batch are locked at once and in one order, whether they get a delivery or a note of what went wrong."""
    endpoints = [await hooks.add_endpoint("https://x.example/") for _ in range(8)]
    for endpoint_id in endpoints[::2]:
        await hooks.change_endpoint(endpoint_id, "condition = 'data.n > 1'")
    for endpoint_id in endpoints[1::2]:
        await hooks.change_endpoint(endpoint_id, "condition = 'data.m > 1'")

    async def one(data: dict[str, object]) -> int:
        return sum([await hooks.emit(an_event(hooks.workspace_id, data=data)) for _ in range(10)])

    first, second = {"n": "odd", "m": 2}, {"n": 2, "m": "odd"}
    assert sum(await asyncio.gather(one(first), one(second), one(first), one(second))) == 4 * 10 * 4


async def test_conditions_of_many_endpoints_do_not_stop_the_process(
    hooks: Hooks, databases: dict[str, Database], spare_now: Callable[[], float]
) -> None:
    condition = " or ".join(f"data.a.b.c == {n}" for n in range(43))
    parse(condition, names=CONDITION_NAMES)
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute(
            "INSERT INTO webhook_endpoints (endpoint_id, workspace_id, url, events, secret_sealed, condition) "
            "SELECT gen_random_uuid(), $1, 'https://x.example', '{*}', 'x', $2 FROM generate_series(1, 60)",
            hooks.workspace_id, condition,
        )  # fmt: skip
    longest_s = 0.0

    async def watch() -> None:
        nonlocal longest_s
        while True:
            began_s = spare_now()
            await asyncio.sleep(0.001)
            longest_s = max(longest_s, spare_now() - began_s)

    watching = asyncio.create_task(watch())
    began_s = spare_now()
    assert await hooks.emit(*(an_event(hooks.workspace_id, data={"a": {"b": {"c": -1}}}) for _ in range(10))) == 0
    took_s = spare_now() - began_s
    watching.cancel()
    assert longest_s < max(0.1, took_s / 3)


async def test_the_body_of_an_event_is_made_once_for_all_endpoints(hooks: Hooks, databases: dict[str, Database]) -> None:
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute(
            "INSERT INTO webhook_endpoints (endpoint_id, workspace_id, url, events, secret_sealed) "
            "SELECT gen_random_uuid(), $1, 'https://x.example', '{*}', 'x' FROM generate_series(1, 100)",
            hooks.workspace_id,
        )  # fmt: skip
    events = [an_event(hooks.workspace_id, data={"text": "x" * 50_000}) for _ in range(6)]
    tracemalloc.start()
    try:
        assert await hooks.emit(*events) == 600
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most_bytes < 12 * 1024 * 1024, "600 deliveries of 50 kB each are 30 MB when each has a body of its own"
    assert {len(row["body"]) > 50_000 for row in await hooks.deliveries()} == {True}


async def test_an_event_whose_delivery_exists_already_is_no_new_one(hooks: Hooks, module_database_urls: DatabaseUrls) -> None:
    """Two workspaces in one batch, one event told twice: each (event, endpoint) once."""
    other = (await make_workspace(module_database_urls["superuser"])).workspace_id
    await hooks.add_endpoint("https://x.example/")
    await hooks.add_endpoint("https://y.example/", workspace_id=other)
    ours, theirs = an_event(hooks.workspace_id), an_event(other)
    assert await hooks.emit(ours, theirs, ours) == 2
    assert await hooks.emit(theirs, an_event(hooks.workspace_id, id=new_uuid())) == 1


@pytest.mark.promise("M-02")
async def test_what_is_told_again_is_held_back_and_delivered_once_whichever_memory_is_left(
    hooks: Hooks, databases: dict[str, Database]
) -> None:
    """The ids of events keep a repeat from being counted; and where they are forgotten, the deliveries keep it from being sent."""
    delivers, holds_back = [await hooks.add_endpoint("https://x.example/") for _ in range(2)]
    await hooks.change_endpoint(holds_back, "condition = 'data.n > 1'")
    event = an_event(hooks.workspace_id, data={"n": 1})
    assert [await hooks.emit(event) for _ in range(3)] == [1, 0, 0]
    async with databases["superuser"].unit_of_work() as tx:
        assert await tx.fetchval("SELECT sum(filtered) FROM webhook_endpoint_days WHERE endpoint_id = $1", holds_back) == 1
        await tx.execute("DELETE FROM event_ids WHERE event_id = $1", str(event.id))
    assert await hooks.emit(event) == 0
    assert [one["endpoint_id"] for one in await hooks.deliveries()] == [delivers]
