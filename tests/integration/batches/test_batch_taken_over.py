"""A batch whose optimizer died goes on at once with what is under way nowhere, and leaves alone what is (PRODUCT E15)."""

import asyncio
from typing import Any

import pytest

from burnish_optimizer.app import main as run_optimizer
from burnish_optimizer.settings import OptimizerSettings
from burnish_shared.failpoints import KILLED
from tests.embedded.stack import FAST, Caller, Stack
from tests.integration.batches.batches import CHAT, assert_books_are_in_order, results, started, until
from tests.integration.batches.conftest import QUICK
from tests.integration.compat.simulator import fault
from tests.integration.execution.test_executions import books
from tests.integration.optimization.test_crashes import serve

LINES = 8

NEVER_S = 3600.0
"""Within this nothing is sent again that is only silent: what goes on does so since it is known to be under way nowhere."""


async def dies_at_its_first_answer(stack: Stack) -> None:
    process = await serve(stack, failpoint="optimizer.before_settle:exit")
    assert await asyncio.wait_for(process.wait(), 60) == KILLED


async def ended_by_another(stack: Stack, caller: Caller, batch_id: str) -> Any:
    """The batch, once another replica has taken it over and brought it to its end."""
    await books(stack, "UPDATE batches SET leased_until = clock_timestamp() WHERE batch_id = $1::text::uuid RETURNING true", batch_id)
    stop = asyncio.Event()
    given = FAST | QUICK | {"republish_after_s": NEVER_S, "replica": "another"}
    settings = OptimizerSettings(database_url=stack.urls["optimizer"], nats_url=stack.nats.url("optimizer"), **given)
    task = asyncio.create_task(run_optimizer(stop, settings))
    try:
        return await until(caller, batch_id, timeout_s=90)
    finally:
        stop.set()
        await asyncio.wait_for(task, 60)


async def fences(stack: Stack, batch_id: str) -> list[int]:
    """Of each execution that was booked, how often it was claimed."""
    return [row["fence"] for row in await books(stack, "SELECT fence FROM executions WHERE job_id = $1::text::uuid", batch_id)]


@pytest.mark.capability("E15")
@pytest.mark.promise("O-01")
async def test_lines_that_were_refused_while_nobody_listened_are_asked_again_at_once(stack: Stack, caller: Caller) -> None:
    """The stream takes their message for a repeat of the one that came to nothing: they stood still for 150 s."""
    body: Any = {"request": CHAT, "inputs": [{}] * LINES}
    one_nusd = (await caller("POST", "/v1/batches/estimate", body)).body["most_nusd"] // LINES
    batch_id = (await started(caller, body | {"max_cost_nusd": one_nusd * 3 // 2}))["id"]
    await dies_at_its_first_answer(stack)
    assert len(await fences(stack, batch_id)) < LINES, "nobody refused anything"
    batch = await ended_by_another(stack, caller, batch_id)
    assert (batch["status"], batch["request_counts"]) == ("completed", {"total": LINES, "completed": LINES, "failed": 0})
    assert await fences(stack, batch_id) == [1] * LINES
    assert len({one["response"]["request_id"] for one in await results(caller, batch_id)}) == LINES
    await assert_books_are_in_order(stack, caller, batch)


@pytest.mark.capability("E15")
@pytest.mark.promise("O-01", "E-01")
async def test_lines_that_an_executor_works_on_are_waited_for(stack: Stack, caller: Caller) -> None:
    """Their frames go to who is dead. A second message would claim them again, and the provider would be paid twice."""
    body: Any = {"request": {"messages": CHAT["messages"]}, "inputs": [{}] * 4, "models": ["simulated/chat", "simulated/reader"]}
    async with fault(stack, "slow,s=15", model="reader"):
        batch_id = (await started(caller, body))["id"]
        await dies_at_its_first_answer(stack)
        assert len(await fences(stack, batch_id)) <= 4, "those of the slow model are under way"
        batch = await ended_by_another(stack, caller, batch_id)
    assert (batch["status"], batch["request_counts"]) == ("completed", {"total": 8, "completed": 8, "failed": 0})
    assert await fences(stack, batch_id) == [1] * 8
    await assert_books_are_in_order(stack, caller, batch)
