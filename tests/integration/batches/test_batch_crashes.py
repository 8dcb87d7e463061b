"""A batch whose optimizer dies at every step still asks each line once (PRODUCT E15)."""

import asyncio
from typing import Any

import pytest

from burnish_optimizer.app import main as run_optimizer
from burnish_optimizer.settings import OptimizerSettings
from burnish_shared.failpoints import KILLED
from tests.embedded.stack import FAST, Caller, Stack
from tests.integration.batches.batches import assert_books_are_in_order, results, started, until
from tests.integration.batches.conftest import QUICK
from tests.integration.execution.test_executions import books
from tests.integration.optimization.test_crashes import serve


@pytest.mark.capability("E15")
@pytest.mark.promise("O-01")
async def test_a_batch_that_dies_at_every_step_asks_each_line_once(stack: Stack, caller: Caller) -> None:
    body: Any = {"request": {"messages": [{"role": "user", "content": "Hello."}], "model": "simulated/chat"}, "inputs": [{}] * 150}
    batch_id = (await started(caller, body))["id"]
    for step in ("optimizer.before_publish", "optimizer.before_settle"):
        process = await serve(stack, failpoint=f"{step}:exit")
        assert await asyncio.wait_for(process.wait(), 60) == KILLED, step
    stop = asyncio.Event()
    given = FAST | QUICK | {"lease_s": 60, "job_in_flight": 64}
    settings = OptimizerSettings(
        database_url=stack.urls["optimizer"], nats_url=stack.nats.url("optimizer"), replica="crashing", **given
    )  # fmt: skip
    task = asyncio.create_task(run_optimizer(stop, settings))
    try:
        batch = await until(caller, batch_id, timeout_s=90)
    finally:
        stop.set()
        await asyncio.wait_for(task, 60)
    assert (batch["status"], batch["request_counts"]) == ("completed", {"total": 150, "completed": 150, "failed": 0})
    bought = await books(stack, "SELECT execution_id FROM executions WHERE job_id = $1::text::uuid", batch_id)
    assert len(bought) == 150 == len({one["response"]["request_id"] for one in await results(caller, batch_id)})
    await assert_books_are_in_order(stack, caller, batch)
