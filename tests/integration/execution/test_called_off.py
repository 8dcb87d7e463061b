"""A call that is cancelled while the executor that had it is dead stays cancelled for whoever takes it over (G-11)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from tests.embedded.stack import Caller, Stack, running_stack
from tests.integration.execution.test_executions import HELLO, assert_settled, books, rows_of

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("G-11")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def alone(module_database_urls: Any, nats_server: Any) -> AsyncIterator[Stack]:
    """Nobody executes before a test says so."""
    async with running_stack(module_database_urls, nats_server, gateways=1, executors=0) as running:
        yield running


async def ended(caller: Caller, execution_id: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            read = await caller("GET", f"/v1/executions/{execution_id}")
            if read.status == 200 and read.body["status"] != "running":
                return dict(read.body)
            await asyncio.sleep(0.05)


async def test_whoever_takes_a_cancelled_call_over_does_not_ask_for_it(alone: Stack) -> None:
    caller = await alone.caller()
    called_off, wanted = [(await caller("POST", "/v1/executions", HELLO | {"mode": "background"})).body["id"] for _ in range(2)]
    # One that died as soon as it had claimed them both.
    await books(alone, "UPDATE holds SET fence = 2 WHERE execution_id = ANY ($1)", [UUID(called_off), UUID(wanted)])
    told = await caller("POST", f"/v1/executions/{called_off}/cancel")
    assert (told.status, told.body["status"]) == (200, "running"), told.body
    stop = await alone.start_executor()
    read = await ended(caller, called_off)
    assert (read["status"], read["error"]["code"]) == ("cancelled", "cancelled"), read
    assert (read["cost_nusd"], read["usage"]["input_tokens"], read["output"]) == (0, 0, None)
    assert (await ended(caller, wanted))["status"] == "success"
    assert [row["fence"] for row in await rows_of(alone, caller)] == [3, 3]
    await assert_settled(alone, caller)
    await alone.stop_executor(stop)


async def test_a_call_off_is_of_one_workspace(alone: Stack) -> None:
    caller, other = await alone.caller(), await alone.caller()
    asked = (await caller("POST", "/v1/executions", HELLO | {"mode": "background"})).body["id"]
    await books(alone, "UPDATE holds SET fence = 2 WHERE execution_id = $1", UUID(asked))
    assert (await other("POST", f"/v1/executions/{asked}/cancel")).status == 404
    [held] = await books(alone, "SELECT called_off FROM holds WHERE execution_id = $1", UUID(asked))
    assert held["called_off"] is False
