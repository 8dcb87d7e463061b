"""Alert channels that hang hold up nobody else's alerts; and channels hear when a webhook endpoint is switched off."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.embedded.databases import DatabaseUrls
from tests.embedded.workspaces import make_workspace
from tests.fakes.alert_services import check_pagerduty, check_slack, check_teams
from tests.fakes.receiver import Receiver
from tests.integration.webhooks.conftest import KEK, Hooks, an_event
from tests.integration.webhooks.gateway import WebhookGateway, webhook_gateway
from tests.integration.webhooks.test_alert_channels import an_alert, send

from burnish_shared.auth.keyring import Keyring
from burnish_shared.clock import SystemClock
from burnish_shared.db.session import Database
from burnish_shared.egress import Egress, EgressPolicy
from burnish_shared.ids import new_uuid
from burnish_webhooks.io.mailer import Mailer
from burnish_webhooks.io.sender import HttpSender
from burnish_webhooks.queue_notices import queue_notices
from burnish_webhooks.send_notices import NoticeSender

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A4")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(module_database_urls: DatabaseUrls) -> AsyncIterator[WebhookGateway]:
    async with webhook_gateway(module_database_urls) as serving:
        yield serving


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def _clean(databases: dict[str, Database]) -> AsyncIterator[None]:
    yield
    async with databases["superuser"].unit_of_work() as tx:
        await tx.execute("DELETE FROM alert_channels")


async def test_a_channel_that_hangs_holds_up_no_other_tenants_alerts(
    gateway: WebhookGateway, hooks: Hooks, receiver: Receiver, module_database_urls: DatabaseUrls
) -> None:
    other = (await make_workspace(module_database_urls["superuser"])).workspace_id
    for workspace_id, path in ((other, "/hang"), (hooks.workspace_id, "/fine")):
        admin = await gateway.caller(workspace_id)
        status, _ = await admin("POST", "/v1/alert-channels", {"kind": "slack", "name": "s", "url": receiver.url(path)})
        assert status == 201
    receiver.modes["/hang"] = ["hang"]
    stop = asyncio.Event()
    async with HttpSender(Egress(EgressPolicy.parse("127.0.0.0/8")), total_timeout_s=100, connect_timeout_s=20) as http:
        sender = NoticeSender(hooks.worker, http, Mailer(None, sender=""), Keyring(KEK), SystemClock(), "", interval_s=0.02)
        running = asyncio.create_task(sender.run(stop))
        theirs = an_alert(hooks, alert_id=new_uuid()).model_copy(update={"workspace_id": other})
        assert await queue_notices([theirs], db=hooks.worker) == 1
        sender.wake()
        await receiver.wait_for(lambda all_: len(all_) == 1)
        assert await queue_notices([an_alert(hooks, alert_id=new_uuid())], db=hooks.worker) == 1
        sender.wake()
        await receiver.wait_for(lambda all_: {one.path for one in all_} == {"/hang", "/fine"})
        stop.set()
        receiver.released.set()
        await running


async def test_an_end_that_is_read_before_its_beginning_is_told_after_it_and_nowhere_else(
    gateway: WebhookGateway, hooks: Hooks, receiver: Receiver
) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    for body in (
        {"kind": "pagerduty", "name": "pager", "url": receiver.url("/pager"), "routing_key": "R" * 32},
        {"kind": "slack", "name": "budgets only", "url": receiver.url("/budgets"), "filters": {"kinds": ["budget"]}},
    ):
        status, made = await admin("POST", "/v1/alert-channels", body)
        assert status == 201, made
    raised = an_alert(hooks, alert_id=(alert_id := new_uuid()))
    resolved = an_alert(hooks, "alert.resolved", alert_id=alert_id)
    assert await queue_notices([resolved], db=hooks.worker) == 0
    _, listed = await admin("GET", "/v1/alert-channels")
    assert await send(hooks) == 0 and [one["waiting"] for one in listed["data"]] == [0, 0]
    assert await queue_notices([raised], db=hooks.worker) == 2
    assert await queue_notices([raised, resolved], db=hooks.worker) == 0
    while await send(hooks):
        pass
    assert [json.loads(one.body)["event_action"] for one in receiver.at("/pager")] == ["trigger", "resolve"]
    assert receiver.at("/budgets") == []


async def test_channels_hear_that_a_webhook_endpoint_was_switched_off(gateway: WebhookGateway, hooks: Hooks, receiver: Receiver) -> None:
    """Even where it was the only endpoint: nobody is told of his own end."""
    admin = await gateway.caller(hooks.workspace_id)
    for body in (
        {"kind": "slack", "name": "slack", "url": receiver.url("/slack")},
        {"kind": "teams", "name": "teams", "url": receiver.url("/teams")},
        {"kind": "pagerduty", "name": "pager", "url": receiver.url("/pager"), "routing_key": "R" * 32},
        {"kind": "slack", "name": "budgets only", "url": receiver.url("/budgets"), "filters": {"kinds": ["budget"]}},
        {"kind": "slack", "name": "errors only", "url": receiver.url("/errors"), "filters": {"min_severity": "error"}},
    ):
        status, made = await admin("POST", "/v1/alert-channels", body)
        assert status == 201, made
    endpoint_id = await hooks.add_endpoint(receiver.url("/gone"))
    receiver.modes["/gone"] = ["410"]
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering():
        await hooks.until_all("cancelled")
    (event,) = await hooks.announced()
    assert await queue_notices([event], db=hooks.worker) == 3 and await queue_notices([event], db=hooks.worker) == 0
    assert await send(hooks) == 3
    [slack], [teams], [pager] = receiver.at("/slack"), receiver.at("/teams"), receiver.at("/pager")
    check_slack(json.loads(slack.body))
    check_teams(json.loads(teams.body))
    check_pagerduty(json.loads(pager.body))
    for request in (slack, teams):
        assert b"switched off" in request.body and b"410" in request.body and str(endpoint_id).encode() in request.body
    assert f"https://burnish.example/app/webhooks/{endpoint_id}?workspace={hooks.workspace_id}" in slack.body.decode()
    assert json.loads(pager.body)["dedup_key"] == f"burnish-endpoint-{endpoint_id}"
