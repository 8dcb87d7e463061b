"""Digests in the channels of alerts: each in its own format, once, and only where the schedule says."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.embedded.databases import DatabaseUrls
from tests.fakes.alert_services import check_slack, check_teams, mail_server
from tests.fakes.receiver import Receiver
from tests.integration.webhooks.conftest import Hooks, an_event
from tests.integration.webhooks.gateway import WebhookGateway, webhook_gateway
from tests.integration.webhooks.test_alert_channels import notices, send

from burnish_webhooks.io.mailer import Mailer, SmtpServer
from burnish_webhooks.queue_notices import queue_notices

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A3")]

GOLDEN = Path(__file__).parents[2] / "contracts/golden/v1/event.report.ready.json"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(module_database_urls: DatabaseUrls) -> AsyncIterator[WebhookGateway]:
    async with webhook_gateway(module_database_urls) as serving:
        yield serving


async def test_a_digest_reaches_the_channels_of_its_schedule_once_each(gateway: WebhookGateway, hooks: Hooks, receiver: Receiver) -> None:
    admin = await gateway.caller(hooks.workspace_id)
    ids = []
    for body in (
        {"kind": "slack", "name": "slack", "url": receiver.url("/slack"), "filters": {"kinds": ["budget"]}},
        {"kind": "teams", "name": "teams", "url": receiver.url("/teams")},
        {"kind": "email", "name": "mail", "recipients": ["ann@example.com"]},
        {"kind": "slack", "name": "off", "url": receiver.url("/off"), "enabled": False},
        {"kind": "slack", "name": "not named", "url": receiver.url("/other")},
    ):
        status, made = await admin("POST", "/v1/alert-channels", body)
        assert status == 201, made
        ids.append(made["id"])
    data = json.loads(GOLDEN.read_text())["data"] | {"channels": ids[:4]}
    event = an_event(hooks.workspace_id, "report.ready", data=data)
    assert await queue_notices([event], db=hooks.worker) == 3
    assert await queue_notices([event], db=hooks.worker) == 0
    async with mail_server() as mails:
        mailer = Mailer(SmtpServer.parse(mails.url), sender="burnish@example.com")
        assert await send(hooks, mailer=mailer) == 3
        [(_, mail)] = mails.mails
    assert {one["status"] for one in await notices(hooks)} == {"sent"}
    [slack], [teams] = receiver.at("/slack"), receiver.at("/teams")
    check_slack(json.loads(slack.body))
    check_teams(json.loads(teams.body))
    assert receiver.at("/off") == receiver.at("/other") == []
    for body in (slack.body.decode(), teams.body.decode(), str(mail)):
        assert "Weekly report" in body and "1,204" in body
    page = f"https://burnish.example/app/analytics/reports/{data['report_id']}?workspace={hooks.workspace_id}"
    assert page in slack.body.decode() and "Show the report" in slack.body.decode()


async def test_a_report_that_is_for_no_channel_makes_no_notice(hooks: Hooks) -> None:
    data = json.loads(GOLDEN.read_text())["data"] | {"channels": []}
    assert await queue_notices([an_event(hooks.workspace_id, "report.ready", data=data)], db=hooks.worker) == 0
