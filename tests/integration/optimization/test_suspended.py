"""A search that a suspension of its workspace ends says so: its budget may be untouched (PRODUCT O1, B1)."""

from typing import Any

import pytest

from burnish_optimizer import run_job
from burnish_optimizer.io.judges_desk import _cannot
from burnish_optimizer.io.questions import OutOfFunds
from burnish_optimizer.job_under_way import Work
from burnish_optimizer.score_candidates import _verdict
from burnish_shared.contracts.evaluators import LlmJudge
from burnish_shared.evaluators import Case, JudgeCall, JudgeReply, Verdict, judges
from tests.embedded.stack import Stack
from tests.integration.optimization.conftest import Desk, make_desk
from tests.integration.optimization.test_jobs import start
from tests.integration.optimization.test_test_runs import assert_books_are_in_order, books
from tests.integration.optimization.tickets import STRONG, WEAK, tickets

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O1", "B1")]

SEARCHED_BY_THEN = 30


async def suspend(stack: Stack, desk: Desk) -> None:
    await books(stack, "SELECT suspend_workspace($1, true)", desk.caller.workspace.workspace_id)


async def test_a_search_that_a_suspension_ends_says_so(
    stack: Stack, desk: Desk, start_optimizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = Work.evaluate, list[str]()

    async def evaluate(work: Work, text: str, item: Any) -> Any:
        asked.append(text)
        if len(asked) == SEARCHED_BY_THEN:
            await suspend(stack, desk)
        return await real(work, text, item)

    monkeypatch.setattr(Work, "evaluate", evaluate)
    await start_optimizer(job_in_flight=4)
    job = await desk.until(f"/v1/optimizations/{await start(desk)}")
    assert (job["status"], job["outcome"], job["finish_reason"]) == ("completed", "no_improvement", "suspended"), job
    assert job["progress"]["evaluations"] < job["budget"]["evaluations"]
    await assert_books_are_in_order(stack, desk.caller)


async def test_what_was_proven_before_the_suspension_is_kept(stack: Stack, start_optimizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = await make_desk(await stack.caller(), items=tickets(train=10, validation=6, test=10))
    other, real = "simulated/chat", run_job._search

    async def search(work: Work, loaded: Any, **named: Any) -> Any:
        if work.model == other:
            await suspend(stack, desk)
        return await real(work, loaded, **named)

    monkeypatch.setattr(run_job, "_search", search)
    await start_optimizer()
    models = {"task": "simulated/reader", "variants": [other]}
    job = await desk.until(f"/v1/optimizations/{await start(desk, method='manual', manual={'candidates': [STRONG]}, models=models)}")
    assert (job["outcome"], job["finish_reason"]) == ("improved", "proven_then_suspended"), job["error"] or job["report"]
    told = {one["model"]: (one["outcome"], one["finish_reason"]) for one in job["report"]["models"]}
    assert told == {"simulated/reader": ("improved", "proven_on_test"), other: ("no_improvement", "suspended")}
    [row] = await books(stack, "SELECT content FROM suggestions WHERE job_id = $1::text::uuid", job["id"])
    assert STRONG.splitlines()[1] in row["content"] and WEAK in row["content"]
    await assert_books_are_in_order(stack, desk.caller)


@pytest.mark.parametrize("why", ["suspended", "credit"])
async def test_a_judge_that_a_suspension_keeps_from_answering_says_so_too(why: str) -> None:
    asks = LlmJudge(kind="llm_judge", rubric="(suspended)", model="simulated/judge")

    async def refuse(call: JudgeCall) -> JudgeReply:
        raise _cannot(OutOfFunds(why))

    async def judged(case: Case) -> Verdict:
        return await judges.judge(asks, case, ask=refuse)

    with pytest.raises(OutOfFunds) as refused:
        await _verdict(judged, Case(output="x", expected="x", input="x", variables={}, subject="x"))
    assert refused.value.reason == why
