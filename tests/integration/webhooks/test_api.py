"""Webhooks as their owners configure and see them, over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import pytest
import pytest_asyncio
from standardwebhooks import Webhook
from tests.embedded.databases import DatabaseUrls
from tests.embedded.workspaces import make_workspace
from tests.fakes.receiver import Receiver
from tests.integration.webhooks.conftest import Hooks, an_event
from tests.integration.webhooks.gateway import Caller, WebhookGateway, webhook_gateway

from burnish_shared.contracts.webhooks import message_id
from burnish_shared.egress import Egress, EgressPolicy
from burnish_webhooks.replay import replay_waiting

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(module_database_urls: DatabaseUrls) -> AsyncIterator[WebhookGateway]:
    async with webhook_gateway(module_database_urls) as gateway:
        yield gateway


@pytest_asyncio.fixture(loop_scope="session")
async def call(served: WebhookGateway, hooks: Hooks) -> Caller:
    """An admin of the test's workspace, at a gateway that lets loopback pass."""
    served.guard(Egress(EgressPolicy.parse("127.0.0.0/8")))
    return await served.caller(hooks.workspace_id)


@pytest.mark.promise("W-11", "S-06")
@pytest.mark.capability("W1")
async def test_an_endpoint_shows_its_secret_once_and_signs_with_it(call: Caller, hooks: Hooks, receiver: Receiver) -> None:
    status, made = await call(
        "POST", "/v1/webhooks/endpoints", {"url": receiver.url(), "events": ["alert.*"], "filters": {"prompts": ["a"]}}
    )
    assert status == 201 and made["secret"].startswith("whsec_")
    assert (made["status"], made["events"], made["filters"]) == ("active", ["alert.*"], {"prompts": ["a"]})

    status, shown = await call("GET", f"/v1/webhooks/endpoints/{made['id']}")
    assert status == 200 and shown == {name: value for name, value in made.items() if name not in ("secret", "warning")}
    status, listed = await call("GET", "/v1/webhooks/endpoints")
    assert listed == {"data": [shown], "next_cursor": None}

    await hooks.emit(an_event(hooks.workspace_id, data={"prompt": "a"}), an_event(hooks.workspace_id, data={"prompt": "b"}))
    async with hooks.delivering():
        await hooks.until_all("delivered")
    (request,) = receiver.requests
    Webhook(made["secret"]).verify(request.body, request.headers)
    _, shown = await call("GET", f"/v1/webhooks/endpoints/{made['id']}")
    assert (shown["delivered_count"], shown["failed_count"]) == (1, 0) and shown["last_delivered_at"]


@pytest.mark.promise("G-02")
async def test_a_repeated_creation_with_one_key_makes_one_endpoint(call: Caller, receiver: Receiver) -> None:
    body = {"url": receiver.url(), "events": ["*"]}
    first = await call("POST", "/v1/webhooks/endpoints", body, idempotency_key="once")
    assert await call("POST", "/v1/webhooks/endpoints", body, idempotency_key="once") == first
    _, listed = await call("GET", "/v1/webhooks/endpoints")
    assert len(listed["data"]) == 1


@pytest.mark.capability("W1")
async def test_a_repeated_test_is_answered_though_its_endpoint_is_gone(call: Caller, receiver: Receiver) -> None:
    _, made = await call("POST", "/v1/webhooks/endpoints", {"url": receiver.url(), "events": ["*"]})
    first = await call("POST", f"/v1/webhooks/endpoints/{made['id']}/test", idempotency_key="test")
    await call("DELETE", f"/v1/webhooks/endpoints/{made['id']}")
    assert first[0] == 202 and await call("POST", f"/v1/webhooks/endpoints/{made['id']}/test", idempotency_key="test") == first
    status, _ = await call("POST", f"/v1/webhooks/endpoints/{made['id']}/test", idempotency_key="another")
    assert status == 404


@pytest.mark.capability("W1", "W3")
async def test_a_test_event_goes_to_its_endpoint_and_its_delivery_can_be_read_and_replayed(
    call: Caller, served: WebhookGateway, hooks: Hooks, receiver: Receiver
) -> None:
    _, made = await call("POST", "/v1/webhooks/endpoints", {"url": receiver.url(), "events": ["prompt.label.moved"]})
    await call("POST", "/v1/webhooks/endpoints", {"url": receiver.url("/other"), "events": ["*"]})
    status, sent = await call("POST", f"/v1/webhooks/endpoints/{made['id']}/test")
    assert status == 202
    receiver.modes["/hook"] = ["500", "ok"]
    await hooks.emit(*await hooks.announced(service="gateway"))
    async with hooks.delivering() as dispatcher:
        await hooks.until_all("delivered")

        path = f"/v1/webhooks/deliveries/{sent['delivery_id']}"
        status, detail = await call("GET", path)
        assert (status, detail["status"], detail["event_type"], detail["attempts"]) == (200, "delivered", "webhook.test", 2)
        assert [one["status_code"] for one in detail["attempt_log"]] == [500, 200]
        assert [one["response_snippet"] for one in detail["attempt_log"]] == ["no", "thanks"]
        assert detail["body"]["data"]["endpoint_id"] == made["id"]
        viewer = await served.caller(hooks.workspace_id, role="viewer")
        _, seen_by_viewer = await viewer("GET", path)
        assert [one["response_snippet"] for one in seen_by_viewer["attempt_log"]] == [None, None]

        status, replay = await call("POST", path + "/replay")
        assert (status, replay["status"]) == (202, "requested")
        assert await replay_waiting(db=hooks.worker, limit=5) == 1
        dispatcher.wake()
        requests = await receiver.wait_for(lambda all_: len(all_) == 3)
        await hooks.until_all("delivered")
    assert {one.id for one in requests} == {sent["delivery_id"]}


@pytest.mark.capability("W1")
async def test_an_endpoint_is_changed_paused_rotated_and_deleted(call: Caller, hooks: Hooks, receiver: Receiver) -> None:
    _, made = await call("POST", "/v1/webhooks/endpoints", {"url": receiver.url(), "events": ["*"]})
    path = f"/v1/webhooks/endpoints/{made['id']}"
    status, changed = await call("PATCH", path, {"url": receiver.url("/new"), "events": ["alert.raised"], "paused": True})
    assert (status, changed["url"], changed["events"], changed["status"]) == (200, receiver.url("/new"), ["alert.raised"], "paused")
    assert (await call("PATCH", path, {"paused": False}))[1]["status"] == "active"
    status, rotated = await call("POST", path + "/rotate-secret", {"overlap_hours": 1})
    assert status == 200 and rotated["secret"] not in ("", made["secret"])
    until = rotated["previous_secret_expires_at"]
    assert (made["previous_secret_expires_at"], (await call("GET", path))[1]["previous_secret_expires_at"]) == (None, until)
    status, refused = await call("POST", path + "/rotate-secret")
    assert status == 409 and until[:16].replace("T", " ") in refused["error"]["message"]
    assert refused["error"]["details"] == {"previous_secret_expires_at": until}

    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering():
        await hooks.until_all("delivered")
    for secret in (made["secret"], rotated["secret"]):
        Webhook(secret).verify(receiver.requests[0].body, receiver.requests[0].headers)

    assert await call("DELETE", path) == (200, {"id": made["id"], "deleted": True})
    for method, suffix, body in (("GET", "", None), ("PATCH", "", {"paused": True}), ("DELETE", "", None), ("POST", "/test", None)):
        assert (await call(method, path + suffix, body))[0] == 404
    assert await hooks.emit(an_event(hooks.workspace_id)) == 0
    noted = await hooks.rows("SELECT action, before, after FROM audit_log WHERE object_id = $1 ORDER BY audit_id", made["id"])
    assert [one["action"].partition(".")[2] for one in noted] == ["created", "changed", "changed", "secret_rotated", "deleted"]
    assert (noted[1]["before"]["status"], noted[1]["after"]["status"]) == ("active", "paused")
    assert "whsec_" not in str(noted)


async def test_a_disabled_endpoint_says_why_and_can_be_enabled(call: Caller, hooks: Hooks, receiver: Receiver) -> None:
    _, made = await call("POST", "/v1/webhooks/endpoints", {"url": receiver.url(), "events": ["*"]})
    receiver.modes["/hook"] = ["410"]
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering():
        await hooks.until_all("cancelled")
    path = f"/v1/webhooks/endpoints/{made['id']}"
    _, shown = await call("GET", path)
    assert (shown["status"], shown["disabled_reason"]) == ("disabled", "gone")
    _, enabled = await call("PATCH", path, {"enabled": True})
    assert (enabled["status"], enabled["disabled_reason"]) == ("active", None)


async def test_an_endpoint_is_deleted_once_however_many_ask_at_once(call: Caller, hooks: Hooks, receiver: Receiver) -> None:
    _, made = await call("POST", "/v1/webhooks/endpoints", {"url": receiver.url("/hook"), "events": ["*"]})
    answers = await asyncio.gather(*(call("DELETE", f"/v1/webhooks/endpoints/{made['id']}") for _ in range(5)))
    assert sorted(status for status, _ in answers) == [200] + 4 * [404]
    told = await hooks.rows("SELECT 1 AS one FROM audit_log WHERE action = 'webhook_endpoint.deleted' AND object_id = $1", made["id"])
    assert len(told) == 1


@pytest.mark.capability("W3")
async def test_the_log_is_paged_and_filtered(call: Caller, hooks: Hooks, receiver: Receiver) -> None:
    first, second = [
        (await call("POST", "/v1/webhooks/endpoints", {"url": receiver.url(f"/{n}"), "events": ["*"]}))[1]["id"] for n in range(2)
    ]
    events = [an_event(hooks.workspace_id, "alert.raised" if n % 2 else "alert.resolved") for n in range(5)]
    await hooks.emit(*events)

    seen: list[str] = []
    cursor = ""
    while True:
        _, page = await call("GET", f"/v1/webhooks/deliveries?limit=3{cursor}")
        seen += [one["id"] for one in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == len(set(seen)) == 10
    _, page = await call("GET", f"/v1/webhooks/deliveries?endpoint_id={second}&event_type=alert.raised&status=pending")
    assert {one["endpoint_id"] for one in page["data"]} == {second} and len(page["data"]) == 2
    assert (await call("GET", "/v1/webhooks/deliveries?status=lost"))[0] == 422
    assert (await call("GET", "/v1/webhooks/deliveries?cursor=nonsense"))[0] == 422
    status, turned = await call("GET", "/v1/webhooks/deliveries?from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z")
    assert (status, turned["error"]["param"]) == (422, "to"), "an empty list would look as if nothing had been sent"
    assert first != second


@pytest.mark.promise("T-01", "G-17")
async def test_another_tenant_finds_nothing_and_lower_roles_change_nothing(
    call: Caller, served: WebhookGateway, hooks: Hooks, receiver: Receiver, module_database_urls: DatabaseUrls
) -> None:
    _, made = await call("POST", "/v1/webhooks/endpoints", {"url": receiver.url(), "events": ["*"]})
    event = an_event(hooks.workspace_id)
    await hooks.emit(event)
    delivery = message_id(event.id, (await hooks.deliveries())[0]["endpoint_id"])
    other = await served.caller((await make_workspace(module_database_urls["superuser"])).workspace_id)
    viewer = await served.caller(hooks.workspace_id, role="viewer")

    absent_endpoint, absent_delivery = str(uuid4()), message_id(uuid4(), uuid4())
    for method, path, theirs, absent, body in (
        ("GET", "/v1/webhooks/endpoints/{}", made["id"], absent_endpoint, None),
        ("PATCH", "/v1/webhooks/endpoints/{}", made["id"], absent_endpoint, {"paused": True}),
        ("DELETE", "/v1/webhooks/endpoints/{}", made["id"], absent_endpoint, None),
        ("POST", "/v1/webhooks/endpoints/{}/rotate-secret", made["id"], absent_endpoint, {}),
        ("POST", "/v1/webhooks/endpoints/{}/test", made["id"], absent_endpoint, None),
        ("GET", "/v1/webhooks/deliveries/{}", delivery, absent_delivery, None),
        ("POST", "/v1/webhooks/deliveries/{}/replay", delivery, absent_delivery, None),
    ):
        foreign, missing = await other(method, path.format(theirs), body), await other(method, path.format(absent), body)
        for answer in (foreign, missing):
            answer[1]["error"].pop("request_id")
        assert foreign == missing and foreign[0] == 404
        if method != "GET":
            assert (await viewer(method, path.format(theirs), body))[0] == 403
    assert (await other("GET", "/v1/webhooks/deliveries"))[1]["data"] == []
    assert (await other("GET", "/v1/webhooks/endpoints"))[1]["data"] == []
    for nonsense in ("x", "%00", "..", "msg_1_2"):
        assert (await call("GET", f"/v1/webhooks/deliveries/{nonsense}"))[0] == 404
        assert (await call("GET", f"/v1/webhooks/endpoints/{nonsense}"))[0] == 404


class FakeNames:
    """A name server whose answers can be changed."""

    def __init__(self, *answers: str) -> None:
        self.answers = answers

    async def resolve(self, host: str) -> Sequence[str]:
        if not self.answers:
            raise OSError("no such name")
        return self.answers


@pytest.mark.promise("W-08")
async def test_a_bad_url_is_refused_at_create_update_and_test(call: Caller, served: WebhookGateway) -> None:
    names = FakeNames("93.184.216.34")
    served.guard(Egress(EgressPolicy(), resolver=names))
    _, made = await call("POST", "/v1/webhooks/endpoints", {"url": "https://hooks.example/x", "events": ["*"]})
    path = f"/v1/webhooks/endpoints/{made['id']}"
    for url in (
        "http://hooks.example/", "https://127.0.0.1/", "https://2130706433/", "https://[::ffff:7f00:1]/", "https://169.254.169.254/", "gopher://x/",
        "https://a@hooks.example/", "https://hooks.example:22/", "https://①②⑦.0.0.1/", "https://hooks.example/#x", "no url",
    ):  # fmt: skip
        for method, where, body in (("POST", "/v1/webhooks/endpoints", {"url": url, "events": ["*"]}), ("PATCH", path, {"url": url})):
            status, answer = await call(method, where, body)
            assert (status, answer["error"]["code"], answer["error"]["param"]) == (422, "egress_refused", "url")

    names.answers = ("93.184.216.34", "10.0.0.7")
    for method, where, body in (
        ("POST", "/v1/webhooks/endpoints", {"url": "https://hooks.example/y", "events": ["*"]}),
        ("PATCH", path, {"url": "https://hooks.example/y"}),
        ("POST", path + "/test", None),
    ):
        status, answer = await call(method, where, body)
        assert (status, answer["error"]["code"]) == (422, "egress_refused") and "10.0.0.7" not in str(answer)
    names.answers = ()
    for method, where, body in (
        ("POST", "/v1/webhooks/endpoints", {"url": "https://hooks.example/z", "events": ["*"]}),
        ("PATCH", path, {"url": "https://hooks.example/z"}),
        ("POST", path + "/test", None),
    ):
        status, answer = await call(method, where, body)
        assert status < 300 and "'hooks.example' has no address" in answer["warning"], "a typing error in a host is told at once"
    assert (await call("PATCH", path, {"paused": True}))[1]["warning"] is None
    assert len((await call("GET", "/v1/webhooks/endpoints"))[1]["data"]) == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "https://x.example/"},
        {"url": "https://x.example/", "events": []},
        {"url": "https://x.example/", "events": ["nothing.known"]},
        {"url": "https://x.example/", "events": ["webhook.test"]},
        {"url": "https://x.example/", "events": "alert.raised"},
        {"url": "https://x.example/", "events": ["*"], "workspace_id": "x"},
        {"url": "https://x.example/", "events": ["*"], "filters": {"colour": ["red"]}},
        {"url": 5, "events": ["*"]},
        {"url": "https://x.example/\u0000", "events": ["*"]},
    ],
)
async def test_a_body_that_is_wrong_is_refused_by_name(call: Caller, body: object) -> None:
    status, answer = await call("POST", "/v1/webhooks/endpoints", body)
    assert status in (400, 422) and answer["error"]["type"] == "invalid_request_error"


@pytest.mark.promise("W-13")
async def test_a_test_that_a_webhook_caused_again_and_again_ends(call: Caller, hooks: Hooks, receiver: Receiver) -> None:
    _, made = await call("POST", "/v1/webhooks/endpoints", {"url": receiver.url(), "events": ["*"]})
    for header, wanted in (("0", 1), ("2", 3), ("99", 3)):
        await call("POST", f"/v1/webhooks/endpoints/{made['id']}/test", burnish_hops=header)
        *_, event = await hooks.announced(service="gateway")
        assert event.hops == wanted
        assert await hooks.emit(event) == (1 if wanted < 3 else 0)


@pytest.mark.promise("W-13")
async def test_a_count_of_rounds_that_is_no_number_is_refused_before_anything_is_done(call: Caller, hooks: Hooks) -> None:
    for header in ("x", "-1", "1.0", "1,2", " ", "99999", "\u00b2"):
        status, answer = await call("POST", "/v1/webhooks/endpoints", {"url": "http://127.0.0.1:9/", "events": ["*"]}, burnish_hops=header)
        assert (status, answer["error"]["param"]) == (422, "burnish-hops") and answer["error"]["request_id"]
    assert (await call("GET", "/v1/webhooks/endpoints"))[1]["data"] == []
