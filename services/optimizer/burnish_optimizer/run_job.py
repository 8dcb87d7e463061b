"""Do an optimization job: search on train and validation, measure once on test, suggest what is proven (PRODUCT O1, O4, O6)."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import numpy as np
import structlog

from burnish_optimizer.core.curve import CurvePoint, extended
from burnish_optimizer.core.evidence import Measurement, Pair, edit_json, evidence, measure, rejected_json
from burnish_optimizer.core.hold import capped
from burnish_optimizer.core.prompt_text import EditablePrompt, Renderer
from burnish_optimizer.core.reflection_request import edits_in, request_messages, request_settings
from burnish_optimizer.core.scoring import is_right
from burnish_optimizer.io import datasets_store, evaluations_store, runs_store, work_store
from burnish_optimizer.io.announce import optimization_completed, suggestion_created
from burnish_optimizer.io.datasets_store import DatasetItem, TestSplit, TestSplitFacts
from burnish_optimizer.io.evaluations import Desk
from burnish_optimizer.io.evaluations_store import Key
from burnish_optimizer.io.questions import Answer, OutOfFunds, Question
from burnish_optimizer.io.runs_store import CallableModel, Job
from burnish_optimizer.io.work_store import Claim
from burnish_optimizer.search import Budget, Item, Progress, Proposal, Reflection, Scored, SearchResult, Task, digest, optimize
from burnish_optimizer.search.memo import OutOfBudget
from burnish_shared import failpoints
from burnish_shared.clock import Clock
from burnish_shared.contracts.executions import PromptRef, Route
from burnish_shared.db.session import Database
from burnish_shared.prompt_settings import DEFAULT_TIMEOUT_S, settings_of
from burnish_shared.search_budget import TEST_ITEMS_LEAST, evaluations_to_measure

log = structlog.get_logger("burnish.optimizer")

NIL: Final = UUID(int=0)

REFLECT_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ended, whatever the way."""

    outcome: str
    finish_reason: str
    result: SearchResult | None = None
    measurement: Measurement | None = None
    pairs: tuple[Pair, ...] = ()


@dataclass(slots=True)
class Work:
    """One job under way: what was loaded, and what has been counted."""

    job: Job
    claim: Claim
    db: Database
    desk: Desk
    prompt: EditablePrompt
    inputs: dict[str, DatasetItem]
    task_route: Route
    task_settings: dict[str, Any]
    reflect_route: Route
    evaluations: int = 0
    spent_nusd: int = 0
    best: float | None = None
    simulated: bool = False
    renderers: dict[str, Renderer] = field(default_factory=dict)
    new_texts: list[tuple[bytes, str]] = field(default_factory=list)
    reported_at: float = 0.0
    curve: list[CurvePoint] = field(default_factory=list)

    async def evaluate(self, text: str, item: Item) -> Scored:
        """The search's way out: one prompt on one item."""
        answer = await self.ask(text, self.inputs[item.id])
        return Scored(
            score=float(is_right(answer.output, expected=item.expected)), output=(answer.output or "").strip(), cost_nusd=answer.cost_nusd
        )

    async def ask(self, text: str, item: DatasetItem) -> Answer:
        messages, variables = self._renderer(text).messages_for(item.input)
        content = self.job.content
        answer = await self.desk.ask(
            Question(
                key=Key(bytes.fromhex(digest(text)), item.item_id, 0),
                route=self.task_route,
                messages=messages,
                variables=variables,
                settings=self.task_settings,
                timeout_s=content.get("timeout_s") or DEFAULT_TIMEOUT_S,
                prompt=self._ref() if text == self.prompt.text else None,
                output_format=content.get("output_format") or "text",
                expected=item.expected,
            )
        )
        self._count(answer, evaluations=1)
        return answer

    async def propose(self, reflection: Reflection) -> Proposal:
        """The search's other way out: edits by a language model."""
        messages = request_messages(reflection)
        answer = await self.desk.ask(
            Question(
                key=Key(bytes.fromhex(digest(messages[1]["content"])), NIL, reflection.number),
                route=self.reflect_route,
                messages=messages,
                variables={},
                settings=request_settings(seed=self.job.seed * 1_000_003 + reflection.number),
                timeout_s=REFLECT_TIMEOUT_S,
            )
        )
        self._count(answer, evaluations=0)
        return Proposal(edits=edits_in(answer.output), cost_nusd=answer.cost_nusd)

    async def report(self, progress: Progress) -> None:
        """Writes down how far the search is, and the texts that it made; at most so often."""
        self.best = progress.best
        now = time.monotonic()
        if now - self.reported_at >= self.desk.settings.progress_interval_s:
            self.reported_at = now
            self.curve = extended(self.curve, evaluations=self.evaluations, spent_nusd=self.spent_nusd, best=progress.best)
            await self.write_progress()

    async def write_progress(self) -> None:
        texts, self.new_texts = self.new_texts, []
        async with self.db.unit_of_work(workspace=self.job.workspace_id) as tx:
            await work_store.write_progress(tx, self.claim, self.progress())
            if texts:
                await evaluations_store.remember_texts(tx, self.job.workspace_id, self.job.job_id, texts)

    def progress(self) -> dict[str, Any]:
        """Never less than before: a job that goes on after a crash first goes once more over what it has."""
        before = self.job.progress
        return {
            "evaluations": max(self.evaluations, before["evaluations"]),
            "spent_nusd": max(self.spent_nusd, before["spent_nusd"]),
            "best": None if self.best is None else round(self.best, 4),
            "budget_evaluations": self.job.budget_evaluations,
            "curve": self.curve,
        }

    def _count(self, answer: Answer, *, evaluations: int) -> None:
        self.evaluations += evaluations
        self.spent_nusd += answer.cost_nusd
        self.simulated = self.simulated or answer.simulated

    def _renderer(self, text: str) -> Renderer:
        if text not in self.renderers:
            self.renderers[text] = self.prompt.renderer(text)
            self.new_texts.append((bytes.fromhex(digest(text)), text))
        return self.renderers[text]

    def _ref(self) -> PromptRef:
        return PromptRef(prompt_id=self.job.prompt_id, slug=self.job.slug, version=self.job.base_version)


async def run_job(claim: Claim, *, db: Database, desk: Desk, clock: Clock) -> None:
    """From claim to `completed`. Safe to run again after a crash: it goes the same way over the answers that are kept, and buys none twice.

    Raises ClaimLost, and what fails the job: EvaluationFailed, InvalidField, NoProviderKey, Unavailable.
    """
    async with db.unit_of_work(workspace=claim.workspace_id) as tx:
        job = await runs_store.load_job(tx, claim)
        task_model = await runs_store.load_model(tx, job.workspace_id, job.task_model)
        reflect_model = await runs_store.load_model(tx, job.workspace_id, job.reflect_model)
        dataset, version = job.dataset_id, job.dataset_version
        train = await datasets_store.load_search_items(tx, job.workspace_id, dataset, version=version, split="train")
        validation = await datasets_store.load_search_items(tx, job.workspace_id, dataset, version=version, split="validation")
        test_facts = await datasets_store.test_split_facts(tx, job.workspace_id, dataset, version=version, job_id=job.job_id)

    work = _work(job, claim, db=db, desk=desk, task_model=task_model, reflect_model=reflect_model, items=(*train, *validation))
    seconds_left = None if job.budget_seconds is None else job.budget_seconds - (clock.now() - job.started_at).total_seconds()
    try:
        async with asyncio.timeout(seconds_left) as limit:
            ending = await _work_through(work, train, validation, test_facts)
    except TimeoutError:
        if not limit.expired():
            raise
        ending = Ending("no_improvement", "out_of_time")
    except OutOfFunds as error:
        log.warning("optimization.out_of_funds", job_id=str(job.job_id), reason=error.reason)
        ending = Ending("no_improvement", "out_of_budget")
    except OutOfBudget:
        ending = Ending("no_improvement", "out_of_budget")

    await work.write_progress()
    await failpoints.hit("optimizer.before_finish")
    await _finish(work, ending, test_facts=test_facts, clock=clock)


def _work(
    job: Job,
    claim: Claim,
    *,
    db: Database,
    desk: Desk,
    task_model: CallableModel,
    reflect_model: CallableModel,
    items: Sequence[DatasetItem],
) -> Work:
    return Work(
        job=job,
        claim=claim,
        db=db,
        desk=desk,
        prompt=EditablePrompt.of(job.content, snippets=job.snippets),
        inputs={str(item.item_id): item for item in items},
        task_route=task_model.route,
        task_settings=capped(settings_of(job.content), output_tokens_most=task_model.facts.output_tokens),
        reflect_route=reflect_model.route,
        curve=list(job.progress.get("curve", [])),
    )


async def _work_through(work: Work, train: Sequence[DatasetItem], validation: Sequence[DatasetItem], test: TestSplitFacts) -> Ending:
    """Search, then measure once. Every way out is an honest one."""
    if test.items < TEST_ITEMS_LEAST:
        return Ending("not_enough_data", "too_few_test_items")
    if not test.has_look_left:
        return Ending("not_enough_data", "test_looks_spent")
    job = work.job
    result = await optimize(
        Task(prompt=work.prompt.text, train=_items(train), validation=_items(validation)),
        evaluate=work.evaluate,
        propose=work.propose,
        budget=Budget(evaluations=job.budget_evaluations, nusd=job.budget_nusd, reserved_evaluations=evaluations_to_measure(test.items)),
        rng=np.random.Generator(np.random.PCG64(job.seed)),
        report=work.report,
    )
    if result.candidate is None:
        outcome = result.finish_reason if result.finish_reason in ("no_headroom", "not_enough_data") else "no_improvement"
        return Ending(outcome, result.finish_reason, result)
    await work.write_progress()
    async with work.db.unit_of_work(workspace=job.workspace_id) as tx:
        split = await datasets_store.open_test_split(tx, job.workspace_id, job.dataset_id, version=job.dataset_version, job_id=job.job_id)
    await failpoints.hit("optimizer.before_test")
    pairs = await _measure_pairs(work, split, candidate=result.candidate.prompt)
    measurement = measure(pairs, alpha=split.alpha, look=split.look)
    if not measurement.proves_a_gain:
        return Ending("no_improvement", "not_proven_on_test", result, measurement, pairs)
    return Ending("improved", "proven_on_test", result, measurement, pairs)


async def _measure_pairs(work: Work, split: TestSplit, *, candidate: str) -> tuple[Pair, ...]:
    """Both prompts on every test item, item by item, so that a drift of the model meets both."""
    asked = [asyncio.ensure_future(work.ask(text, item)) for item in split.items for text in (work.prompt.text, candidate)]
    try:
        answers = await asyncio.gather(*asked)
    finally:
        for one in asked:
            one.cancel()
    return tuple(
        Pair(
            item_id=item.item_id,
            category=item.expected,
            baseline_right=is_right(before.output, expected=item.expected),
            candidate_right=is_right(after.output, expected=item.expected),
            baseline_cost_nusd=before.cost_nusd,
            candidate_cost_nusd=after.cost_nusd,
        )
        for item, before, after in zip(split.items, answers[::2], answers[1::2], strict=True)
    )


async def _finish(work: Work, ending: Ending, *, test_facts: TestSplitFacts, clock: Clock) -> None:
    """Result, suggestion, events and the return of what is left, in one transaction."""
    job, result = work.job, ending.result
    test = ending.measurement.as_json() if ending.measurement else None
    edits = [edit_json(effect) for effect in result.effects] + [rejected_json(one) for one in result.rejected] if result else []
    async with work.db.unit_of_work(workspace=job.workspace_id) as tx:
        suggestion_id = None
        if ending.outcome == "improved" and result and result.candidate and ending.measurement and test:
            proof = evidence(
                before=work.prompt.text,
                candidate=result.candidate,
                pairs=ending.pairs,
                measurement=ending.measurement,
                facts=_facts(work, result, test_facts),
            )
            content = {"messages": work.prompt.messages_with(result.candidate.prompt)}
            suggestion_id = await runs_store.insert_suggestion(tx, job, content=content, evidence=proof, simulated=work.simulated)
            await suggestion_created(tx, job, suggestion_id, test=test, simulated=work.simulated, clock=clock)
        await work_store.finish(
            tx,
            work.claim,
            status="completed",
            outcome=ending.outcome,
            finish_reason=ending.finish_reason,
            test=test,
            edits=edits,
            progress=work.progress(),
            suggestion_id=suggestion_id,
            simulated=work.simulated,
        )
        await optimization_completed(
            tx,
            job,
            outcome=ending.outcome,
            finish_reason=ending.finish_reason,
            test=test,
            suggestion_id=suggestion_id,
            simulated=work.simulated,
            clock=clock,
        )
        await work_store.close_funding(tx, job.funding_account_id)
        if ending.outcome == "no_headroom":
            await work_store.return_fee(tx, work.claim, reason="no headroom: the search did not begin")


def _facts(work: Work, result: SearchResult, test: TestSplitFacts) -> dict[str, Any]:
    job = work.job
    return {
        "models": {"task": job.task_model, "reflect": job.reflect_model},
        "dataset": {"id": str(job.dataset_id), "version": job.dataset_version, "test_version": test.test_version, "test_reads": test.reads},
        "seed": job.seed,
        "evaluations": work.evaluations,
        "proposals": result.proposals,
        "rounds": result.rounds,
        "spent_nusd": work.spent_nusd,
        "rejected": len(result.rejected),
        "simulated": work.simulated,
    }


def _items(items: Sequence[DatasetItem]) -> tuple[Item, ...]:
    """As the search sees them: variables become one text, for comparing and for showing to the one who proposes."""
    return tuple(Item(id=str(item.item_id), input=_text(item.input), expected=item.expected.strip()) for item in items)


def _text(given: str | dict[str, Any]) -> str:
    return given if isinstance(given, str) else "\n".join(f"{name}: {value}" for name, value in sorted(given.items()))
