"""Do a test run: every item of a split through one version of a prompt or a chain, and what comes of it (PRODUCT D2, D3)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from burnish_optimizer.ask_chain import ChainUnderTest
from burnish_optimizer.core.chain_steps import ChainSteps
from burnish_optimizer.core.hold import capped
from burnish_optimizer.core.prompt_text import EditablePrompt
from burnish_optimizer.core.summary import Case, scores_of, summarize
from burnish_optimizer.io import datasets_store, evaluations_store, runs_store, work_store
from burnish_optimizer.io.announce import test_run_completed
from burnish_optimizer.io.datasets_store import RunItem
from burnish_optimizer.io.evaluations import Desk
from burnish_optimizer.io.evaluations_store import ChainRow, Key
from burnish_optimizer.io.evaluators_store import answers_of, load_evaluators
from burnish_optimizer.io.judges_desk import JudgesDesk
from burnish_optimizer.io.questions import Answer, Question
from burnish_optimizer.io.runs_store import CallableModel, TestedPrompt, TestRun
from burnish_optimizer.io.work_store import Claim
from burnish_optimizer.judge_cases import CaseJudge
from burnish_optimizer.score_answers import Scorers
from burnish_optimizer.search import digest
from burnish_shared.chains.item_trace import trace_of_item, traceparent_of_item
from burnish_shared.clock import Clock
from burnish_shared.contracts.executions import PromptRef
from burnish_shared.db.session import Database
from burnish_shared.errors import BurnishError, Unavailable
from burnish_shared.evaluators import Grounds, Verdict
from burnish_shared.in_step import in_step
from burnish_shared.prompt_settings import DEFAULT_TIMEOUT_S, extra_of, settings_of

SCORES_AT_ONCE: Final = 1_000
"""Answers whose scores one transaction writes."""

AskOne = Callable[[int, RunItem, int], Awaitable[None]]
"""Asks about the item at a place of the split, in one of its repeats."""


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
        named = [one.model for one in run.chain.prompts.values()] if run.chain else [run.prompt.model] if run.prompt else []
        models = {one: await runs_store.load_model(tx, run.workspace_id, one) for one in dict.fromkeys(named)}
        steps = None
        if run.chain is not None:
            steps = ChainSteps.of(run.chain, await runs_store.load_chain_versions(tx, run.workspace_id, run.chain, pinned=run.pinned))
        items = await datasets_store.load_for_test_run(
            tx, run.workspace_id, run.dataset_id, version=run.dataset_version, split=run.split, owner_id=run.test_run_id,
            item_ids=run.item_ids,
        )  # fmt: skip
        saved = await load_evaluators(tx, run.workspace_id, run.evaluator_ids, as_of=run.created_at)
        others = await answers_of(tx, run.workspace_id, run.compare_with) if run.compare_with is not None else None

    judges = JudgesDesk(desk, db, {"test_run_id": str(run.test_run_id)})
    answers = Answers(
        await Scorers.of(saved, grounds=grounds, workspace_id=run.workspace_id, ask=judges.ask, others=others),
        CaseJudge(run.judge_model, run.workspace_id, run.test_run_id, grounds, judges.ask, db, writes=steps is None),
    )
    if steps is None:
        ask = _asking_prompt(run, models, desk=desk, answers=answers)
    else:
        ask = _asking_chain(run, ChainUnderTest(steps, desk, models, {"test_run_id": str(run.test_run_id)}), db=db, answers=answers)
    reporting = asyncio.create_task(_report(claim, answers, db=db, interval_s=progress_interval_s))
    failure: BurnishError | None = None
    try:
        await _ask_all(run, items, ask)
    except Unavailable:  # it goes on when PostgreSQL is back
        raise
    except BurnishError as error:
        failure = error
        await desk.cancel_all()  # nobody reads what is under way
    finally:
        reporting.cancel()
        await asyncio.gather(reporting, return_exceptions=True)

    if steps is None:  # of a chain they are written with the answer
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


async def _ask_all(run: TestRun, items: Sequence[RunItem], ask: AskOne) -> None:
    """Asks everything at once; the desk keeps the order of the day. The first failure ends the others."""
    tasks = [asyncio.ensure_future(ask(place, item, repeat)) for repeat in range(run.repeats) for place, item in enumerate(items)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _asking_prompt(run: TestRun, models: Mapping[str, CallableModel], *, desk: Desk, answers: Answers) -> AskOne:
    tested = _prompt_of(run)
    content, model = tested.content, models[tested.model]
    prompt = EditablePrompt.of(content, snippets=tested.snippets, model=tested.model)
    renderer = prompt.renderer(prompt.text)
    settings = capped(settings_of(content), output_tokens_most=model.facts.output_tokens)
    question = bytes.fromhex(digest(prompt.fingerprint_text))
    ref = PromptRef(prompt_id=tested.prompt_id, slug=tested.slug, version=run.version)

    async def ask(place: int, item: RunItem, repeat: int) -> None:
        messages, variables = renderer.messages_for(item.input)
        answer = await desk.ask(
            Question(
                key=Key(question, item.item_id, repeat),
                route=model.route,
                messages=messages,
                variables=variables,
                settings=settings,
                extra=extra_of(content),
                timeout_s=content.get("timeout_s") or DEFAULT_TIMEOUT_S,
                prompt=ref,
                output_format=content.get("output_format") or "text",
                expected=item.expected,
            )
        )
        answers.simulated = answers.simulated or answer.simulated
        answers.cases[place, repeat] = await _case(item, answer, variables, answers=answers)

    return ask


def _asking_chain(run: TestRun, chain: ChainUnderTest, *, db: Database, answers: Answers) -> AskOne:
    """So many items at once as may have a call on its way: an item is done before those far behind it begin, and is seen."""
    room = asyncio.Semaphore(chain.desk.settings.job_in_flight)
    question = bytes.fromhex(
        digest(f"chain {run.chain.chain_id if run.chain else None} {run.version}")
    )  # of its run, the same in any release

    async def ask(place: int, item: RunItem, repeat: int) -> None:
        async with room:
            about = (run.test_run_id, item.item_id, repeat)
            walked, _, variables = await chain.walk(
                item.item_id, item.input, repeat=repeat, traceparent=traceparent_of_item(*about)
            )  # fmt: skip
            case = replace(await _case(item, walked.answer, variables, answers=answers), trace_id=trace_of_item(*about))
            row = _row_of(case, Key(question, item.item_id, repeat), simulated=walked.answer.simulated)
            async with db.unit_of_work(workspace=run.workspace_id) as tx:
                await evaluations_store.write_chain_rows(tx, run.workspace_id, run.test_run_id, [row])
        answers.simulated = answers.simulated or walked.answer.simulated
        answers.cases[place, repeat] = case

    return ask


def _prompt_of(run: TestRun) -> TestedPrompt:
    if run.prompt is None:
        raise AssertionError("a test run is of a prompt, or of a chain")
    return run.prompt


def _row_of(case: Case, key: Key, *, simulated: bool) -> ChainRow:
    return ChainRow(
        key=key,
        execution_id=case.execution_id,
        output=case.output,
        score=None if case.is_open else float(case.is_right),
        simulated=simulated,
        error=case.error,
        cost_nusd=case.cost_nusd,
        latency_ms=case.latency_ms,
        scores=scores_of(case) or None,
    )


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
        await asyncio.sleep(in_step(interval_s))
        if len(answers.cases) != written:
            written = len(answers.cases)
            async with db.unit_of_work(workspace=claim.workspace_id) as tx:
                await work_store.write_progress(tx, claim, answers.progress(), simulated=answers.simulated)
