"""Do an optimization job: search on train and validation, measure once on test, suggest what is proven (PRODUCT O1, O4, O6)."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import structlog

from burnish_optimizer.begin_job import Loaded, begin_work, facts_of, form_of, lacking_of, load_job, report_of, task_of
from burnish_optimizer.core.candidate import changes_of_several
from burnish_optimizer.core.evidence import Measurement, Pair, edit_json, evidence, measure, rejected_json, tried_json
from burnish_optimizer.core.prompt_text import EditablePrompt
from burnish_optimizer.io import datasets_store, runs_store, work_store
from burnish_optimizer.io.announce import optimization_completed, suggestion_created
from burnish_optimizer.io.datasets_store import TestSplit
from burnish_optimizer.io.evaluations import Desk
from burnish_optimizer.io.questions import SUSPENDED as SUSPENDED_REASON
from burnish_optimizer.io.questions import EvaluationFailed, OutOfFunds, OutOfTime
from burnish_optimizer.io.work_store import Claim, ClaimLost
from burnish_optimizer.job_under_way import Work
from burnish_optimizer.search import BEFORE_PROOF, Budget, EditsSoFar, SearchResult, optimize
from burnish_optimizer.search.memo import OutOfBudget
from burnish_shared import failpoints
from burnish_shared.clock import Clock
from burnish_shared.db.session import Database
from burnish_shared.errors import BurnishError, Unavailable
from burnish_shared.evaluators import Grounds
from burnish_shared.proposals import counts_of
from burnish_shared.search_budget import TEST_ITEMS_LEAST, evaluations_to_measure

log = structlog.get_logger("burnish.optimizer")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ended, or its part for one model, whatever the way."""

    outcome: str
    finish_reason: str
    result: SearchResult | None = None
    measurement: Measurement | None = None
    pairs: tuple[Pair, ...] = ()
    so_far: EditsSoFar | None = None
    """Of a search that was cut short."""

    @property
    def is_improved(self) -> bool:
        return self.outcome == "improved"


READ_AGAIN_S: Final = 300.0
"""What a job that was begun before may take at most to go over the answers that it has, when its own time is over meanwhile."""

OUT_OF_BUDGET: Final = "out_of_budget"
OUT_OF_TIME: Final = "out_of_time"
SUSPENDED: Final = "suspended"
"""The operator suspended the workspace: money may be left."""

MODEL_FAILED: Final = "model_failed"
STOPPED: Final = "stopped"
"""Somebody cancelled it, something that it needs is not there any more, or another replica goes on with it."""

NOT_BEGUN: Final = {"no_headroom": "no headroom", "not_enough_data": "not enough data"}
"""Outcomes of a search that did not begin, which costs no fee, and how the books say it."""

CUT_SHORT: Final = (OUT_OF_BUDGET, OUT_OF_TIME, SUSPENDED, MODEL_FAILED, STOPPED)

Endings = dict[str, Ending]
"""By model; the job's own stands first."""


async def run_job(claim: Claim, *, db: Database, desk: Desk, clock: Clock, grounds: Grounds) -> None:
    """From claim to `completed`. Safe to run again after a crash: it goes the same way over the answers that are kept, and buys none twice.
    Where its time ran out while nobody had it, it still goes as far as those answers lead: what they prove is proven.

    Raises ClaimLost, and what fails the job: EvaluationFailed, InvalidField, NoProviderKey, Unavailable.
    """
    loaded = await load_job(claim, db=db)
    job = loaded.job
    work = await begin_work(loaded, claim, db=db, desk=desk, grounds=grounds)
    seconds_left = None if job.budget_seconds is None else job.budget_seconds - (clock.now() - job.started_at).total_seconds()
    if seconds_left is not None and (claim.fence > 1 or seconds_left <= 0):
        desk.asks_until = asyncio.get_running_loop().time() + seconds_left
        seconds_left = max(seconds_left, READ_AGAIN_S)
    endings: Endings = {}
    try:
        cut = await _work_in_time(work, loaded, endings, seconds_left)
        if cut is not None:  # what was proven by then stays proven
            endings = _cut_short(work, loaded, endings, cut)
        await work.write_progress()
        await failpoints.hit("optimizer.before_finish")
        await _finish(work, endings, loaded=loaded, clock=clock)
    except (ClaimLost, Unavailable):  # another replica has it, or it goes on when PostgreSQL is back
        raise
    except (asyncio.CancelledError, BurnishError) as error:  # what was bought by then is counted, however it ends
        with suppress(ClaimLost, Unavailable):
            await work.write_progress()
            await _write_edits(work, loaded, endings, MODEL_FAILED if isinstance(error, EvaluationFailed) else STOPPED)
        raise


async def _work_in_time(work: Work, loaded: Loaded, endings: Endings, seconds_left: float | None) -> str | None:
    """What cut the work short, if anything did. Raises EvaluationFailed."""
    try:
        async with asyncio.timeout(seconds_left) as limit:
            await _work_through(work, loaded, endings)
    except TimeoutError:
        if not limit.expired():
            raise
        return OUT_OF_TIME
    except OutOfTime:
        return OUT_OF_TIME
    except OutOfFunds as error:
        log.warning("optimization.out_of_funds", job_id=str(loaded.job.job_id), reason=error.reason)
        return SUSPENDED if error.reason == SUSPENDED_REASON else OUT_OF_BUDGET
    except OutOfBudget:
        return OUT_OF_BUDGET
    return None


async def _work_through(work: Work, loaded: Loaded, endings: Endings) -> None:
    """Search for each model, and measure what was found before the next one's search may be cut short. Every way out is honest.

    The searches learn nothing of what was measured before them. `endings` is filled as they come. Raises what ends the work early:
    OutOfFunds, OutOfBudget, OutOfTime, EvaluationFailed.
    """
    test, job, search = loaded.test, loaded.job, loaded.search
    if test.items < max(TEST_ITEMS_LEAST, search.min_samples):
        endings[job.task_model] = Ending("not_enough_data", "too_few_test_items")
        return
    if not test.has_look_left:
        endings[job.task_model] = Ending("not_enough_data", "test_looks_spent")
        return
    for place, model in enumerate(_models_of(loaded)):
        if place:
            work.turn_to(model, form_of(loaded, model))
        try:
            found = await _search(work, loaded, shares=len(_models_of(loaded)))
            endings[model] = await _measured(work, loaded, found, model=model)
        except EvaluationFailed as error:  # a model that does not answer takes nothing from those that did
            if not any(one.is_improved for one in endings.values()):
                raise
            log.warning("optimization.model_failed", job_id=str(job.job_id), model=model, error=error.message)
            endings[model] = Ending("no_improvement", MODEL_FAILED, so_far=work.so_far)


def _cut_short(work: Work, loaded: Loaded, endings: Endings, reason: str) -> Endings:
    """With all models: of the search that was under way what is known of its edits, of those that had not begun nothing."""
    under_way = work.model or work.job.task_model
    cut = {model: Ending("no_improvement", reason, so_far=work.so_far if model == under_way else None) for model in _models_of(loaded)}
    return cut | endings


async def _write_edits(work: Work, loaded: Loaded, endings: Endings, reason: str) -> None:
    """What became of the edits of a job that comes to no end of its own. Raises ClaimLost, Unavailable."""
    endings = _cut_short(work, loaded, endings, reason)
    _, ending = _foremost(endings)
    async with work.db.unit_of_work(workspace=work.job.workspace_id) as tx:
        report = _report(work, loaded, endings)
        await work_store.write_edits(tx, work.claim, edits=_edits(ending), report=report, is_behind=work.is_behind)


def _models_of(loaded: Loaded) -> list[str]:
    return [loaded.job.task_model, *loaded.search.models]


async def _search(work: Work, loaded: Loaded, *, shares: int) -> SearchResult:
    """One search, on its equal share of the budget: what a search keeps back for its measurement is not for the next one to spend."""
    job = loaded.job
    return await optimize(
        task_of(work, loaded),
        evaluate=work.evaluate,
        propose=work.propose,
        budget=Budget(
            evaluations=job.budget_evaluations // shares,
            nusd=job.budget_nusd // shares,
            reserved_evaluations=evaluations_to_measure(loaded.test.items),
        ),
        rng=np.random.Generator(np.random.PCG64(job.seed)),
        settings=BEFORE_PROOF,
        method=loaded.method,
        report=work.report,
        so_far=work.so_far,
    )


def _without_candidate(result: SearchResult) -> Ending:
    outcome = result.finish_reason if result.finish_reason in ("no_headroom", "not_enough_data") else "no_improvement"
    return Ending(outcome, result.finish_reason, result)


async def _measured(work: Work, loaded: Loaded, result: SearchResult, *, model: str) -> Ending:
    """Several models share one look at the test split, and the error that it may spend."""
    if result.candidate is None:
        return _without_candidate(result)
    await work.write_progress()
    split = await _opened(work, loaded)
    await failpoints.hit("optimizer.before_test")
    pairs = await _measure_pairs(work, split, candidate=result.candidate.prompt)
    alpha = split.alpha / (1 + len(loaded.search.models))
    measurement = await asyncio.to_thread(measure, pairs, alpha=alpha, look=split.look, margin=loaded.margin)
    if not measurement.proves_a_gain:
        return Ending("no_improvement", "not_proven_on_test", result, measurement, pairs)
    return Ending("improved", "proven_on_test", result, measurement, pairs)


async def _opened(work: Work, loaded: Loaded) -> TestSplit:
    """The job's one look: a second call gets the same."""
    job = work.job
    async with work.db.unit_of_work(workspace=job.workspace_id) as tx:
        return await datasets_store.open_test_split(
            tx,
            job.workspace_id,
            job.dataset_id,
            version=job.dataset_version,
            job_id=job.job_id,
            error_share=round(1 - loaded.search.confidence, 9),
        )


async def _measure_pairs(work: Work, split: TestSplit, *, candidate: str) -> tuple[Pair, ...]:
    """Both prompts on every test item, item by item, so that a drift of the model meets both."""
    asked = [asyncio.ensure_future(work.ask(text, item)) for item in split.items for text in (work.form.start, candidate)]
    try:
        answers = await asyncio.gather(*asked)
    finally:
        for one in asked:
            one.cancel()
    return tuple(
        Pair(
            item_id=item.item_id,
            category=item.expected or "",
            baseline=before.judged.score,
            candidate=after.judged.score,
            baseline_cost_nusd=before.answer.cost_nusd,
            candidate_cost_nusd=after.answer.cost_nusd,
            baseline_values=before.judged.parts.values,
            candidate_values=after.judged.parts.values,
        )
        for item, before, after in zip(split.items, answers[::2], answers[1::2], strict=True)
    )


async def _finish(work: Work, endings: Endings, *, loaded: Loaded, clock: Clock) -> None:
    """Result, suggestion, events and the return of what is left, in one transaction."""
    job = work.job
    model, ending = _foremost(endings)
    reason = _reason_of(ending, endings)
    test = ending.measurement.as_json() if ending.measurement else None
    report = _report(work, loaded, endings)
    async with work.db.unit_of_work(workspace=job.workspace_id) as tx:
        suggestion_id = None
        if ending.is_improved and test:
            proof = _proof(work, loaded, endings, model=model)
            content = _content(work, loaded, endings)
            suggestion_id = await runs_store.insert_suggestion(tx, job, content=content, evidence=proof, simulated=work.simulated)
            await suggestion_created(tx, job, suggestion_id, test=test, simulated=work.simulated, clock=clock)
        await work_store.finish(
            tx,
            work.claim,
            status="completed",
            outcome=ending.outcome,
            finish_reason=reason,
            test=test,
            edits=_edits(ending),
            progress=work.progress(),
            report=report,
            suggestion_id=suggestion_id,
            simulated=work.simulated,
        )
        await optimization_completed(
            tx,
            job,
            outcome=ending.outcome,
            finish_reason=reason,
            test=test,
            suggestion_id=suggestion_id,
            simulated=work.simulated,
            clock=clock,
        )
        await work_store.close_funding(tx, job.funding_account_id)
        if all(one.outcome in NOT_BEGUN for one in endings.values()):
            await work_store.return_fee(tx, work.claim, reason=f"{NOT_BEGUN[ending.outcome]}: the search did not begin")


def _foremost(endings: Endings) -> tuple[str, Ending]:
    """What the job itself is said to have come to: a gain, else what cut it short, else what its own model came to."""
    gain = next((model for model, one in endings.items() if one.is_improved), None)
    cut = next((model for model, one in endings.items() if one.finish_reason in CUT_SHORT), None)
    model = gain or cut or next(iter(endings))
    return model, endings[model]


def _reason_of(ending: Ending, endings: Endings) -> str:
    """Of the whole job: where something was proven, also what kept it from the other models."""
    cut = next((one.finish_reason for one in endings.values() if one.finish_reason in CUT_SHORT), None)
    return f"proven_then_{cut}" if ending.is_improved and cut else ending.finish_reason


def _proof(work: Work, loaded: Loaded, endings: Endings, *, model: str) -> dict[str, Any]:
    """The evidence of one model's gain, and of the others beside it."""
    ending = endings[model]
    if ending.result is None or ending.result.candidate is None or ending.measurement is None:
        raise LookupError(f"nothing was proven for {model}")
    work.turn_to(model, form_of(loaded, model))
    tried = work.form.asked(ending.result.candidate.prompt).model  # of settings: changes leave it out where the version calls it already
    proof = evidence(
        before=work.form.start,
        candidate=ending.result.candidate,
        pairs=ending.pairs,
        measurement=ending.measurement,
        facts=facts_of(work, loaded, ending.result) | ({"model": tried or model} if tried or len(endings) > 1 else {}),
        lines=work.form.lines,
        question=work.question,
    )
    others = [
        _told(name, one) | ({"evidence": _proof(work, loaded, {name: one}, model=name)} if one.is_improved else {})
        for name, one in endings.items()
        if name != model
    ]
    return proof | ({"variants": others} if others else {})


def _content(work: Work, loaded: Loaded, endings: Endings) -> dict[str, Any]:
    """The fields that change over the base version: what was measured, for each model that it was measured with."""
    own, texts = work.job.task_model, {}
    for name, one in endings.items():
        form = form_of(loaded, name)
        candidate = one.result.candidate.prompt if one.is_improved and one.result and one.result.candidate else form.start
        if len(endings) == 1:
            return form.changes(candidate)
        texts[name] = EditablePrompt.of(work.job.content, snippets=work.job.snippets, model=name).messages_with(candidate)
    return changes_of_several(work.job.content, texts, own=own)


def _told(model: str, ending: Ending) -> dict[str, Any]:
    test = ending.measurement.as_json() if ending.measurement else None
    counts = counts_of(_edits(ending))
    return {"model": model, "outcome": ending.outcome, "finish_reason": ending.finish_reason, "test": test, "counts": counts}


def _report(work: Work, loaded: Loaded, endings: Endings) -> dict[str, Any]:
    """The job's, and of each model where there are several, with the proposals of those that the job's own are not about."""
    foremost, ending = _foremost(endings)
    each = [_told(name, one) | ({} if name == foremost else {"edits": _edits(one)}) for name, one in endings.items()]
    several = {"models": each} if len(endings) > 1 else {}
    lacking = lacking_of(loaded, ending.finish_reason)
    return report_of(work, loaded, ending.result) | ({"lacking": lacking} if lacking else {}) | several


def _edits(ending: Ending) -> list[dict[str, Any]]:
    """Every proposal, an edit or a whole text: what became of it, or why it never raced. What led when it was cut short was not chosen."""
    if ending.result is not None:
        effects, rejected, tried = ending.result.effects, ending.result.rejected, ending.result.tried
    elif ending.so_far is not None:
        effects, rejected, tried = ending.so_far.effects(), tuple(ending.so_far.rejected), ending.so_far.tried()
    else:
        return []
    return [tried_json(one) for one in tried] + [edit_json(one) for one in effects] + [rejected_json(one) for one in rejected]
