"""Alert channels: set up over the API, told by the webhooks service, each service in its own format."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from tests.embedded.databases import DatabaseUrls
from tests.fakes.alert_services import check_pagerduty, check_slack, check_teams, mail_server
from tests.fakes.receiver import Receiver
from tests.integration.webhooks.conftest import KEK, Hooks, an_event
from tests.integration.webhooks.gateway import WebhookGateway, webhook_gateway

from burnish_gateway.alerts import configure_channel
from burnish_shared.auth.keyring import Keyring
from burnish_shared.clock import SystemClock
from burnish_shared.contracts.events import Event
from burnish_shared.egress import Egress, EgressPolicy
from burnish_shared.ids import new_uuid
from burnish_webhooks.io.mailer import Mailer, SmtpServer
from burnish_webhooks.io.sender import HttpSender
from burnish_webhooks.queue_notices import queue_notices
from burnish_webhooks.send_notices import NoticeSender, forget_old_notices

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A4")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(module_database_urls: DatabaseUrls) -> AsyncIterator[WebhookGateway]:
    async with webhook_gateway(module_database_urls) as serving:
        yield serving


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def _clean(databases: Any) -> AsyncIterator[None]:
    yield
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute("DELETE FROM alert_channels")


async def send(hooks: Hooks, *, mailer: Mailer | None = None, policy: str = "127.0.0.0/8", rounds: int = 1, kek: bytes = KEK) -> int:
    """Rounds of sending, with waits of milliseconds. Returns how many notices were taken up."""
    async with HttpSender(Egress(EgressPolicy.parse(policy)), total_timeout_s=30, connect_timeout_s=20) as http:
        sender = NoticeSender(
            hooks.worker, http, mailer or Mailer(None, sender=""), Keyring(kek), SystemClock(), "https://burnish.example", factor=0
        )
        return sum([await sender.round() for _ in range(rounds)])


def an_alert(hooks: Hooks, type_: str = "alert.raised", *, alert_id: UUID, **data: Any) -> Event:
    common = {"alert_id": str(alert_id), "kind": "degradation", "metric": "latency", "severity": "error", "prompt": "triage",
              "label": "production", "version": 3}  # fmt: skip
    told = {
        "alert.raised": {"summary": "Slower.", "before": {"p95_ms": 900}, "after": {"share_above": 0.3}, "changed": {}},
        "alert.acknowledged": {"acknowledged_by": "user:1"},
        "alert.resolved": {"summary": "Slower.", "resolution": "recovered"},
    }[type_]
    return an_event(hooks.workspace_id, type_, data={**common, **told, **data})


async def notices(hooks: Hooks) -> list[dict[str, Any]]:
    return await hooks.rows("SELECT event_type, status, attempts, error, detail FROM alert_notices ORDER BY event_id")


async def test_a_channel_is_made_shown_without_its_secret_changed_and_deleted(gateway: WebhookGateway, hooks: Hooks) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    url = "http://127.0.0.1:9/services/T000/B000/very-secret"
    status, made = await admin("POST", "/v1/alert-channels", {"kind": "slack", "name": "On call", "url": url})
    assert (status, made["address"], made["last_notice"]) == (201, "127.0.0.1", None)
    path = f"/v1/alert-channels/{made['id']}"
    assert (await admin("POST", "/v1/alert-channels", {"kind": "slack", "name": "on CALL", "url": url}))[0] == 409
    status, changed = await admin("PATCH", path, {"name": "Ops", "enabled": False, "filters": {"min_severity": "error"}})
    assert (status, changed["name"], changed["filters"]) == (200, "Ops", {"min_severity": "error"})
    for wrong in (
        {"routing_key": "R" * 32},
        {"name": None},
        {"enabled": None},
        {"url": None},
        {"filters": {"kinds": ["usage"], "prompts": ["x"]}},
    ):
        status, refused = await admin("PATCH", path, wrong)
        assert (status, refused["error"]["param"].partition(".")[0]) == (422, next(iter(wrong)))
    assert (await admin("PATCH", path, {"filters": None}))[1]["filters"] == {}
    shown = [await admin("GET", one) for one in ("/v1/alert-channels", path)]
    assert (await admin("DELETE", path))[0] == 200
    assert (await admin("GET", path))[0] == 404
    entries = await hooks.rows("SELECT action, before, after FROM audit_log WHERE object_kind = 'alert_channel' ORDER BY audit_id")
    assert [one["action"].partition(".")[2] for one in entries] == ["created", "changed", "changed", "deleted"]
    assert "very-secret" not in json.dumps([made, changed, shown, [[one["before"], one["after"]] for one in entries]])


async def test_channels_that_are_made_at_once_keep_their_names_and_their_number(
    gateway: WebhookGateway, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await gateway.caller(hooks.workspace_id)

    async def made(name: str) -> int:
        return (await admin("POST", "/v1/alert-channels", {"kind": "email", "name": name, "recipients": ["ann@example.com"]}))[0]

    assert sorted(await asyncio.gather(*(made("Owners") for _ in range(8)))) == [201] + 7 * [409]
    monkeypatch.setattr(configure_channel, "CHANNELS_MOST", 4)
    assert sorted(await asyncio.gather(*(made(f"Owners {n}") for n in range(8)))) == 3 * [201] + 5 * [409]
    channel = (await admin("GET", "/v1/alert-channels"))[1]["data"][0]["id"]
    gone = await asyncio.gather(*(admin("DELETE", f"/v1/alert-channels/{channel}") for _ in range(5)))
    assert sorted(status for status, _ in gone) == [200] + 4 * [404]


async def test_a_service_of_ones_own_is_taken_off_again(gateway: WebhookGateway, hooks: Hooks) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    pager = {"kind": "pagerduty", "name": "Pager", "routing_key": "R" * 32, "url": "http://127.0.0.1:9/own", "region": "eu"}
    _, made = await admin("POST", "/v1/alert-channels", pager)
    path = f"/v1/alert-channels/{made['id']}"
    status, kept = await admin("PATCH", path, {"name": "Pager 2"})
    assert (status, kept["url"], kept["region"], kept["address"]) == (200, "http://127.0.0.1:9/own", "eu", "…RRRR")
    status, own = await admin("PATCH", path, {"url": None, "region": None, "routing_key": "S" * 32})
    assert (status, own["url"], own["region"], own["address"]) == (200, None, "us", "…SSSS")


@pytest.mark.promise("S-02")
@pytest.mark.parametrize(
    ("own", "change"),
    [
        (True, {"url": "http://127.0.0.1:8/own"}), (True, {"url": "http://127.0.0.2:9/own"}), (True, {"url": None}),
        (True, {"url": None, "region": None}), (False, {"region": "us"}), (False, {"region": None}),
        (False, {"url": "http://127.0.0.1:9/own"}),
    ],
)  # fmt: skip
async def test_a_key_that_nobody_may_read_is_sent_nowhere_else(
    gateway: WebhookGateway, hooks: Hooks, databases: Any, own: bool, change: dict[str, Any]
) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    pager = {"kind": "pagerduty", "name": "Pager", "routing_key": "R" * 32, "region": "eu"}
    _, made = await admin("POST", "/v1/alert-channels", pager | ({"url": "http://127.0.0.1:9/own"} if own else {}))
    path = f"/v1/alert-channels/{made['id']}"
    status, refused = await admin("PATCH", path, change)
    assert (status, refused["error"]["param"]) == (422, "routing_key") and "anew" in refused["error"]["message"]
    assert (await admin("GET", path))[1]["url"] == made["url"]
    assert (await admin("PATCH", path, change | {"routing_key": "S" * 32}))[0] == 200


async def test_another_path_of_the_same_server_keeps_the_key(gateway: WebhookGateway, hooks: Hooks) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    pager = {"kind": "pagerduty", "name": "Pager", "routing_key": "R" * 32, "url": "http://127.0.0.1:9/own"}
    _, made = await admin("POST", "/v1/alert-channels", pager)
    status, kept = await admin("PATCH", f"/v1/alert-channels/{made['id']}", {"url": "http://127.0.0.1:9/other", "region": "eu"})
    assert (status, kept["url"], kept["address"]) == (200, "http://127.0.0.1:9/other", "…RRRR")


@pytest.mark.promise("W-08")
async def test_an_inner_address_is_refused_when_it_is_named_and_when_it_is_dialled(gateway: WebhookGateway, hooks: Hooks) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    for body in (
        {"kind": "teams", "name": "t", "url": "http://169.254.169.254/latest"},
        {"kind": "pagerduty", "name": "p", "routing_key": "R" * 32, "url": "http://[::ffff:10.0.0.1]/"},
    ):
        status, answer = await admin("POST", "/v1/alert-channels", body)
        assert (400 <= status < 500, answer["error"]["param"]) == (True, "url"), answer
    _, made = await admin("POST", "/v1/alert-channels", {"kind": "slack", "name": "s", "url": "http://127.0.0.1:9/x"})
    await admin("POST", f"/v1/alert-channels/{made['id']}/test")
    await send(hooks, policy="")
    assert [one["error"] for one in await notices(hooks)] == ["egress_refused"]


@pytest.mark.parametrize("body", [
    {"kind": "email", "name": "x"}, {"kind": "email", "name": "x", "recipients": ["no address"]}, {"kind": "slack", "name": "x"},
    {"kind": "email", "name": "x", "recipients": ["a@example.com\r\nBcc: b@example.com"]},
    {"kind": "pagerduty", "name": "x", "routing_key": "short"},
    {"kind": "email", "name": "x", "recipients": ["a@example.com"], "url": "https://example.com"},
])  # fmt: skip
async def test_a_channel_without_what_its_kind_needs_is_refused(gateway: WebhookGateway, hooks: Hooks, body: dict[str, Any]) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    assert (await admin("POST", "/v1/alert-channels", body))[0] == 422


async def test_slack_teams_and_pagerduty_are_told_each_step_of_an_alert_once_and_in_order(
    gateway: WebhookGateway, hooks: Hooks, receiver: Receiver
) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    for body in (
        {"kind": "slack", "url": receiver.url("/slack")},
        {"kind": "teams", "url": receiver.url("/teams")},
        {"kind": "pagerduty", "routing_key": "R" * 32, "url": receiver.url("/pagerduty")},
        {"kind": "slack", "url": receiver.url("/filtered"), "filters": {"kinds": ["budget"]}},
    ):
        assert (await admin("POST", "/v1/alert-channels", {**body, "name": body["url"]}))[0] == 201
    alert_id = new_uuid()
    events = [an_alert(hooks, one, alert_id=alert_id) for one in ("alert.raised", "alert.acknowledged", "alert.resolved")]
    assert await queue_notices(events, db=hooks.worker) == 9
    assert await queue_notices(events, db=hooks.worker) == 0
    receiver.modes["/slack"] = ["500", "ok"]
    assert await send(hooks, rounds=6) == 10
    for path, check in (("/slack", check_slack), ("/teams", check_teams), ("/pagerduty", check_pagerduty)):
        for one in receiver.at(path):
            check(json.loads(one.body))
    told = [json.loads(one.body) for one in receiver.at("/pagerduty")]
    assert [one["event_action"] for one in told] == ["trigger", "acknowledge", "resolve"]
    headers = [json.loads(one.body)["blocks"][0]["text"]["text"].partition(":")[0] for one in receiver.at("/slack")]
    assert headers == ["Alert", "Alert", "Acknowledged", "Resolved"]
    assert receiver.at("/filtered") == []


async def test_what_a_service_refuses_for_good_is_shown_and_not_tried_again(
    gateway: WebhookGateway, hooks: Hooks, receiver: Receiver
) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    receiver.modes["/gone"] = ["404"]
    _, made = await admin("POST", "/v1/alert-channels", {"kind": "slack", "name": "gone", "url": receiver.url("/gone"), "enabled": False})
    status, _ = await admin("POST", f"/v1/alert-channels/{made['id']}/test")
    assert (status, await send(hooks, rounds=3)) == (202, 1)
    _, shown = await admin("GET", f"/v1/alert-channels/{made['id']}")
    last = shown["last_notice"]
    assert (last["event"], last["status"], last["error"], last["attempts"]) == ("test", "failed", "http_404", 1)


async def test_a_channel_that_fails_and_is_tried_again_says_so_meanwhile(gateway: WebhookGateway, hooks: Hooks, receiver: Receiver) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    receiver.modes["/down"] = ["503"]
    _, made = await admin("POST", "/v1/alert-channels", {"kind": "slack", "name": "down", "url": receiver.url("/down")})
    await admin("POST", f"/v1/alert-channels/{made['id']}/test")
    assert await send(hooks, rounds=1) == 1
    _, shown = await admin("GET", f"/v1/alert-channels/{made['id']}")
    last = shown["last_notice"]
    assert (shown["waiting"], last["event"], last["status"], last["error"], last["attempts"]) == (1, "test", "retrying", "http_503", 1)


async def test_what_cannot_be_made_is_tried_as_often_as_what_fails_and_says_so(
    gateway: WebhookGateway, hooks: Hooks, receiver: Receiver
) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    _, made = await admin("POST", "/v1/alert-channels", {"kind": "slack", "name": "sealed", "url": receiver.url("/slack")})
    await admin("POST", f"/v1/alert-channels/{made['id']}/test")
    assert await send(hooks, kek=bytes(32)) == 1
    _, shown = await admin("GET", f"/v1/alert-channels/{made['id']}")
    last = shown["last_notice"]
    assert (last["status"], last["error"], last["attempts"]) == ("retrying", "not_sent", 1) and "key-encryption key" in last["detail"]
    assert await send(hooks, kek=bytes(32), rounds=9) == 7 and await send(hooks) == 0
    assert [(one["status"], one["attempts"], one["error"]) for one in await notices(hooks)] == [("failed", 8, "not_sent")]
    assert receiver.requests == []


async def test_a_process_that_dies_after_sending_leaves_the_notice_to_the_next(
    gateway: WebhookGateway, hooks: Hooks, receiver: Receiver
) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    await admin("POST", "/v1/alert-channels", {"kind": "slack", "name": "s", "url": receiver.url("/slack")})
    await queue_notices([an_alert(hooks, alert_id=new_uuid())], db=hooks.worker)
    async with hooks.worker.unit_of_work() as tx:
        assert len(await tx.fetch("SELECT * FROM claim_alert_notices(10, 1)")) == 1
    async with asyncio.timeout(60):
        while (sent := await send(hooks)) == 0:  # until the lease of the one that died has run out
            await asyncio.sleep(0.01)
    assert sent == 1
    assert await send(hooks) == 0
    assert [(one["status"], one["attempts"]) for one in await notices(hooks)] == [("sent", 1)]


async def test_a_mail_reaches_every_recipient_and_a_server_that_is_not_set_up_is_named(gateway: WebhookGateway, hooks: Hooks) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    await admin("POST", "/v1/alert-channels", {"kind": "email", "name": "m", "recipients": ["Ann@example.com", "bob@example.com"]})
    await queue_notices([an_alert(hooks, alert_id=new_uuid())], db=hooks.worker)
    async with mail_server() as server:
        server.refuse = ["451 later", "451 later"]
        mailer = Mailer(SmtpServer.parse(server.url), sender="Burnish <alerts@example.com>")
        await send(hooks, mailer=mailer, rounds=2)
        [(recipients, mail)] = server.mails
    assert recipients == ["ann@example.com", "bob@example.com"]
    assert (mail["From"], mail["Subject"]) == ("Burnish <alerts@example.com>", "[test] Alert: triage, latency")
    assert mail.get_body(("html",)) is not None
    assert [(one["status"], one["attempts"]) for one in await notices(hooks)] == [("sent", 2)]
    await queue_notices([an_alert(hooks, alert_id=new_uuid())], db=hooks.worker)
    await send(hooks)
    assert (await notices(hooks))[1]["error"] == "smtp_not_configured"


@pytest.mark.parametrize("extensions", [[], ["SMTPUTF8", "8BITMIME"]])
async def test_a_mail_to_letters_beyond_ascii_needs_a_server_that_takes_them_and_stops_nobody_elses(
    gateway: WebhookGateway, hooks: Hooks, extensions: list[str]
) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    for name, recipients in (("alone", ["\u00e4da@example.com"]), ("both", ["bob@b\u00fccher.example", "\u00e4da@example.com"])):
        assert (await admin("POST", "/v1/alert-channels", {"kind": "email", "name": name, "recipients": recipients}))[0] == 201
    await queue_notices([an_alert(hooks, alert_id=new_uuid())], db=hooks.worker)
    async with mail_server() as server:
        server.extensions = extensions
        mailer = Mailer(SmtpServer.parse(server.url), sender="Burnish <alerts@example.com>")
        await send(hooks, mailer=mailer, rounds=2)
    told = sorted(recipients for recipients, _ in server.mails)
    if extensions:
        assert told == [["bob@xn--bcher-kva.example", "\u00e4da@example.com"], ["\u00e4da@example.com"]]
        assert {one["status"] for one in await notices(hooks)} == {"sent"}
        return
    assert told == [["bob@xn--bcher-kva.example"]] and server.mails[0][1]["To"] == "bob@xn--bcher-kva.example"
    assert sorted((one["status"], one["error"], one["attempts"]) for one in await notices(hooks)) == [
        ("failed", "smtp_without_smtputf8", 1), ("sent", "smtp_recipients_refused", 1),
    ]  # fmt: skip


async def test_who_is_put_off_by_a_mail_server_is_told_later_alone_and_who_is_refused_is_named(
    gateway: WebhookGateway, hooks: Hooks
) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    people = ["ann@example.com", "bob@example.com", "cat@example.com"]
    _, made = await admin("POST", "/v1/alert-channels", {"kind": "email", "name": "m", "recipients": people})
    await queue_notices([an_alert(hooks, alert_id=new_uuid())], db=hooks.worker)
    async with mail_server() as server:
        server.refuse = ["250 ok", "451 grey", "550 no such user", "451 grey"]
        mailer = Mailer(SmtpServer.parse(server.url), sender="alerts@example.com")
        await send(hooks, mailer=mailer)
        _, meanwhile = await admin("GET", f"/v1/alert-channels/{made['id']}")
        await send(hooks, mailer=mailer, rounds=3)
    assert [recipients for recipients, _ in server.mails] == [["ann@example.com"], ["bob@example.com"]]
    assert (meanwhile["last_notice"]["status"], meanwhile["last_notice"]["error"]) == ("retrying", "smtp_recipients_refused")
    [kept] = await notices(hooks)
    assert (kept["status"], kept["error"], kept["attempts"]) == ("sent", "smtp_recipients_refused", 3)
    assert kept["detail"] == "Not delivered to cat@example.com: 550 no such user"


@pytest.mark.parametrize(
    ("people", "extensions", "answers", "told"),
    [
        (["ann@example.com", "bob@example.com"], [], ["250 ok", "421 too busy"], [["ann@example.com", "bob@example.com"]]),
        (["bob@example.com", "\u00e4da@example.com"], [], ["451 grey", "550 no such user"], []),
    ],
)  # fmt: skip
async def test_nobody_counts_as_told_by_a_mail_that_was_never_handed_in(
    gateway: WebhookGateway, hooks: Hooks, people: list[str], extensions: list[str], answers: list[str], told: list[list[str]]
) -> None:
    """A server that hangs up after one recipient has taken it for none before, and whom no attempt was made for has not got it."""
    admin = await gateway.caller(hooks.workspace_id)
    await admin("POST", "/v1/alert-channels", {"kind": "email", "name": "m", "recipients": people})
    await queue_notices([an_alert(hooks, alert_id=new_uuid())], db=hooks.worker)
    async with mail_server() as server:
        server.extensions, server.refuse = extensions, answers
        await send(hooks, mailer=Mailer(SmtpServer.parse(server.url), sender="alerts@example.com"), rounds=3)
    assert [recipients for recipients, _ in server.mails] == told
    assert [one["status"] for one in await notices(hooks)] == ["sent" if told else "failed"]


async def test_a_password_that_the_protocol_cannot_carry_is_named(gateway: WebhookGateway, hooks: Hooks) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    await admin("POST", "/v1/alert-channels", {"kind": "email", "name": "m", "recipients": ["ann@example.com"]})
    await queue_notices([an_alert(hooks, alert_id=new_uuid())], db=hooks.worker)
    async with mail_server() as server:
        server.extensions = ["AUTH PLAIN"]
        mailer = Mailer(SmtpServer.parse(server.url.replace("//", "//ann:p%C3%A4ss@")), sender="alerts@example.com")
        await send(hooks, mailer=mailer)
    assert [(one["status"], one["error"]) for one in await notices(hooks)] == [("failed", "smtp_login_refused")]


async def test_a_recipient_that_no_mail_server_takes_is_refused_where_it_is_written(gateway: WebhookGateway, hooks: Hooks) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    for one in ("a..b@example.com", "a@example.", "a@-x.com", "a\u202eb@example.com"):
        status, _ = await admin("POST", "/v1/alert-channels", {"kind": "email", "name": "m", "recipients": [one]})
        assert status == 422, one


@pytest.mark.parametrize("how", ["enabled", "deleted"])
async def test_who_heard_that_an_endpoint_was_switched_off_hears_that_it_is_over(
    gateway: WebhookGateway, hooks: Hooks, receiver: Receiver, how: str
) -> None:
    gateway.guard(Egress(EgressPolicy.parse("127.0.0.0/8")))
    admin = await gateway.caller(hooks.workspace_id)
    for body in (
        {"kind": "pagerduty", "name": "pager", "routing_key": "R" * 32, "url": receiver.url("/pager")},
        {"kind": "slack", "name": "budget", "url": receiver.url("/slack"), "filters": {"kinds": ["budget"]}},
    ):
        assert (await admin("POST", "/v1/alert-channels", body))[0] == 201
    given = {"url": receiver.url("/hook"), "events": ["*"], "description": "Warehouse"}
    _, made = await admin("POST", "/v1/webhooks/endpoints", given)
    path = f"/v1/webhooks/endpoints/{made['id']}"
    assert (await admin("PATCH", path, {"enabled": True}))[0] == 200
    assert await notices(hooks) == [], "it was not off"
    receiver.modes["/hook"] = ["410"]
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering():
        await hooks.until_all("cancelled")
    assert await queue_notices(await hooks.announced(), db=hooks.worker) == 1
    assert await send(hooks) == 1
    assert (await admin(*(("PATCH", path, {"enabled": True}) if how == "enabled" else ("DELETE", path))))[0] == 200
    made_at = await hooks.rows("SELECT event_id FROM alert_notices ORDER BY created_at")
    assert [one["event_id"].version for one in made_at] == [7, 7], "turns are taken by it, and a restore goes by it"
    assert await send(hooks) == 1
    told = [json.loads(one.body) for one in receiver.at("/pager")]
    for one in told:
        check_pagerduty(one)
    assert [one["event_action"] for one in told] == ["trigger", "resolve"] and len({one["dedup_key"] for one in told}) == 1
    details = told[0]["payload"]["custom_details"]
    assert (details["Workspace"], details["Endpoint"]) == ("test", "Warehouse (127.0.0.1)")
    await admin("PATCH", path, {"enabled": True})
    assert await send(hooks) == 0 and receiver.at("/slack") == []


async def test_a_pager_that_would_hear_of_nothing_is_refused(gateway: WebhookGateway, hooks: Hooks) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    pager = {"kind": "pagerduty", "name": "pager", "routing_key": "R" * 32}
    status, refused = await admin("POST", "/v1/alert-channels", pager | {"filters": {"kinds": ["experiment"]}})
    assert (status, refused["error"]["param"]) == (422, "filters.kinds")
    status, made = await admin("POST", "/v1/alert-channels", pager | {"filters": {"kinds": ["experiment", "budget"]}})
    assert status == 201, made
    status, refused = await admin("PATCH", f"/v1/alert-channels/{made['id']}", {"filters": {"kinds": ["experiment"]}})
    assert (status, refused["error"]["param"]) == (422, "filters.kinds")


async def test_a_rollback_reaches_chats_and_mail_and_no_pager(gateway: WebhookGateway, hooks: Hooks, receiver: Receiver) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    for body in (
        {"kind": "pagerduty", "name": "pager", "routing_key": "R" * 32, "url": receiver.url("/pager")},
        {"kind": "slack", "name": "rollouts", "url": receiver.url("/slack"), "filters": {"kinds": ["experiment"]}},
        {"kind": "teams", "name": "budgets", "url": receiver.url("/teams"), "filters": {"kinds": ["budget"]}},
    ):
        status, made = await admin("POST", "/v1/alert-channels", body)
        assert status == 201, made
    whose = {"experiment_id": str(new_uuid()), "slug": "triage", "name": "Shorter", "kind": "rollout", "label": "production", "epoch": 1}
    back = an_event(
        hooks.workspace_id, "experiment.rolled_back",
        data=whose | {"step": 1, "version": 2, "decided_by": "system:optimizer", "sentence": "Errors rose by 6.2 points."},
    )  # fmt: skip
    assert await queue_notices([back], db=hooks.worker) == 1
    assert await send(hooks) == 1
    (one,) = receiver.at("/slack")
    check_slack(json.loads(one.body))
    assert "Rolled back: Shorter" in one.body.decode() and "Errors rose by 6.2 points." in one.body.decode()
    assert f"/app/experiments/{whose['experiment_id']}" in one.body.decode()


async def _pager_of_a_lost_endpoint(gateway: WebhookGateway, hooks: Hooks, receiver: Receiver) -> tuple[Any, str]:
    """A pager, and the path of an endpoint that was just switched off; nobody was told yet."""
    gateway.guard(Egress(EgressPolicy.parse("127.0.0.0/8")))
    admin = await gateway.caller(hooks.workspace_id)
    pager = {"kind": "pagerduty", "name": "pager", "routing_key": "R" * 32, "url": receiver.url("/pager")}
    assert (await admin("POST", "/v1/alert-channels", pager))[0] == 201
    _, made = await admin("POST", "/v1/webhooks/endpoints", {"url": receiver.url("/hook"), "events": ["*"]})
    receiver.modes["/hook"] = ["410"]
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering():
        await hooks.until_all("cancelled")
    return admin, f"/v1/webhooks/endpoints/{made['id']}"


@pytest.mark.parametrize("how", ["enabled", "deleted"])
async def test_an_endpoint_that_is_on_again_or_gone_before_anybody_heard_opens_no_incident(
    gateway: WebhookGateway, hooks: Hooks, receiver: Receiver, how: str
) -> None:
    """The bus may be away when it is switched off: what is told hours later would stay open for ever."""
    admin, path = await _pager_of_a_lost_endpoint(gateway, hooks, receiver)
    assert (await admin(*(("PATCH", path, {"enabled": True}) if how == "enabled" else ("DELETE", path))))[0] == 200
    await queue_notices(await hooks.announced(), db=hooks.worker)
    await send(hooks, rounds=2)
    assert receiver.at("/pager") == []
    assert [(one["status"], one["error"]) for one in await notices(hooks)] == [("failed", "over_already")]
    (channel,) = (await admin("GET", "/v1/alert-channels"))[1]["data"]
    assert (channel["last_notice"], channel["waiting"]) == (None, 0), "nothing is wrong with the channel"


async def test_an_end_that_could_not_be_told_is_not_told_after_it_is_over(
    gateway: WebhookGateway, hooks: Hooks, receiver: Receiver, databases: Any
) -> None:
    admin, path = await _pager_of_a_lost_endpoint(gateway, hooks, receiver)
    await queue_notices(await hooks.announced(), db=hooks.worker)
    receiver.modes["/pager"] = ["500"]
    await send(hooks)
    assert (await admin("PATCH", path, {"enabled": True}))[0] == 200
    async with databases["superuser"].unit_of_work() as tx:  # it fails once more, and waits longer than what tells that it is over
        await tx.execute("UPDATE alert_notices SET next_attempt_at = 'infinity' WHERE event_type = 'webhook.endpoint_disabled'")
        await tx.execute("UPDATE alert_notices SET next_attempt_at = clock_timestamp() WHERE event_type = 'webhook.endpoint_enabled'")
    del receiver.modes["/pager"]
    await send(hooks)
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute("UPDATE alert_notices SET next_attempt_at = clock_timestamp() WHERE status = 'pending'")
    await send(hooks)
    assert [json.loads(one.body)["event_action"] for one in receiver.at("/pager")] == ["trigger", "resolve"], "the first was refused"


@pytest.mark.parametrize("how", ["enabled", "deleted"])
async def test_the_end_of_an_endpoint_that_was_off_for_months_is_told(
    gateway: WebhookGateway, hooks: Hooks, receiver: Receiver, databases: Any, how: str
) -> None:
    """Notices are kept for 30 days, and an incident at PagerDuty is open for as long as nobody ends it."""
    admin, path = await _pager_of_a_lost_endpoint(gateway, hooks, receiver)
    await queue_notices(await hooks.announced(), db=hooks.worker)
    await send(hooks)
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute("UPDATE alert_notices SET created_at = created_at - interval '90 days'")
    assert await forget_old_notices(db=hooks.worker, days=30) == 0
    assert (await admin(*(("PATCH", path, {"enabled": True}) if how == "enabled" else ("DELETE", path))))[0] == 200
    await send(hooks)
    assert [json.loads(one.body)["event_action"] for one in receiver.at("/pager")] == ["trigger", "resolve"]
    assert await forget_old_notices(db=hooks.worker, days=30) == 1, "it is over, and told"
    assert await forget_old_notices(db=hooks.worker, days=30) == 0


async def test_the_end_of_an_alert_that_was_open_for_months_is_told(
    gateway: WebhookGateway, hooks: Hooks, receiver: Receiver, databases: Any
) -> None:
    gateway.guard(Egress(EgressPolicy.parse("127.0.0.0/8")))
    admin = await gateway.caller(hooks.workspace_id)
    pager = {"kind": "pagerduty", "name": "pager", "routing_key": "R" * 32, "url": receiver.url("/pager")}
    assert (await admin("POST", "/v1/alert-channels", pager))[0] == 201
    alert_id, over_id, other_id = new_uuid(), new_uuid(), new_uuid()
    await queue_notices([an_alert(hooks, alert_id=one) for one in (alert_id, over_id, other_id)], db=hooks.worker)
    await send(hooks, rounds=3)
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute(
            """INSERT INTO alerts (alert_id, workspace_id, incident_key, kind, metric, summary, before, after, changed, simulated, muted,
                                   raised_at, severity, resolved_at)
               SELECT a, $2, a::text, 'degradation', 'latency', 'S.', '{}', '{}', '{}', false, false, now(), 'error',
                      CASE a WHEN $3 THEN now() WHEN $4 THEN now() - interval '8 days' END FROM unnest(ARRAY[$1::uuid, $3, $4]) a""",
            alert_id, hooks.workspace_id, over_id, other_id,
        )  # fmt: skip
        await tx.execute("UPDATE alert_notices SET created_at = created_at - interval '90 days'")
    assert await forget_old_notices(db=hooks.worker, days=30) == 1, "that of the alert that is long over"
    ends = [an_alert(hooks, "alert.resolved", alert_id=one, resolution="recovered") for one in (alert_id, over_id)]
    await queue_notices(ends, db=hooks.worker)  # Of one it was on its way, as where this service was down for some hours.
    await send(hooks, rounds=2)
    assert [json.loads(one.body)["event_action"] for one in receiver.at("/pager")] == ["trigger"] * 3 + ["resolve"] * 2
