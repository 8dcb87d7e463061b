"""Sending ranges again: what was missed arrives once, slowly enough that live deliveries come first."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from tests.embedded.databases import DatabaseUrls
from tests.fakes.receiver import Receiver
from tests.integration.webhooks.conftest import Hooks, an_event
from tests.integration.webhooks.gateway import Caller, WebhookGateway, webhook_gateway

from burnish_shared.contracts.webhooks import message_id
from burnish_webhooks.housekeeping import cancel_switched_off
from burnish_webhooks.replay_range import OUTSTANDING_MOST, replay_ranges

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("W-06"), pytest.mark.capability("W3")]

ENDPOINTS = "/v1/webhooks/endpoints"
LONG_AGO = "2026-01-01T00:00:00Z"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(module_database_urls: DatabaseUrls) -> AsyncIterator[WebhookGateway]:
    async with webhook_gateway(module_database_urls) as gateway:
        yield gateway


@pytest_asyncio.fixture(loop_scope="session")
async def call(served: WebhookGateway, hooks: Hooks) -> Caller:
    return await served.caller(hooks.workspace_id)


async def _make(call: Caller, receiver: Receiver) -> dict[str, Any]:
    status, made = await call("POST", ENDPOINTS, {"url": receiver.url(), "events": ["*"]})
    assert status == 201
    return dict(made)


async def test_dead_letters_of_a_range_are_sent_again_a_few_at_a_time(call: Caller, hooks: Hooks, receiver: Receiver) -> None:
    made = await _make(call, receiver)
    receiver.modes["/hook"] = ["abort"]
    events = [an_event(hooks.workspace_id, object_id=f"object-{n}") for n in range(12)]
    other = an_event(hooks.workspace_id, "prompt.label.moved")
    await hooks.emit(*events, other)
    async with hooks.delivering() as dispatcher:
        await hooks.until_all("cancelled")
        wish = {"from": LONG_AGO, "event_types": ["alert.*"]}
        status, asked = await call("POST", f"{ENDPOINTS}/{made['id']}/replay", wish)
        assert (status, asked["matched"], asked["status"], asked["event_types"]) == (
            202, 12, "running", ["alert.raised", "alert.acknowledged", "alert.resolved"],
        )  # fmt: skip
        status, refused = await call("POST", f"{ENDPOINTS}/{made['id']}/replay", wish)
        assert (status, refused["error"]["code"]) == (409, "conflict")

        receiver.modes["/hook"] = ["ok"]
        await hooks.change_endpoint(asked_id(made), "paused = true")
        assert await replay_ranges(db=hooks.worker, limit=20) == OUTSTANDING_MOST
        assert await replay_ranges(db=hooks.worker, limit=20) == 0
        _, shown = await call("GET", f"/v1/webhooks/replays/{asked['id']}")
        assert (shown["status"], shown["restarted"], shown["pending"]) == ("running", OUTSTANDING_MOST, OUTSTANDING_MOST)
        await hooks.change_endpoint(asked_id(made), "paused = false")
        dispatcher.wake()
        await hooks.until(lambda rows: not [row for row in rows if row["status"] == "pending"])
        assert await replay_ranges(db=hooks.worker, limit=20) == 12 - OUTSTANDING_MOST
        dispatcher.wake()
        await hooks.until(lambda rows: sum(row["status"] == "delivered" for row in rows) == 12)
    _, shown = await call("GET", f"/v1/webhooks/replays/{asked['id']}")
    assert (shown["status"], shown["restarted"], shown["pending"]) == ("done", 12, 0) and shown["finished_at"]
    again = [one.id for one in receiver.requests[13:]]
    assert sorted(again) == sorted(message_id(event.id, asked_id(made)) for event in events)
    _, listed = await call("GET", f"/v1/webhooks/replays?endpoint_id={made['id']}")
    assert [one["id"] for one in listed["data"]] == [asked["id"]]

    for query, found in (
        (f"event_id={other.id}", [other]),
        ("object_id=object-3", [events[3]]),
        ("status=cancelled", [other]),
        ("object_id=x", []),
    ):
        _, page = await call("GET", f"/v1/webhooks/deliveries?{query}")
        assert [one["event_id"] for one in page["data"]] == [str(event.id) for event in found]


async def test_a_replay_can_be_stopped_and_only_takes_what_it_was_asked_for(call: Caller, hooks: Hooks, receiver: Receiver) -> None:
    made = await _make(call, receiver)
    path = f"{ENDPOINTS}/{made['id']}/replay"
    receiver.modes["/hook"] = ["abort"]
    await hooks.emit(*(an_event(hooks.workspace_id) for _ in range(10)))
    async with hooks.delivering():
        await hooks.until_all("cancelled")
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    for body, matched in (({"from": LONG_AGO, "statuses": ["delivered"]}, 0), ({"from": LONG_AGO, "to": later}, 10)):
        status, asked = await call("POST", path, body)
        assert (status, asked["matched"]) == (202, matched)
        if matched == 0:
            assert await replay_ranges(db=hooks.worker, limit=20) == 0
    for wrong, param in (({"from": later, "to": LONG_AGO}, "to"), ({"from": later}, "from"), ({"from": "9999-01-01T00:00:00Z"}, "from")):
        status, refused = await call("POST", path, wrong)
        assert (status, refused["error"]["param"]) == (422, param)
    await replay_ranges(db=hooks.worker, limit=3)
    status, stopped = await call("POST", f"/v1/webhooks/replays/{asked['id']}/cancel")
    assert (status, stopped["cancel_requested"]) == (200, True)
    assert await replay_ranges(db=hooks.worker, limit=20) == 0
    _, shown = await call("GET", f"/v1/webhooks/replays/{asked['id']}")
    assert (shown["status"], shown["restarted"]) == ("cancelled", 3)
    for method, missing in (("GET", ""), ("POST", "/cancel")):
        assert (await call(method, f"/v1/webhooks/replays/{made['id']}{missing}"))[0] == 404


@pytest.mark.promise("W-10")
async def test_an_endpoint_that_is_enabled_again_catches_up(call: Caller, hooks: Hooks, receiver: Receiver) -> None:
    made = await _make(call, receiver)
    receiver.modes["/hook"] = ["410", "ok"]
    before, *missed = (an_event(hooks.workspace_id) for _ in range(4))
    await hooks.emit(before)
    async with hooks.delivering() as dispatcher:
        await hooks.until_all("cancelled")
        await hooks.emit(*missed)
        await cancel_switched_off(db=hooks.worker)
        status, enabled = await call("PATCH", f"{ENDPOINTS}/{made['id']}", {"enabled": True, "catch_up": True})
        assert status == 200 and enabled["status"] == "active"
        _, shown = await call("GET", f"/v1/webhooks/replays/{enabled['catch_up_id']}")
        assert (shown["kind"], shown["matched"]) == ("catch_up", 4)
        await replay_ranges(db=hooks.worker, limit=20)
        dispatcher.wake()
        await hooks.until_all("delivered")
    status, _ = await call("PATCH", f"{ENDPOINTS}/{made['id']}", {"catch_up": True})
    assert status == 422


def asked_id(made: dict[str, Any]) -> UUID:
    return UUID(made["id"])
