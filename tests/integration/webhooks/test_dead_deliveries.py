"""What the log shows of headers, and dead letters that nobody wants any more."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from tests.embedded.databases import DatabaseUrls
from tests.fakes.receiver import Receiver
from tests.integration.webhooks.conftest import Hooks, an_event
from tests.integration.webhooks.gateway import Caller, WebhookGateway, webhook_gateway

from burnish_gateway.webhooks import dismiss
from burnish_shared.contracts.webhooks import message_id
from burnish_shared.egress import Egress, EgressPolicy
from burnish_webhooks.io import deliveries_store
from burnish_webhooks.replay import replay_waiting
from burnish_webhooks.replay_range import replay_ranges

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("W3")]

ENDPOINTS = "/v1/webhooks/endpoints"
DELIVERIES = "/v1/webhooks/deliveries"
LONG_AGO = "2026-01-01T00:00:00Z"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(module_database_urls: DatabaseUrls) -> AsyncIterator[WebhookGateway]:
    async with webhook_gateway(module_database_urls) as gateway:
        yield gateway


@pytest_asyncio.fixture(loop_scope="session")
async def call(served: WebhookGateway, hooks: Hooks) -> Caller:
    served.guard(Egress(EgressPolicy.parse("127.0.0.0/8")))
    return await served.caller(hooks.workspace_id)


async def ok(answer: Any, status: int = 200) -> Any:
    got, body = await answer
    assert got == status, body
    return body


async def test_the_log_shows_headers_of_request_and_answer_but_no_secret(
    call: Caller, served: WebhookGateway, hooks: Hooks, receiver: Receiver
) -> None:
    given = {"url": receiver.url(), "events": ["*"], "headers": {"X-Team": "desk", "Authorization": "Bearer s3cret-of-theirs"}}
    await ok(call("POST", ENDPOINTS, given), 201)
    receiver.modes["/hook"] = ["cookie"]
    event = an_event(hooks.workspace_id)
    await hooks.emit(event)
    async with hooks.delivering():
        (row,) = await hooks.until_all("delivered")
    path = f"{DELIVERIES}/{message_id(event.id, row['endpoint_id'])}"
    (attempt,) = (await ok(call("GET", path)))["attempt_log"]
    sent, came = attempt["request_headers"], attempt["response_headers"]
    (request,) = receiver.requests
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature", "webhook-attempt", "content-type", "user-agent"):
        assert sent[name] == request.headers[name]
    assert (sent["authorization"], sent["x-team"], request.headers["x-team"]) == (None, None, "desk")
    assert came["set-cookie"] is None and came["content-type"].startswith("text/plain") and "date" in came
    viewer = await served.caller(hooks.workspace_id, role="viewer")
    (seen,) = (await ok(viewer("GET", path)))["attempt_log"]
    assert (seen["request_headers"], seen["response_headers"]) == (None, None)


async def test_an_attempt_that_nobody_answered_shows_what_was_sent(call: Caller, hooks: Hooks, receiver: Receiver) -> None:
    await ok(call("POST", ENDPOINTS, {"url": receiver.url(), "events": ["*"]}), 201)
    receiver.modes["/hook"] = ["drop", "ok"]
    event = an_event(hooks.workspace_id)
    await hooks.emit(event)
    async with hooks.delivering():
        (row,) = await hooks.until_all("delivered")
    log = (await ok(call("GET", f"{DELIVERIES}/{message_id(event.id, row['endpoint_id'])}")))["attempt_log"]
    assert [(one["request_headers"]["webhook-attempt"], one["response_headers"] is None) for one in log] == [("1", True), ("2", False)]


async def test_dead_letters_are_dismissed_one_or_all_and_no_range_sends_them(call: Caller, hooks: Hooks, receiver: Receiver) -> None:
    made = await ok(call("POST", ENDPOINTS, {"url": receiver.url(), "events": ["*"]}), 201)
    receiver.modes["/hook"] = ["503"]
    events = [an_event(hooks.workspace_id, object_id=f"object-{n}") for n in range(3)] + [
        an_event(hooks.workspace_id, "prompt.label.moved")
    ]
    await hooks.emit(*events)
    one = f"{DELIVERIES}/{message_id(events[0].id, UUID(made['id']))}"
    status, refused = await call("POST", one + "/dismiss")
    assert (status, refused["error"]["code"]) == (409, "conflict"), "it is still tried"
    async with hooks.delivering(factor=0.0000001) as dispatcher:
        await hooks.until_all("exhausted")
        notices = await hooks.announced()
        assert {one.type for one in notices} == {"webhook.delivery.exhausted"}
        assert {(one.data["status_code"], one.data["attempts"]) for one in notices} == {(503, 10)}

        dismissed = await ok(call("POST", one + "/dismiss"))
        assert (dismissed["status"], dismissed["reason"]) == ("cancelled", "dismissed")
        assert await ok(call("POST", one + "/dismiss")) == dismissed
        assert (await ok(call("POST", f"{ENDPOINTS}/{made['id']}/dismiss", {"to": LONG_AGO})))["dismissed"] == 0
        assert (await ok(call("POST", f"{ENDPOINTS}/{made['id']}/dismiss", {"settled_to": LONG_AGO})))["dismissed"] == 0
        first = await ok(call("POST", f"{ENDPOINTS}/{made['id']}/dismiss", {"event_types": ["prompt.*"]}))
        assert first["dismissed"] == 1
        left = await ok(call("GET", f"{DELIVERIES}?status=exhausted"))
        assert len(left["data"]) == 2
        asked = await ok(call("POST", f"{ENDPOINTS}/{made['id']}/replay", {"from": LONG_AGO}), 202)
        assert asked["matched"] == 2
        await ok(call("POST", f"/v1/webhooks/replays/{asked['id']}/cancel"))
        assert (await ok(call("POST", f"{ENDPOINTS}/{made['id']}/dismiss", {})))["dismissed"] == 2
        assert (await ok(call("GET", f"{DELIVERIES}?status=exhausted")))["data"] == []
        assert len((await ok(call("GET", f"{DELIVERIES}?reason=dismissed")))["data"]) == 4

        receiver.modes["/hook"] = ["ok"]
        await ok(call("POST", one + "/replay"), 202)
        assert await replay_waiting(db=hooks.worker, limit=5) == 1
        dispatcher.wake()
        await hooks.until(lambda rows: [row["status"] for row in rows].count("delivered") == 1)
    log = await hooks.rows("SELECT after FROM audit_log WHERE action = 'webhook_deliveries.dismissed' ORDER BY audit_id")
    assert [row["after"]["deliveries"] for row in log] == [1, 1, 2]


async def test_what_is_dismissed_while_a_range_is_sent_again_is_not_sent(
    call: Caller, hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await ok(call("POST", ENDPOINTS, {"url": receiver.url(), "events": ["*"]}), 201)
    receiver.modes["/hook"] = ["503"]
    await hooks.emit(*(an_event(hooks.workspace_id, object_id=f"object-{n}") for n in range(2)))
    async with hooks.delivering(factor=0.0000001):
        await hooks.until_all("exhausted")
    asked = await ok(call("POST", f"{ENDPOINTS}/{made['id']}/replay", {"from": LONG_AGO}), 202)
    real = deliveries_store.restart

    async def restart(*chosen: Any, **more: Any) -> int:
        """Between the step's look and its change."""
        assert (await ok(call("POST", f"{ENDPOINTS}/{made['id']}/dismiss", {})))["dismissed"] == 2
        return await real(*chosen, **more)

    monkeypatch.setattr(deliveries_store, "restart", restart)
    assert await replay_ranges(db=hooks.worker, limit=5) == 0
    assert {(row["status"], row["reason"]) for row in await hooks.deliveries()} == {("cancelled", "dismissed")}
    assert (await ok(call("GET", f"/v1/webhooks/replays/{asked['id']}")))["restarted"] == 0


async def test_who_dismisses_part_by_part_takes_nothing_that_died_since_the_first(
    call: Caller, hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dismiss, "AT_ONCE", 2)
    made = await ok(call("POST", ENDPOINTS, {"url": receiver.url(), "events": ["*"]}), 201)
    receiver.modes["/hook"] = ["503"]
    await hooks.emit(*(an_event(hooks.workspace_id, object_id=f"object-{n}") for n in range(3)))
    async with hooks.delivering(factor=0.0000001):
        await hooks.until_all("exhausted")
    path = f"{ENDPOINTS}/{made['id']}/dismiss"
    first = await ok(call("POST", path, {}))
    late = an_event(hooks.workspace_id, object_id="late")
    await hooks.emit(late)
    async with hooks.delivering(factor=0.0000001):
        await hooks.until(lambda rows: [row["status"] for row in rows].count("exhausted") == 2)
    second = await ok(call("POST", path, {"settled_to": first["settled_to"]}))
    assert (first["dismissed"], second) == (2, {"dismissed": 1, "settled_to": first["settled_to"]})
    assert (await ok(call("POST", path, {"settled_to": first["settled_to"]})))["dismissed"] == 0
    (left,) = (await ok(call("GET", f"{DELIVERIES}?status=exhausted")))["data"]
    assert left["object_id"] == "late"


async def test_what_is_not_there_cannot_be_dismissed_nor_by_a_viewer(
    call: Caller, served: WebhookGateway, hooks: Hooks, receiver: Receiver
) -> None:
    made = await ok(call("POST", ENDPOINTS, {"url": receiver.url(), "events": ["*"]}), 201)
    assert (await call("POST", f"{DELIVERIES}/{message_id(uuid4(), uuid4())}/dismiss"))[0] == 404
    assert (await call("POST", f"{ENDPOINTS}/{uuid4()}/dismiss", {}))[0] == 404
    viewer = await served.caller(hooks.workspace_id, role="viewer")
    assert (await viewer("POST", f"{ENDPOINTS}/{made['id']}/dismiss", {}))[0] == 403
