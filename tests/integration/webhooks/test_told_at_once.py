"""What cannot work is told when it is asked for, and limits and secrets hold (W1, W3)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from standardwebhooks import Webhook, WebhookVerificationError
from tests.embedded.databases import DatabaseUrls
from tests.fakes.receiver import Receiver
from tests.integration.webhooks.conftest import Hooks, an_event
from tests.integration.webhooks.gateway import Caller, WebhookGateway, webhook_gateway

from burnish_gateway.webhooks import configure_endpoint, replay_range
from burnish_shared.contracts.webhooks import message_id
from burnish_webhooks.housekeeping import cancel_switched_off, forget_old

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("W1", "W3")]

ENDPOINTS = "/v1/webhooks/endpoints"
LONG_AGO = "2026-01-01T00:00:00Z"


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


async def _disabled(call: Caller, hooks: Hooks, receiver: Receiver) -> tuple[str, str]:
    """The path of an endpoint that answered 410, and of its delivery."""
    made = await _make(call, receiver)
    receiver.modes["/hook"] = ["410"]
    event = an_event(hooks.workspace_id)
    await hooks.emit(event)
    async with hooks.delivering():
        await hooks.until_all("cancelled")
    return f"{ENDPOINTS}/{made['id']}", f"/v1/webhooks/deliveries/{message_id(event.id, UUID(made['id']))}"


async def test_nothing_is_promised_of_an_endpoint_that_is_off(call: Caller, hooks: Hooks, receiver: Receiver) -> None:
    endpoint, delivery = await _disabled(call, hooks, receiver)
    asked = (endpoint + "/test", None), (endpoint + "/replay", {"from": LONG_AGO}), (delivery + "/replay", None)
    for path, body in asked:
        status, refused = await call("POST", path, body)
        assert status == 409 and "enabled" in refused["error"]["message"]
    assert (await call("PATCH", endpoint, {"enabled": True}))[0] == 200
    for path, body in asked:
        assert (await call("POST", path, body))[0] == 202
    assert (await call("POST", delivery + "/replay"))[1] == {"delivery_id": delivery.rpartition("/")[2], "status": "requested"}
    await call("DELETE", endpoint)
    status, refused = await call("POST", delivery + "/replay")
    assert status == 409 and "deleted" in refused["error"]["message"]


@pytest.mark.promise("W-04")
async def test_a_secret_that_was_promised_an_overlap_keeps_it(
    call: Caller, hooks: Hooks, receiver: Receiver, databases: dict[str, Any]
) -> None:
    made = await _make(call, receiver, ed25519=True)
    rotate = f"{ENDPOINTS}/{made['id']}/rotate-secret"
    _, first = await call("POST", rotate, {"overlap_hours": 2})
    status, refused = await call("POST", rotate, {"overlap_hours": 2})
    assert status == 409 and "overlap_hours" in refused["error"]["message"]
    assert len(await _signers(hooks, receiver, made, first)) == 2

    async with databases["superuser"].unit_of_work() as tx:
        over = "previous_secret_until = previous_secret_until - interval '2 hours'"
        await tx.execute(f"UPDATE webhook_endpoints SET {over} WHERE endpoint_id = $1", UUID(made["id"]))
    assert await _signers(hooks, receiver, made, first) == {first["secret"]}, "the old one never signs again"
    assert (receiver.requests[-1].headers["webhook-signature"]).count("v1a,") == 1, "nor does the old key pair"
    status, second = await call("POST", rotate, {"overlap_hours": 2})
    assert status == 200 and await _signers(hooks, receiver, first, second) == {first["secret"], second["secret"]}
    status, third = await call("POST", rotate, {"overlap_hours": 0})
    assert status == 200 and await _signers(hooks, receiver, first, second, third) == {third["secret"]}


async def _signers(hooks: Hooks, receiver: Receiver, *shown: dict[str, Any]) -> set[str]:
    """Those of the secrets that were shown with which the next delivery verifies."""
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering():
        await hooks.until_all("delivered")
    request, found = receiver.requests[-1], set()
    for one in shown:
        try:
            Webhook(one["secret"]).verify(request.body, request.headers)
            found.add(one["secret"])
        except WebhookVerificationError:
            pass
    return found


@pytest.mark.promise("S-02")
async def test_a_deleted_endpoint_keeps_no_secret(call: Caller, hooks: Hooks, receiver: Receiver, databases: dict[str, Any]) -> None:
    made = await _make(call, receiver, ed25519=True, headers={"Authorization": "Bearer x", "X-Team": "support"})
    await call("POST", f"{ENDPOINTS}/{made['id']}/rotate-secret", {})
    await call("DELETE", f"{ENDPOINTS}/{made['id']}")
    kept = "secret_sealed, previous_secret_sealed, headers_sealed, headers_shown, signing_key_sealed, previous_signing_key_sealed"
    async with databases["superuser"].unit_of_work() as tx:
        row = await tx.fetchrow(f"SELECT {kept} FROM webhook_endpoints WHERE endpoint_id = $1", UUID(made["id"]))
    assert [value for value in row.values() if value] == []


async def test_a_deleted_endpoint_is_forgotten_after_its_deliveries(
    call: Caller, hooks: Hooks, receiver: Receiver, databases: dict[str, Any]
) -> None:
    kept, gone, recent = [await _make(call, receiver) for _ in range(3)]
    await hooks.emit(an_event(hooks.workspace_id))
    for one in (gone, recent):
        await call("DELETE", f"{ENDPOINTS}/{one['id']}")
    async with databases["superuser"].unit_of_work() as tx:
        long_ago = "deleted_at = deleted_at - interval '31 days 1 minute'"
        await tx.execute(f"UPDATE webhook_endpoints SET {long_ago} WHERE endpoint_id = $1", UUID(gone["id"]))
    await forget_old(db=hooks.worker, retention_days=30)
    for table in ("webhook_endpoints", "webhook_endpoint_states"):
        rows = await hooks.rows(f"SELECT endpoint_id FROM {table}")
        assert {str(row["endpoint_id"]) for row in rows} == {kept["id"], recent["id"]}


async def test_as_many_endpoints_as_there_may_be_and_no_more_however_many_ask_at_once(
    call: Caller, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configure_endpoint, "ENDPOINTS_MOST", 3)
    answers = await asyncio.gather(*(call("POST", ENDPOINTS, {"url": receiver.url(), "events": ["*"]}) for _ in range(8)))
    assert sorted(status for status, _ in answers) == [201] * 3 + [409] * 5


async def test_a_replay_has_a_most_and_catching_up_has_none(
    call: Caller, hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_range, "MATCHED_MOST", 2)
    endpoint, _ = await _disabled(call, hooks, receiver)
    await hooks.emit(*(an_event(hooks.workspace_id) for _ in range(2)))
    await cancel_switched_off(db=hooks.worker)
    began = datetime.now(UTC)
    status, enabled = await call("PATCH", endpoint, {"enabled": True, "catch_up": True})
    assert status == 200, enabled
    _, shown = await call("GET", f"/v1/webhooks/replays/{enabled['catch_up_id']}")
    assert shown["matched"] == 3 and datetime.fromisoformat(shown["to"]) > began + timedelta(seconds=50)
    await call("POST", f"/v1/webhooks/replays/{enabled['catch_up_id']}/cancel")
    status, refused = await call("POST", endpoint + "/replay", {"from": LONG_AGO})
    assert (status, refused["error"]["param"]) == (422, "from") and "2" in refused["error"]["message"]


@pytest.mark.promise("W-09")
async def test_those_who_only_look_see_no_keys_in_urls_and_start_nothing(
    call: Caller, served: WebhookGateway, hooks: Hooks, receiver: Receiver
) -> None:
    made = await _make(call, receiver, url=receiver.url("/hook?token=only-for-us"))
    event = an_event(hooks.workspace_id)
    await hooks.emit(event)
    async with hooks.delivering():
        await hooks.until_all("delivered")
    viewer, editor = [await served.caller(hooks.workspace_id, role=role) for role in ("viewer", "editor")]
    delivery = f"/v1/webhooks/deliveries/{message_id(event.id, UUID(made['id']))}"
    for path in (ENDPOINTS, f"{ENDPOINTS}/{made['id']}", delivery):
        assert "only-for-us" not in str(await viewer("GET", path)) and "/hook?…" in str(await viewer("GET", path))
        assert "only-for-us" in str(await editor("GET", path))
    for path, body in ((f"{ENDPOINTS}/{made['id']}/replay", {"from": LONG_AGO}), (delivery + "/replay", None)):
        assert (await viewer("POST", path, body))[0] == 403


@pytest.mark.parametrize(
    ("settings", "param"),
    [
        ({"order_wait_s": 5}, "order_wait_s"),
        ({"events": ["data.erased"], "filters": {"prompts": ["a"]}}, "filters.prompts"),
        ({"filters": {"prompts": ["NO SUCH!"]}}, "filters.prompts[0]"),
        ({"condition": "data.delta + 1"}, "condition"),
    ],
)
async def test_settings_that_cannot_work_are_refused_by_name(
    call: Caller, receiver: Receiver, settings: dict[str, Any], param: str
) -> None:
    status, refused = await call("POST", ENDPOINTS, {"url": receiver.url(), "events": ["*"]} | settings)
    assert (status, refused["error"]["param"]) == (422, param), refused


async def test_all_that_is_missing_is_named_at_once(call: Caller) -> None:
    status, refused = await call("POST", ENDPOINTS, {})
    assert (status, refused["error"]["param"], refused["error"]["message"]) == (422, "url", "url, events: are needed")


async def test_null_takes_a_setting_off_and_nothing_is_no_change(call: Caller, receiver: Receiver) -> None:
    given = {
        "filters": {"prompts": ["a"]}, "condition": "simulated", "headers": {"X-A": "b"}, "throttle_per_minute": 5, "ordered": True,
        "description": "d",
    }  # fmt: skip
    made = await _make(call, receiver, **given)
    path = f"{ENDPOINTS}/{made['id']}"
    _, changed = await call("PATCH", path, {name: None for name in given if name != "ordered"} | {"ordered": False})
    assert [changed[name] for name in given] == [{}, "", {}, None, False, ""]
    for body, param in (
        ({}, None), ({"url": None}, "url"), ({"events": None}, "events"), ({"paused": None}, "paused"), ({"catch_up": True}, "catch_up"),
        ({"order_wait_s": 5}, "order_wait_s"),
    ):  # fmt: skip
        status, refused = await call("PATCH", path, body)
        assert (status, refused["error"]["param"]) == (422, param), (body, refused)
    await call("PATCH", path, {"filters": {"labels": ["production"]}})
    assert (await call("PATCH", path, {"events": ["suggestion.created"]}))[1]["error"]["param"] == "filters.labels"


async def test_the_log_is_searched_by_time_and_reason_and_knows_its_parameters(call: Caller, hooks: Hooks, receiver: Receiver) -> None:
    endpoint, delivery = await _disabled(call, hooks, receiver)
    made = (await call("GET", delivery))[1]["created_at"]
    later = (datetime.fromisoformat(made) + timedelta(milliseconds=1)).isoformat().replace("+00:00", "Z")
    for query, found in (
        ("reason=gone", 1), ("reason=endpoint_deleted", 0), (f"from={made.replace('+', '%2B')}", 1), (f"from={later}", 0),
        (f"to={later}", 1), (f"from={LONG_AGO}&to={LONG_AGO}", 0),
    ):  # fmt: skip
        status, page = await call("GET", f"/v1/webhooks/deliveries?{query}")
        assert (status, len(page["data"])) == (200, found), (query, page)
    for path, param in (
        ("/v1/webhooks/deliveries?event_type=bad", "event_type"), ("/v1/webhooks/deliveries?form=x", "form"),
        ("/v1/webhooks/deliveries?from=5", "from"), (f"{ENDPOINTS}?status=active", "status"), ("/v1/webhooks/replays?since=x", "since"),
    ):  # fmt: skip
        status, refused = await call("GET", path)
        assert (status, refused["error"]["param"]) == (422, param), refused
    assert endpoint


async def test_an_endpoint_says_how_many_attempts_failed_since_one_arrived(
    call: Caller, hooks: Hooks, receiver: Receiver, databases: dict[str, Any]
) -> None:
    made = await _make(call, receiver)
    path = f"{ENDPOINTS}/{made['id']}"
    assert (made["failed_in_a_row"], made["failing_since"]) == (0, None)
    await hooks.emit(an_event(hooks.workspace_id))
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute(
            "UPDATE webhook_endpoint_states SET consecutive_failures = 12, failing_since = clock_timestamp(), "
            "opened_until = clock_timestamp() WHERE endpoint_id = $1",
            UUID(made["id"]),
        )
    _, rested = await call("GET", path)
    assert (rested["status"], rested["resting_until"], rested["failed_in_a_row"]) == ("active", None, 12)
    assert datetime.fromisoformat(rested["failing_since"]) <= datetime.now(UTC)
    assert (await call("GET", ENDPOINTS))[1]["data"][0]["failed_in_a_row"] == 12
    _, anew = await call("PATCH", path, {"url": receiver.url("/elsewhere")})
    assert (anew["failed_in_a_row"], anew["failing_since"]) == (0, None)


async def test_a_delivery_says_what_it_waits_for_and_when_it_is_tried_next(
    call: Caller, hooks: Hooks, receiver: Receiver, databases: dict[str, Any]
) -> None:
    made = await _make(call, receiver)
    await hooks.emit(an_event(hooks.workspace_id))

    async def next_attempt() -> Any:
        return (await call("GET", "/v1/webhooks/deliveries"))[1]["data"][0]["next_attempt_at"]

    async def waits_for() -> Any:
        [listed] = (await call("GET", "/v1/webhooks/deliveries"))[1]["data"]
        _, alone = await call("GET", f"/v1/webhooks/deliveries/{listed['id']}")
        assert alone["waits_for"] == listed["waits_for"]
        return listed["waits_for"]

    async def set_rows(sql: str) -> None:
        async with databases["superuser"].unit_of_work() as tx:
            await tx.execute(sql)

    assert await next_attempt() and await waits_for() is None
    await set_rows("UPDATE webhook_deliveries SET next_attempt_at = clock_timestamp() + interval '30 seconds'")
    assert await waits_for() == "next_attempt"
    began = datetime.now(UTC)
    await set_rows("UPDATE webhook_endpoint_states SET opened_until = clock_timestamp() + interval '1 minute'")
    assert await waits_for() == "endpoint_resting"
    assert datetime.fromisoformat(await next_attempt()) > began + timedelta(seconds=50)
    _, changed = await call("PATCH", f"{ENDPOINTS}/{made['id']}", {"paused": True})
    assert changed["status"] == "paused" and await next_attempt() is None
    assert await waits_for() == "endpoint_paused"
    assert "paused" in (await call("POST", f"{ENDPOINTS}/{made['id']}/test"))[1]["warning"]
