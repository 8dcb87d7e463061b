"""What an endpoint can ask for beyond events: conditions, headers, a throttle, order, a key pair, texts, and figures of how it does."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook
from tests.embedded.databases import DatabaseUrls
from tests.fakes.receiver import Received, Receiver
from tests.integration.webhooks.conftest import Hooks, an_event
from tests.integration.webhooks.gateway import Caller, WebhookGateway, webhook_gateway

from burnish_shared.auth.keyring import Keyring
from burnish_shared.contracts.webhooks import headers_context
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid

pytestmark = pytest.mark.asyncio(loop_scope="session")

ENDPOINTS = "/v1/webhooks/endpoints"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(module_database_urls: DatabaseUrls) -> AsyncIterator[WebhookGateway]:
    async with webhook_gateway(module_database_urls) as gateway:
        yield gateway


@pytest_asyncio.fixture(loop_scope="session")
async def call(served: WebhookGateway, hooks: Hooks) -> Caller:
    return await served.caller(hooks.workspace_id)


async def _make(call: Caller, receiver: Receiver, **settings: Any) -> dict[str, Any]:
    status, made = await call("POST", ENDPOINTS, {"url": receiver.url(), "events": ["*"]} | settings)
    assert status == 201, made
    return dict(made)


async def _statistics(call: Caller, made: dict[str, Any]) -> dict[str, Any]:
    status, answer = await call("GET", f"{ENDPOINTS}/{made['id']}/statistics")
    assert status == 200
    return dict(answer)


@pytest.mark.capability("W1")
async def test_a_hidden_header_that_somebody_changed_is_noticed(call: Caller, receiver: Receiver) -> None:
    made = await _make(call, receiver, headers={"Authorization": "Bearer one"})
    path = f"{ENDPOINTS}/{made['id']}"
    _, other = await call("PATCH", path, {"description": "of the desk", "events": ["alert.*"]})
    assert other["headers_revision"] == made["headers_revision"], "nothing else moves it"
    _, changed = await call("PATCH", path, {"headers": {"Authorization": "Bearer two"}})
    assert changed["headers"] == made["headers"] == {"Authorization": None}
    _, read = await call("GET", path)
    assert read["headers_revision"] == made["headers_revision"] + 1


@pytest.mark.capability("W1")
async def test_a_condition_keeps_events_back_and_says_how_many(call: Caller, hooks: Hooks, receiver: Receiver) -> None:
    status, refused = await call("POST", ENDPOINTS, {"url": receiver.url(), "events": ["*"], "condition": "data.n > 1 and colour == 1"})
    assert status == 422 and "colour" in refused["error"]["message"] and refused["error"]["param"] == "condition"
    made = await _make(call, receiver, condition='data.n > 1 and type == "alert.raised" and not simulated')

    big, small, odd = (an_event(hooks.workspace_id, data={"n": n}) for n in (2, 1, "two"))
    assert await hooks.emit(big, small, odd, an_event(hooks.workspace_id, simulated=True, data={"n": 9})) == 1
    async with hooks.delivering():
        await hooks.until_all("delivered")
    assert [json.loads(one.body)["event_id"] for one in receiver.requests] == [str(big.id)]

    shown = await _statistics(call, made)
    assert (shown["total"]["delivered"], shown["total"]["filtered"], shown["total"]["filter_failed"]) == (1, 2, 1)
    assert "number" in shown["last_filter_error"] and shown["last_filter_error_at"]

    status, refused = await call("PATCH", f"{ENDPOINTS}/{made['id']}", {"condition": "data.n >"})
    assert status == 422 and "column" in refused["error"]["message"]
    await call("PATCH", f"{ENDPOINTS}/{made['id']}", {"condition": ""})
    assert await hooks.emit(an_event(hooks.workspace_id, data={"n": 0})) == 1


@pytest.mark.promise("S-02", "W-11")
@pytest.mark.capability("W1")
async def test_static_headers_are_sent_and_their_secrets_are_not_shown_again(
    call: Caller, hooks: Hooks, receiver: Receiver, databases: dict[str, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "Bearer only-the-receiver-knows"
    made = await _make(call, receiver, headers={"Authorization": token, "X-Team": "support"})
    assert made["headers"] == {"Authorization": None, "X-Team": "support"}

    status, changed = await call("PATCH", f"{ENDPOINTS}/{made['id']}", {"headers": {"authorization": None, "X-Stage": "live"}})
    assert status == 200 and changed["headers"] == {"authorization": None, "X-Stage": "live"}
    assert changed["headers_revision"] == made["headers_revision"] + 1
    status, refused = await call("PATCH", f"{ENDPOINTS}/{made['id']}", {"headers": {"X-Unknown": None}})
    assert status == 422 and refused["error"]["param"] == "headers"
    for name in ("Host", "webhook-id", "Content-Length", "X-Forwarded-For", "Metadata-Flavor", "burnish-hops", "a b", "x\r\ny"):
        assert (await call("POST", ENDPOINTS, {"url": receiver.url(), "events": ["*"], "headers": {name: "x"}}))[0] == 422
    assert (await call("POST", ENDPOINTS, {"url": receiver.url(), "events": ["*"], "headers": {"X-A": "a\r\nHost: b"}}))[0] == 422

    opened: list[str] = []
    whole = Keyring.open

    def counted(keyring: Keyring, sealed: bytes, *, context: str) -> bytes:
        opened.append(context)
        return whole(keyring, sealed, context=context)

    monkeypatch.setattr(Keyring, "open", counted)
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering():
        await hooks.until_all("delivered")
    (request,) = receiver.requests
    assert (request.headers["authorization"], request.headers["x-stage"]) == (token, "live") and "x-team" not in request.headers
    assert opened.count(headers_context(hooks.workspace_id, UUID(made["id"]))) == 1, "opened once for an attempt"
    Webhook(made["secret"]).verify(request.body, request.headers)

    async with databases["superuser"].unit_of_work() as tx:
        rows = await tx.fetch("SELECT e::text AS e FROM webhook_endpoints e UNION ALL SELECT a::text FROM audit_log a")
    assert not [row for row in rows if "only-the-receiver-knows" in row["e"]]


@pytest.mark.promise("S-02")
@pytest.mark.capability("W1")
async def test_a_receiver_that_repeats_the_request_puts_no_secret_into_the_log(
    call: Caller, hooks: Hooks, receiver: Receiver, databases: dict[str, Database]
) -> None:
    receiver.modes["/hook"] = ["echo", "ok"]
    await _make(call, receiver, headers={"Authorization": "Bearer only-the-receiver-knows", "X-Team": "support"})
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering():
        await hooks.until_all("delivered")
    first, _ = await hooks.attempts()
    assert first["status_code"] == 500 and "[redacted]" in first["response_snippet"] and "support" in first["response_snippet"]
    async with databases["superuser"].unit_of_work() as tx:
        kept = await tx.fetchval("SELECT string_agg(a::text, ' ') FROM webhook_attempts a")
    assert "x-request" in kept and "only-the-receiver-knows" not in kept


@pytest.mark.promise("S-02")
@pytest.mark.capability("W1")
async def test_a_header_that_nobody_may_read_is_sent_to_no_other_server(call: Caller, hooks: Hooks, receiver: Receiver) -> None:
    token = "Bearer only-the-receiver-knows"
    made = await _make(call, receiver, headers={"Authorization": token, "X-Team": "support"})
    path, elsewhere = f"{ENDPOINTS}/{made['id']}", "http://127.0.0.2:9/thief"
    for headers in ({}, {"headers": {"authorization": None}}, {"headers": {"AUTHORIZATION": None, "X-Team": None}}):
        status, refused = await call("PATCH", path, {"url": elsewhere} | headers)
        assert (status, refused["error"]["param"]) == (422, "headers"), refused
        assert "Authorization" in refused["error"]["message"] and "anew" in refused["error"]["message"]
    assert (await call("GET", path))[1]["url"] == made["url"]

    status, changed = await call("PATCH", path, {"url": receiver.url("/another/path")})
    assert status == 200 and changed["headers"] == made["headers"], "the same server"
    status, changed = await call("PATCH", path, {"url": elsewhere, "headers": {"Authorization": "Bearer another-one", "X-Team": None}})
    assert (status, changed["url"], changed["headers"]) == (200, elsewhere, made["headers"])
    status, changed = await call("PATCH", path, {"url": receiver.url(), "headers": None})
    assert (status, changed["headers"]) == (200, {})
    assert (await call("PATCH", path, {"url": elsewhere}))[0] == 200, "nothing is hidden any more"


@pytest.mark.promise("S-02")
@pytest.mark.capability("W1", "W3")
async def test_no_redirect_takes_a_header_along(call: Caller, hooks: Hooks, receiver: Receiver) -> None:
    """Neither to another origin nor to another path: where an answer leads was not given by whoever gave the header."""
    await _make(call, receiver, headers={"X-Api-Key": "only-the-receiver-knows"})
    receiver.modes["/hook"] = ["redirect", f"redirect=http://localhost:{receiver.port}/elsewhere", "ok"]
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering(factor=0.001):
        await hooks.until(lambda rows: bool(rows) and rows[0]["status"] == "delivered")
    assert [(one.path, one.headers.get("x-api-key")) for one in receiver.requests] == [("/hook", "only-the-receiver-knows")] * 3


@pytest.mark.promise("W-07")
@pytest.mark.capability("W1")
async def test_a_throttle_postpones_and_drops_nothing(
    call: Caller, hooks: Hooks, receiver: Receiver, databases: dict[str, Database]
) -> None:
    """One a minute. The test moves the slots instead of waiting for them."""
    made = await _make(call, receiver, throttle_per_minute=1)
    endpoint_id = UUID(made["id"])
    began_s = time.monotonic()
    await hooks.emit(*(an_event(hooks.workspace_id) for _ in range(3)))
    async with hooks.delivering() as dispatcher:
        for sent in (1, 2):
            await hooks.until(lambda rows, sent=sent: sum(row["status"] == "delivered" for row in rows) == sent)
            for _ in range(20):
                dispatcher.wake()
                await asyncio.sleep(0.005)
            assert len(receiver.requests) == sent
            (state,) = await hooks.rows(
                "SELECT due_at - clock_timestamp() AS wait FROM webhook_endpoint_states WHERE endpoint_id = $1", endpoint_id
            )
            assert 59.9 - (time.monotonic() - began_s) < state["wait"].total_seconds() <= 60
            began_s = time.monotonic()
            async with databases["superuser"].unit_of_work() as tx:
                earlier = "sent_until = sent_until - interval '61 seconds', due_at = due_at - interval '61 seconds'"
                await tx.execute(f"UPDATE webhook_endpoint_states SET {earlier} WHERE endpoint_id = $1", endpoint_id)
        await hooks.until_all("delivered")
    assert {row["failed_attempts"] for row in await hooks.deliveries()} == {0} and len(receiver.requests) == 3

    status, changed = await call("PATCH", f"{ENDPOINTS}/{made['id']}", {"throttle_per_minute": None})
    assert status == 200 and changed["throttle_per_minute"] is None


@pytest.mark.promise("W-12")
@pytest.mark.capability("W3")
async def test_in_order_an_event_waits_for_the_earlier_one_of_its_object_and_for_no_other(
    call: Caller, hooks: Hooks, receiver: Receiver
) -> None:
    await _make(call, receiver, ordered=True)
    left = [3]

    def first_of_a_fails(request: Received) -> bool:
        body = json.loads(request.body)
        if (body["object_id"], body["object_version"]) != ("a", 1) or not left[0]:
            return False
        left[0] -= 1
        return True

    receiver.rejects = first_of_a_fails
    events = [an_event(hooks.workspace_id, object_id=name, object_version=version) for version in (1, 2, 3) for name in ("a", "b")]
    await hooks.emit(*reversed(events))
    async with hooks.delivering(factor=0.001):
        await hooks.until_all("delivered")

    arrived = [(body["object_id"], body["object_version"]) for body in (json.loads(one.body) for one in receiver.requests)]
    assert [version for name, version in arrived if name == "a"] == [1, 1, 1, 1, 2, 3]
    assert [version for name, version in arrived if name == "b"] == [1, 2, 3]
    assert arrived.index(("b", 3)) < arrived.index(("a", 2))


@pytest.mark.promise("W-12")
async def test_a_failing_event_holds_up_its_object_no_longer_than_it_may(
    call: Caller, hooks: Hooks, receiver: Receiver, databases: dict[str, Database]
) -> None:
    await _make(call, receiver, ordered=True, order_wait_s=60)
    receiver.rejects = lambda request: json.loads(request.body)["object_version"] == 1
    await hooks.emit(*(an_event(hooks.workspace_id, object_version=version) for version in (1, 2, 3)))
    async with hooks.delivering(factor=100) as dispatcher:
        await hooks.until(lambda rows: rows[0]["failed_attempts"] == 1)
        dispatcher.wake()
        await asyncio.sleep(0.1)
        assert len(receiver.requests) == 1
        async with databases["superuser"].unit_of_work() as tx:
            past = "waiting_since = waiting_since - interval '61 seconds', next_attempt_at = next_attempt_at - interval '61 seconds'"
            await tx.execute(f"UPDATE webhook_deliveries SET {past}")
            await tx.execute("UPDATE webhook_endpoint_states SET due_at = clock_timestamp()")
        dispatcher.wake()
        await hooks.until(lambda rows: [row["status"] for row in rows] == ["pending", "delivered", "delivered"])
    versions = [json.loads(one.body)["object_version"] for one in receiver.requests]
    assert [version for version in versions if version != 1] == [2, 3]


@pytest.mark.promise("W-03", "W-04")
@pytest.mark.capability("W1")
async def test_a_key_pair_signs_too_and_is_replaced_with_the_secret(call: Caller, hooks: Hooks, receiver: Receiver) -> None:
    made = await _make(call, receiver, ed25519=True)
    assert made["public_key"].startswith("whpk_")
    status, rotated = await call("POST", f"{ENDPOINTS}/{made['id']}/rotate-secret", {"overlap_hours": 1})
    assert status == 200 and rotated["public_key"] != made["public_key"]
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering():
        await hooks.until_all("delivered")
    (request,) = receiver.requests
    entries = request.headers["webhook-signature"].split(" ")
    assert [entry.partition(",")[0] for entry in entries] == ["v1", "v1", "v1a", "v1a"]
    for secret in (made["secret"], rotated["secret"]):
        Webhook(secret).verify(request.body, request.headers)
    signed = f"{request.id}.{request.headers['webhook-timestamp']}.".encode() + request.body
    for public_key, entry in zip((rotated["public_key"], made["public_key"]), entries[2:], strict=True):
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
        key.verify(base64.b64decode(entry.removeprefix("v1a,")), signed)

    await hooks.change_endpoint(UUID(made["id"]), "previous_secret_until = clock_timestamp()")
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering():
        await hooks.until_all("delivered")
    request = receiver.requests[-1]
    entries = request.headers["webhook-signature"].split(" ")
    assert [entry.partition(",")[0] for entry in entries] == ["v1", "v1a"], "then the old ones sign no more"
    signed = f"{request.id}.{request.headers['webhook-timestamp']}.".encode() + request.body
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(rotated["public_key"].removeprefix("whpk_")))
    key.verify(base64.b64decode(entries[1].removeprefix("v1a,")), signed)

    status, changed = await call("PATCH", f"{ENDPOINTS}/{made['id']}", {"ed25519": False})
    assert status == 200 and changed["public_key"] is None


@pytest.mark.promise("P-08")
@pytest.mark.capability("W2")
async def test_texts_are_sent_where_asked_for_and_allowed_and_kept_nowhere(
    call: Caller, hooks: Hooks, receiver: Receiver, databases: dict[str, Database]
) -> None:
    made = await _make(call, receiver, events=["execution.completed"], include=["output", "variables"])
    await _make(call, receiver, url=receiver.url("/thin"), events=["execution.completed"])
    execution_id = new_uuid()

    def told() -> Any:
        return an_event(hooks.workspace_id, "execution.completed", object_id=str(execution_id), data={"execution_id": str(execution_id)})

    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute(
            "INSERT INTO execution_contents (execution_id, workspace_id, messages, variables, settings, output, metadata) "
            "VALUES ($1, $2, '[]', '{\"name\": \"Ada\"}', '{}', 'the answer', '{}')",
            execution_id, hooks.workspace_id,
        )  # fmt: skip
    await hooks.emit(told())
    async with hooks.delivering() as dispatcher:
        await hooks.until_all("delivered")
        (rich,), (thin,) = receiver.at("/hook"), receiver.at("/thin")
        assert json.loads(rich.body)["content"] == {"output": "the answer", "variables": {"name": "Ada"}}
        Webhook(made["secret"]).verify(rich.body, rich.headers)
        assert b"the answer" not in thin.body
        assert not [row for row in await hooks.deliveries() if b"the answer" in row["body"]]

        async with databases["superuser"].unit_of_work() as tx:
            await tx.execute("UPDATE workspaces SET store_content = false WHERE workspace_id = $1", hooks.workspace_id)
            await tx.execute("SELECT note_change($1, 'workspace', $2)", hooks.workspace_id, str(hooks.workspace_id))
        await hooks.emit(told())
        dispatcher.wake()
        await hooks.until_all("delivered")
    assert "content" not in json.loads(receiver.at("/hook")[1].body)
    async with asyncio.timeout(60):
        while (await call("PATCH", f"{ENDPOINTS}/{made['id']}", {"include": ["output"]}))[0] != 422:
            await asyncio.sleep(0.05)


@pytest.mark.capability("W1")
async def test_figures_say_how_an_endpoint_does(call: Caller, hooks: Hooks, receiver: Receiver) -> None:
    made = await _make(call, receiver)
    empty = await _statistics(call, made)
    assert empty["total"] == dict.fromkeys(("delivered", "failed", "filtered", "filter_failed"), 0) | {
        "success_share": None, "p50_ms": None, "p95_ms": None,
    }  # fmt: skip
    receiver.modes["/hook"] = ["503", "ok"]
    events = [an_event(hooks.workspace_id) for _ in range(3)]
    await hooks.emit(*events)
    async with hooks.delivering(factor=0.0001):
        await hooks.until_all("delivered")
    shown = await _statistics(call, made)
    assert (shown["total"]["delivered"], shown["total"]["failed"], shown["total"]["success_share"]) == (3, 1, 0.75)
    assert 0 <= shown["total"]["p50_ms"] <= shown["total"]["p95_ms"] < 30_000
    (day,) = shown["days"]
    assert {name: day[name] for name in shown["total"]} == shown["total"]
    assert (shown["last_failure"]["error_class"], shown["last_failure"]["status_code"]) == ("http_status", 503)
    status, failed = await call("GET", f"/v1/webhooks/deliveries/{shown['last_failure']['delivery_id']}")
    assert status == 200 and failed["attempt_log"][0]["status_code"] == 503


@pytest.mark.capability("W2")
async def test_the_catalogue_shows_schema_and_example_of_each_event(call: Caller) -> None:
    status, listed = await call("GET", "/v1/webhooks/events")
    assert status == 200 and {"type": "webhook.test", "subscribable": False}.items() <= listed["data"][-1].items()
    status, one = await call("GET", "/v1/webhooks/events/alert.raised")
    assert status == 200 and set(one["data_schema"]["required"]) <= set(one["example"]["data"])
    assert one["example"]["links"]["alert"].endswith(one["example"]["data"]["alert_id"])
    assert (await call("GET", "/v1/webhooks/events/alert.shouted"))[0] == 404
