"""What an executor records while it drains is told before it ends: no other one may be there to tell it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from burnish_shared.contracts.events import Event
from burnish_shared.ids import new_uuid
from tests.embedded.emitted_events import MADE_UP
from tests.embedded.stack import Caller, Stack, running_stack
from tests.integration.execution.test_executions import HELD_BACK, books, held_back, until_asked

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("E-01")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: Any, nats_server: Any) -> AsyncIterator[Stack]:
    async with running_stack(module_database_urls, nats_server, gateways=1, executors=1) as running:
        yield running


async def test_what_is_recorded_while_an_executor_drains_is_told_before_it_ends(stack: Stack, caller: Caller) -> None:
    [stop] = stack.executors
    async with held_back(caller) as provider:
        calling = asyncio.create_task(caller("POST", "/v1/executions", HELD_BACK))
        await until_asked(provider)
        stop.set()
        await asyncio.sleep(0.2)  # The relay hears of the stop; had it taken its last turn by then, it would find nothing.
        provider.released.set()
        answer = await calling
        await stack.stop_executor(stop)
    assert answer.status == 200, answer.body
    rows = await books(
        stack, "SELECT sent_at FROM outbox WHERE service = 'executor' AND position($1 IN convert_from(body, 'UTF8')) > 0", answer.body["id"]
    )
    assert [row["sent_at"] is not None for row in rows] == [True]


async def test_what_a_gateway_recorded_last_is_told_before_it_ends(module_database_urls: Any, nats_server: Any) -> None:
    event = Event.model_validate(
        {"id": new_uuid(), "type": "experiment.held", "workspace_id": new_uuid(), "occurred_at": datetime.now(UTC), "data": {MADE_UP: True}}
    )
    insert = "INSERT INTO outbox (service, subject, message_id, body) VALUES ('gateway', $1, $2, $3)"
    async with running_stack(module_database_urls, nats_server, gateways=1, executors=0) as running:
        await books(running, insert, event.subject(), str(event.id), event.to_bytes())  # Nobody wakes the relay for it.
    rows = await books(running, "SELECT sent_at FROM outbox WHERE message_id = $1", str(event.id))
    assert [row["sent_at"] is not None for row in rows] == [True]
