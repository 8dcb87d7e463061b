"""A workspace that stores no text stores none of its test runs' and searches' executions either (PRODUCT E13)."""

from typing import Any

import pytest

from tests.embedded.stack import Stack
from tests.integration.optimization.conftest import Desk
from tests.integration.optimization.test_methods_in_jobs import done, set_workspace
from tests.integration.optimization.test_test_runs import books
from tests.integration.optimization.tickets import STRONG

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E13", "D2", "O1")]


async def with_text(stack: Stack, desk: Desk) -> tuple[int, int]:
    """Executions of the workspace, and how many of them have a text."""
    (row,) = await books(
        stack,
        """SELECT count(*) AS "all", count(c.execution_id) AS kept FROM executions e LEFT JOIN execution_contents c USING (execution_id)
            WHERE e.workspace_id = $1""",
        desk.caller.workspace.workspace_id,
    )
    return row["all"], row["kept"]


async def test_no_execution_of_a_test_run_or_a_search_has_a_text(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    """Their rows held prompts, variables and answers whole, with what a judge was asked."""
    await set_workspace(desk.caller, store_content=False)
    await start_optimizer()
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "validation"}
    run = await desk.until(f"/v1/test-runs/{(await desk.caller('POST', '/v1/test-runs', body)).body['id']}")
    assert run["status"] == "completed" and 0 < run["metrics"]["correct"] < 40, run
    assert all(one["output"] for one in run["failed_cases"]), "what it says of your items stays"
    row = (await desk.caller("GET", f"/v1/executions/{run['failed_cases'][0]['execution_id']}")).body
    assert row["output"] is None and row["usage"]["input_tokens"] > 0
    metrics = [{"metric": "accuracy", "weight": 3}, {"metric": "coherence"}]
    job = await done(desk, method="manual", manual={"candidates": [STRONG]}, metrics=metrics, models={"judge": "simulated/judge"})
    assert job["outcome"] == "improved", job
    executions, kept = await with_text(stack, desk)
    assert executions > 100 and kept == 0


async def test_texts_are_left_out_from_the_moment_on_that_nothing_is_kept(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer(job_in_flight=2)
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "validation", "repeats": 5}
    run_id = (await desk.caller("POST", "/v1/test-runs", body)).body["id"]
    while (await with_text(stack, desk))[1] < 5:
        pass
    await set_workspace(desk.caller, retention_days=0)
    run = await desk.until(f"/v1/test-runs/{run_id}")
    executions, kept = await with_text(stack, desk)
    assert run["status"] == "completed" and executions == 200 and 5 <= kept < 200, (executions, kept)
