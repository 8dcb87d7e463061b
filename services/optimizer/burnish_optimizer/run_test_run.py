"""Do a test run: every item of a split through one version, and what comes of it (PRODUCT D2, D3)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from burnish_optimizer.core.hold import capped
from burnish_optimizer.core.prompt_text import EditablePrompt
from burnish_optimizer.core.summary import Case, scores_of, summarize
from burnish_optimizer.io import datasets_store, evaluations_store, runs_store, work_store
from burnish_optimizer.io.announce import test_run_completed
from burnish_optimizer.io.datasets_store import RunItem
from burnish_optimizer.io.evaluations import Desk
from burnish_optimizer.io.evaluations_store import Key
from burnish_optimizer.io.evaluators_store import answers_of, load_evaluators
from burnish_optimizer.io.judges_desk import JudgesDesk
from burnish_optimizer.io.questions import Answer, Question
from burnish_optimizer.io.runs_store import CallableModel, TestRun
from burnish_optimizer.io.work_store import Claim
from burnish_optimizer.judge_cases import CaseJudge
from burnish_optimizer.score_answers import Scorers
from burnish_optimizer.search import digest
from burnish_shared.clock import Clock
from burnish_shared.contracts.executions import PromptRef
from burnish_shared.db.session import Database
from burnish_shared.errors import BurnishError, Unavailable
from burnish_shared.evaluators import Grounds, Verdict
from burnish_shared.prompt_settings import DEFAULT_TIMEOUT_S, extra_of, settings_of

SCORES_AT_ONCE: Final = 1_000
"""Answers whose scores one transaction writes."""


@dataclass(slots=True)
class Answers:
    """What has come so far; kept outside the run, so that a run that fails still has its partial result."""

    scorers: Scorers
    judge: CaseJudge
    cases: dict[tuple[int, int], Case] = field(default_factory=dict)
    simulated: bool = False

    def in_order(self) -> list[Case]:
        return [case for _, case in sorted(self.cases.items(), key=lambda one: one[0])]

    def scores(self) -> list[tuple[UUID, dict[str, Any]]]:
        """Execution → evaluator → {score, passed}, of answers that an evaluator scored."""
        return [(case.execution_id, said) for case in self.in_order() if (said := scores_of(case))]

    def progress(self) -> dict[str, Any]:
        return {"done": len(self.cases), "result": summarize(self.in_order(), evaluators=self.scorers.saved)}


async def run_test_run(claim: Claim, *, db: Database, desk: Desk, clock: Clock, grounds: Grounds, progress_interval_s: float) -> None:
    """From claim to `completed` or `failed`. Safe to run again after a crash: answered items are not asked again. Raises ClaimLost."""
    async with db.unit_of_work(workspace=claim.workspace_id) as tx:
        run = await runs_store.load_test_run(tx, claim)
        model = await runs_store.load_model(tx, run.workspace_id, run.model)
        items = await datasets_store.load_for_test_run(
            tx, run.workspace_id, run.dataset_id, version=run.dataset_version, split=run.split, owner_id=run.test_run_id,
            item_ids=run.item_ids,
        )  # fmt: skip
        saved = await load_evaluators(tx, run.workspace_id, run.evaluator_ids, as_of=run.created_at)
        others = await answers_of(tx, run.workspace_id, run.compare_with) if run.compare_with is not None else None

    judges = JudgesDesk(desk, db, {"test_run_id": str(run.test_run_id)})
    answers = Answers(
        await Scorers.of(saved, grounds=grounds, workspace_id=run.workspace_id, ask=judges.ask, others=others),
        CaseJudge(run.judge_model, run.workspace_id, run.test_run_id, grounds, judges.ask, db),
    )
    reporting = asyncio.create_task(_report(claim, answers, db=db, interval_s=progress_interval_s))
    failure: BurnishError | None = None
    try:
        await _ask_all(run, items, model, desk=desk, answers=answers)
    except Unavailable:  # it goes on when PostgreSQL is back
        raise
    except BurnishError as error:
        failure = error
        await desk.cancel_all()  # nobody reads what is under way
    finally:
        reporting.cancel()
        await asyncio.gather(reporting, return_exceptions=True)

    await _keep_scores(claim, answers.scores(), db=db)
    async with db.unit_of_work(workspace=claim.workspace_id) as tx:
        if failure is not None:
            error_json = {"code": failure.code, "message": failure.message}
            await work_store.write_progress(tx, claim, answers.progress(), simulated=answers.simulated)
            await work_store.finish(tx, claim, status="failed", error=error_json)
        else:
            await work_store.finish(tx, claim, status="completed", simulated=answers.simulated, **answers.progress())
        said = await runs_store.figures_so_far(tx, claim)
        await test_run_completed(tx, run, said.metrics, failure=failure, simulated=said.simulated, clock=clock)
        await work_store.close_funding(tx, run.funding_account_id)


async def _ask_all(run: TestRun, items: Sequence[RunItem], model: CallableModel, *, desk: Desk, answers: Answers) -> None:
    """Asks everything at once; the desk keeps the order of the day. The first failure ends the others."""
    prompt = EditablePrompt.of(run.content, snippets=run.snippets, model=run.model)
    renderer = prompt.renderer(prompt.text)
    settings = capped(settings_of(run.content), output_tokens_most=model.facts.output_tokens)
    question = bytes.fromhex(digest(prompt.fingerprint_text))
    ref = PromptRef(prompt_id=run.prompt_id, slug=run.slug, version=run.version)

    async def ask(place: int, item: RunItem, repeat: int) -> None:
        messages, variables = renderer.messages_for(item.input)
        answer = await desk.ask(
            Question(
                key=Key(question, item.item_id, repeat),
                route=model.route,
                messages=messages,
                variables=variables,
                settings=settings,
                extra=extra_of(run.content),
                timeout_s=run.content.get("timeout_s") or DEFAULT_TIMEOUT_S,
                prompt=ref,
                output_format=run.content.get("output_format") or "text",
                expected=item.expected,
            )
        )
        answers.simulated = answers.simulated or answer.simulated
        answers.cases[place, repeat] = await _case(item, answer, variables, answers=answers)

    tasks = [asyncio.ensure_future(ask(place, item, repeat)) for repeat in range(run.repeats) for place, item in enumerate(items)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def _case(item: RunItem, answer: Answer, variables: Mapping[str, Any], *, answers: Answers) -> Case:
    """The answer with what is said of it. Raises OutOfFunds, EvaluationFailed where its criteria could not be judged."""
    judged = await answers.judge.verdict(item, answer, variables=variables)
    verdicts: dict[UUID, Verdict] = {}
    if answer.output is not None:
        verdicts = await answers.scorers.verdicts(
            answer.output,
            expected=item.expected,
            given=item.input,
            variables=variables,
            item_id=item.item_id,
            execution_id=answer.execution_id,
        )
    return Case(
        item_id=item.item_id,
        execution_id=answer.execution_id,
        input=item.input,
        expected=item.expected,
        output=answer.output,
        cost_nusd=answer.cost_nusd,
        latency_ms=answer.latency_ms,
        error=answer.error,
        verdicts=verdicts,
        is_compared=item.is_compared,
        judged=judged,
    )


async def _keep_scores(claim: Claim, scores: Sequence[tuple[UUID, dict[str, Any]]], *, db: Database) -> None:
    """Before the run is over, so that whoever sees it completed sees them. Safe to do again."""
    for first in range(0, len(scores), SCORES_AT_ONCE):
        async with db.unit_of_work(workspace=claim.workspace_id) as tx:
            await evaluations_store.keep_scores(tx, claim.workspace_id, claim.id, scores[first : first + SCORES_AT_ONCE])


async def _report(claim: Claim, answers: Answers, *, db: Database, interval_s: float) -> None:
    """Writes how far it is, with the figures of what has come, while it grows. A claim that is lost is noticed elsewhere."""
    written = -1
    while True:
        await asyncio.sleep(interval_s)
        if len(answers.cases) != written:
            written = len(answers.cases)
            async with db.unit_of_work(workspace=claim.workspace_id) as tx:
                await work_store.write_progress(tx, claim, answers.progress(), simulated=answers.simulated)
