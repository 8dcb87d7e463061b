"""Two workspaces that search at the same time, on one optimizer and one executor, from one prompt with one seed (PROMISES O-07)."""

from typing import Any

import pytest

from tests.embedded.stack import Stack
from tests.integration.optimization.conftest import make_desk
from tests.integration.optimization.test_jobs import start
from tests.integration.optimization.test_methods_in_jobs import set_workspace
from tests.integration.optimization.test_test_runs import books
from tests.integration.optimization.tickets import tickets

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O1", "T1"), pytest.mark.promise("O-07")]

MARKS = ("quokka", "axolotl")
"""A word of each tenant, in every one of its cases."""

METHODS = {"racing": {}, "few_shot": {"few_shot": {"examples": 8, "sets": 4}}}


@pytest.mark.parametrize("method", METHODS)
async def test_what_one_tenant_searches_with_never_reaches_another(stack: Stack, start_optimizer: Any, method: str) -> None:
    desks = [await make_desk(await stack.caller(), items=marked(mark)) for mark in MARKS]
    for desk in desks:
        await set_workspace(desk.caller, examples_in_prompts=True)
    await start_optimizer()
    jobs = [await start(desk, method=method, budget={"evaluations": 400}, **METHODS[method]) for desk in desks]
    for desk, job, own, others in zip(desks, jobs, MARKS, reversed(MARKS), strict=True):
        ended = await desk.until(f"/v1/optimizations/{job}")
        assert ended["status"] == "completed", ended
        texts = await sent(stack, job)
        assert sum(own in text for text in texts) > 100, "what is looked through are its own cases"
        assert not [text for text in texts if others in text]
        payers = await books(stack, PAYERS, job)
        assert len(payers) == 1 and payers[0]["is_own"], "all of it is paid by who searches"
        assert payers[0]["calls"] > 100, "nobody has for nothing what another has paid for"


PAYERS = """SELECT x.workspace_id = j.workspace_id AS is_own, count(*) AS calls FROM evaluations e JOIN executions x USING (execution_id)
            JOIN optimization_jobs j ON j.job_id = e.owner_id WHERE j.job_id = $1::text::uuid GROUP BY 1"""


def marked(mark: str) -> list[dict[str, Any]]:
    return [one | {"input": f"{one['input']} {mark}"} for one in tickets(train=12, validation=6, test=10)]


async def sent(stack: Stack, job: str) -> list[str]:
    """Everything that models were told for a job, whoever asked, and every prompt that came of it."""
    told = await books(
        stack,
        "SELECT c.messages::text AS text FROM evaluations e JOIN execution_contents c USING (execution_id)"
        " WHERE e.owner_id = $1::text::uuid UNION ALL SELECT text FROM optimization_candidates WHERE job_id = $1::text::uuid",
        job,
    )
    return [row["text"] for row in told]
