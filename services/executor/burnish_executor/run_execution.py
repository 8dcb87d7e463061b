"""Runs one execution: asks the model, tells the caller, books what came of it."""

import asyncio
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog

from burnish_executor import metrics
from burnish_executor.ask_keys import Asker
from burnish_executor.bulkheads import provider_of
from burnish_executor.check_answer import AnswerChecks
from burnish_executor.core.answer import Answer
from burnish_executor.core.charged import charged
from burnish_executor.core.failure import FREE, Failure, FailureKind, wait_before_retry_s
from burnish_executor.core.fallback import another_may_help, falling_back, is_worth_asking, not_asked_for_money
from burnish_executor.core.outcome import outcome_of
from burnish_executor.guard_execution import Guards
from burnish_executor.mask_record import RecordMasks
from burnish_executor.record_batch import Recorder
from burnish_executor.rests import NOT_SAID_S
from burnish_executor.reuse_answers import AnswerCache, Flight
from burnish_executor.run import Run, describe, since, within
from burnish_executor.settings import ExecutorSettings
from burnish_executor.widen_hold import Holds
from burnish_shared import failpoints
from burnish_shared.books.finished import finished, with_vectors
from burnish_shared.bus.frames import FrameKind
from burnish_shared.contracts.executions import Outcome
from burnish_shared.errors import Unavailable

log = structlog.get_logger("burnish.executor")

SHARE_OF_WAITING: Final = 0.5
"""Of the time that is left when a model is asked first, all its waits together, while another model could be asked: a provider that wants
patience must not use up what its fallback needs."""


@dataclass(frozen=True, slots=True)
class Runner:
    """What a run needs."""

    settings: ExecutorSettings
    recorder: Recorder
    asker: Asker
    holds: Holds
    cache: AnswerCache
    guards: Guards
    checks: AnswerChecks
    masks: RecordMasks
    dice: Callable[[], float] = random.random

    async def run(self, run: Run) -> Outcome | None:
        """Runs to the end and returns what was booked; None when another claim has it. Raises Unavailable when it could not be booked."""
        outcome = await self.guards.begin(run) or await self._outcome(run)
        if outcome is None:
            return None
        if run.guard is not None and run.request.kind == "chat":
            outcome = await self.guards.end(run, outcome)
        return await self._book(run, outcome)

    async def _outcome(self, run: Run) -> Outcome | None:
        """What came of it, from the cache or the model; None when another claim has it."""
        is_off = run.cancelled and run.request.interrupted is None  # before anybody was asked, also the cache
        begun = run.gone if is_off else await self.cache.begin(run)
        if isinstance(begun, Outcome):
            return begun
        result: Answer | Failure | None = None
        outcome: Outcome | None = None
        try:
            result = begun if isinstance(begun, Failure) else await self._answer(run)
            result, checked = await self.checks.check(run, result, ask=self._ask)
            if run.superseded:
                return None
            await failpoints.hit("executor.after_provider")
            outcome = outcome_of(
                run.request, result, text="".join(run.answer_so_far), trials=run.trials, latency_s=since(run.started_at),
                first_token_s=None if run.first_token_at is None else run.first_token_at - run.started_at, beside_bytes=run.beside_bytes,
            )  # fmt: skip
            outcome = outcome if checked is None else checked.applied(outcome)
            outcome = charged(outcome, held_nusd=max(run.held_nusd, run.request.hold_nusd))
        finally:
            if isinstance(begun, Flight):
                await self.cache.land(begun, result, outcome)
        return outcome

    async def _book(self, run: Run, outcome: Outcome) -> Outcome | None:
        """Tries as long as the sweeper leaves it alone: until the deadline and its grace."""
        patience_s = max(0.0, run.left_s()) + self.settings.sweep_grace_s
        try:
            stored = await self.masks.stored(run.request, outcome, patience_s=patience_s)
            row = finished(
                stored[0],
                with_vectors(stored[1], of=outcome, request=run.request),
                finished_at=datetime.now(UTC),
                store_content=run.request.store_content,
            )
            booked = await asyncio.shield(self.recorder.record(row, patience_s=patience_s))
        except Unavailable:
            log.error("execution.not_booked", execution_id=str(run.request.execution_id))
            raise
        if not booked:
            metrics.RECORDS_SUPERSEDED.inc()
            await run.reply.send(FrameKind.ELSEWHERE)
            return None
        metrics.FINISHED_AS(run.request.lane.value, outcome.status.value).inc()
        if outcome.overage_nusd:
            metrics.OVERAGE_NUSD.inc(outcome.overage_nusd)
            log.warning("execution.overage", execution_id=str(run.request.execution_id), nusd=outcome.overage_nusd)
        await run.reply.terminal(outcome.model_dump_json().encode())
        return outcome

    async def _answer(self, run: Run) -> Answer | Failure:
        """The answer of the model, or of the next one that is fallen back to; each is tried as long as it costs nothing and time allows."""
        if run.request.interrupted is not None:
            run.answer_so_far.append(run.request.interrupted)
            run.beside_bytes = run.request.interrupted_beside_bytes
            run.has_started = run.request.upstream_started
            return Failure(FailureKind.INTERRUPTED, "The executor that ran this stopped in the middle; what had been delivered was booked.")
        not_held_for: list[str] = []
        result = await self._first_answer(run, not_held_for)
        if not_held_for and isinstance(result, Failure) and another_may_help(result, had_started=run.has_started):
            return not_asked_for_money(result, not_held_for)
        return result

    async def _first_answer(self, run: Run, not_held_for: list[str]) -> Answer | Failure:
        """`not_held_for` gets the models that were passed over because what they may cost could not be held."""
        asked = run.request
        result = await self._ask(run, others=len(asked.fallbacks))
        for nth, fallback in enumerate(asked.fallbacks, start=1):
            if not isinstance(result, Failure) or not another_may_help(result, had_started=run.has_started) or run.left_s() <= 0:
                return result
            if not is_worth_asking(result, fallback, request=asked):
                continue
            after = falling_back(asked, fallback)
            if run.seat is not None and not run.seat.move(provider_of(after)):
                continue
            if not await self.holds.widen(run, fallback.hold_nusd):
                not_held_for.append(fallback.route.model)
                continue  # A cheaper one that comes after it may be within what there is.
            metrics.FALLBACKS.labels(result.kind.value[1]).inc()
            log.info("execution.fell_back", model=fallback.route.model, because=result.kind.value[1], **describe(run))
            run.held_nusd = max(run.held_nusd, run.request.hold_nusd)
            run.request = after
            result = await self._ask(run, others=len(asked.fallbacks) - nth)
        return result

    async def _ask(self, run: Run, *, others: int = 0) -> Answer | Failure:
        """One model's answer. `others`: so many models may be asked after it, so that waiting for this one leaves them time."""
        retries = self.settings.attempts - 1 if run.request.retries is None else run.request.retries
        most_s = self.settings.retry_wait_most_s if run.request.retry_wait_most_s is None else run.request.retry_wait_most_s
        run.patience_s = run.left_s() * SHARE_OF_WAITING if others else math.inf
        for attempt in range(retries + 1):
            result = await self.asker.ask(run)
            last = attempt == retries
            if not isinstance(result, Failure) or result.kind not in FREE or run.has_started or last:
                return result
            wait_s = wait_before_retry_s(attempt, retry_after_s=_asked_s(result), dice=self.dice())
            if wait_s > most_s or wait_s >= run.may_wait_s():
                return result
            run.patience_s -= wait_s
            ended = await within(run, asyncio.sleep(wait_s))
            if ended is not None:
                return ended
        return result


def _asked_s(failure: Failure) -> float | None:
    """How long the provider wants to be left alone. One that limits and does not say rests for a moment: no try before that."""
    not_said = failure.kind is FailureKind.RATE_LIMITED and failure.retry_after_s is None
    return NOT_SAID_S if not_said else failure.retry_after_s
