"""A job whose process dies at every step still ends as if nothing had happened (PROMISES O-01)."""

import asyncio
import os
import sys
from typing import Any

import pytest

from burnish_shared.failpoints import KILLED
from tests.embedded.stack import KEK, Stack
from tests.integration.optimization.conftest import Desk
from tests.integration.optimization.test_jobs import measured, start
from tests.integration.optimization.test_test_runs import assert_books_are_in_order, books
from tests.integration.optimization.tickets import STRONG

STEPS = ("optimizer.before_settle", "optimizer.before_publish", "optimizer.before_test", "optimizer.before_finish")


async def serve(stack: Stack, *, failpoint: str) -> asyncio.subprocess.Process:
    """The optimizer as a process of its own, which dies at `failpoint`. Its lease outlives it by far; its successor has its name."""
    environment = os.environ | {
        "DATABASE_URL": stack.urls["optimizer"],
        "NATS_URL": stack.nats.url("optimizer"),
        "BURNISH_KEK": KEK,
        "BURNISH_REPLICA": "crashing",
        "BURNISH_FP": failpoint,
        "BURNISH_LEASE_S": "60",
        "BURNISH_CLAIM_INTERVAL_S": "0.1",
        "BURNISH_LOST_AFTER_S": "0.3",
        "BURNISH_LOG_LEVEL": "error",
    }
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "burnish.serve", "optimizer", env=environment)


JUDGED: dict[str, Any] = {
    "method": "manual",
    "manual": {"candidates": [STRONG, "Sort it."]},
    "metrics": [{"metric": "accuracy", "weight": 3}, {"metric": "coherence"}, {"metric": "length", "weight": 1, "zero_at": 200}],
    "models": {"judge": "simulated/judge"},
}


@pytest.mark.promise("O-01")
@pytest.mark.parametrize("asked", [{}, JUDGED], ids=["racing", "manual, judged"])
async def test_a_job_that_dies_at_every_step_buys_nothing_twice_and_ends_the_same(
    stack: Stack, desk: Desk, start_optimizer: Any, asked: dict[str, Any]
) -> None:
    job_id = await start(desk, **asked)
    for step in STEPS:
        process = await serve(stack, failpoint=f"{step}:exit")
        assert await asyncio.wait_for(process.wait(), 60) == KILLED, step
    await start_optimizer(replica="crashing", lease_s=60)
    job = await desk.until(f"/v1/optimizations/{job_id}")
    undisturbed = await desk.until(f"/v1/optimizations/{await start(desk, **asked)}")
    assert job["outcome"] == "improved" and measured(job) == measured(undisturbed)
    for told in ("evaluations", "spent_nusd"):
        assert job["progress"][told] == undisturbed["progress"][told], told
    asked = await books(stack, "SELECT attempt FROM evaluations WHERE owner_id = $1::text::uuid", job_id)
    bought = await books(stack, "SELECT execution_id FROM executions WHERE job_id = $1::text::uuid", job_id)
    assert len(asked) == len(bought) and {row["attempt"] for row in asked} == {1}
    assert [row["number"] for row in await books(stack, "SELECT number FROM test_looks WHERE owner_id = $1::text::uuid", job_id)] == [1]
    await assert_books_are_in_order(stack, desk.caller)
