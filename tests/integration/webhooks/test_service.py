"""The whole service: NATS in, webhooks out, killed in between."""

import asyncio
import base64
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from standardwebhooks import Webhook
from tests.embedded.databases import DatabaseUrls
from tests.embedded.ports import own_port
from tests.fakes.receiver import Receiver
from tests.integration.webhooks.conftest import KEK, Hooks, an_event

from burnish_shared.contracts.events import Event
from burnish_webhooks import app
from burnish_webhooks.settings import WebhooksSettings

pytestmark = pytest.mark.asyncio(loop_scope="session")

Publish = Callable[..., Awaitable[None]]

SHORT = {"BURNISH_WEBHOOK_TOTAL_TIMEOUT_S": "3", "BURNISH_WEBHOOK_LEASE_S": "4"}
"""Of a process that dies: another one takes over after so long."""


@pytest.fixture
def environment(module_database_urls: DatabaseUrls, nats_server: Any) -> dict[str, str]:
    return {
        "DATABASE_URL": module_database_urls["webhooks"],
        "NATS_URL": nats_server.url("webhooks"),
        "BURNISH_KEK": base64.b64encode(KEK).decode(),
        "BURNISH_EGRESS_ALLOW": "127.0.0.0/8",
        "BURNISH_WEBHOOK_SCHEDULE_FACTOR": "0.001",
        "BURNISH_WEBHOOK_TOTAL_TIMEOUT_S": "30",
        "BURNISH_WEBHOOK_LEASE_S": "60",
        "BURNISH_WEBHOOK_CLAIM_INTERVAL_S": "0.05",
    }


@pytest_asyncio.fixture(loop_scope="session")
async def publish(bus_for: Any) -> Publish:
    """Puts events into the stream as analytics would."""
    bus = await bus_for("analytics")

    async def put(event: Event, *, message_id: str | None = None) -> None:
        await bus.publish(event.subject(), event.to_bytes(), message_id=message_id or str(event.id))

    return put


@asynccontextmanager
async def _serving(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, **more: str) -> AsyncIterator[None]:
    for name, value in (environment | more).items():
        monkeypatch.setenv(name, value)
    stop = asyncio.Event()
    running = asyncio.create_task(app.main(stop))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(60):
            await running


@pytest.mark.promise("W-01", "M-02")
@pytest.mark.capability("W3")
async def test_an_event_published_twice_is_delivered_once(
    hooks: Hooks, receiver: Receiver, publish: Publish, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint_id = await hooks.add_endpoint(receiver.url(), "alert.*")
    event, last = an_event(hooks.workspace_id), an_event(hooks.workspace_id)
    async with _serving(environment, monkeypatch):
        await publish(event)
        await publish(event, message_id="another-id-for-the-same-event")
        await publish(last)
        await receiver.wait_for(lambda all_: any(json.loads(one.body)["event_id"] == str(last.id) for one in all_))
        await hooks.until_all("delivered")
    assert sorted(json.loads(one.body)["event_id"] for one in receiver.requests) == sorted([str(event.id), str(last.id)])
    for one in receiver.requests:
        Webhook(hooks.secrets[endpoint_id]).verify(one.body, one.headers)


@pytest.mark.promise("W-02")
@pytest.mark.capability("W3")
async def test_a_kill_between_the_answer_and_the_commit_repeats_the_same_id(
    hooks: Hooks, receiver: Receiver, publish: Publish, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await hooks.add_endpoint(receiver.url())
    program = "from burnish_shared.process import run_service; from burnish_webhooks.app import main; run_service(main, service='webhooks')"
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        env=env | environment | SHORT | {"BURNISH_FP": "webhooks.after_send:exit"},
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await publish(an_event(hooks.workspace_id))
        async with asyncio.timeout(60):
            assert await process.wait() == 137
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    (first,) = receiver.requests
    (row,) = await hooks.deliveries()
    assert (row["status"], await hooks.attempts()) == ("pending", [])

    async with _serving(environment, monkeypatch):
        await hooks.until_all("delivered")
    assert [one.id for one in receiver.requests] == [first.id, first.id]
    assert [one.body for one in receiver.requests] == [first.body, first.body]
    assert [one.headers["webhook-attempt"] for one in receiver.requests] == ["1", "2"]


async def test_stopping_lets_the_attempt_under_way_end_and_health_tells_the_truth(
    hooks: Hooks, receiver: Receiver, publish: Publish, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await hooks.add_endpoint(receiver.url())
    receiver.modes["/hook"] = ["hang"]
    port = own_port()
    health = f"http://127.0.0.1:{port}"
    async with _serving(environment, monkeypatch, BURNISH_METRICS_PORT=str(port)):
        await publish(an_event(hooks.workspace_id))
        await receiver.wait_for(lambda all_: len(all_) == 1)
        async with aiohttp.ClientSession() as client:
            async with client.get(health + "/readyz") as answer:
                assert (answer.status, await answer.text()) == (200, "ready\n")
            async with client.get(health + "/metrics") as answer:
                assert "burnish_webhook_in_flight 1.0" in await answer.text()
        asyncio.get_running_loop().call_later(0.3, receiver.released.set)  # The stop comes before it.
    (row,) = await hooks.deliveries()
    assert row["status"] == "delivered"


@pytest.mark.promise("M-01")
async def test_what_is_recorded_while_the_service_stops_is_told_before_it_ends(
    hooks: Hooks, receiver: Receiver, publish: Publish, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await hooks.add_endpoint(receiver.url())
    receiver.modes["/hook"] = ["hang=410"]
    async with _serving(environment, monkeypatch):
        await publish(an_event(hooks.workspace_id))
        await receiver.wait_for(lambda all_: len(all_) == 1)
        asyncio.get_running_loop().call_later(0.3, receiver.released.set)  # The relay hears of the stop before it.
    told = await hooks.rows("SELECT subject, sent_at FROM outbox WHERE service = 'webhooks'")
    assert told and all(row["sent_at"] is not None for row in told), told


async def test_a_lease_shorter_than_an_attempt_stops_the_start(environment: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="LEASE"):
        WebhooksSettings.model_validate(
            {"DATABASE_URL": "postgresql://unused", "NATS_URL": "x", "kek": "x", "webhook_lease_s": 5, "webhook_total_timeout_s": 5}
        )
