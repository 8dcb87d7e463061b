"""Runs one execution: asks the model, tells the caller, books what came of it."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog

from burnish_executor import metrics
from burnish_executor.core.answer import Answer, Piece
from burnish_executor.core.failure import FREE, Failure, FailureKind, wait_before_retry_s
from burnish_executor.core.outcome import Trial, outcome_of
from burnish_executor.io.openai_client import Started
from burnish_executor.io.providers import Providers
from burnish_executor.io.replies import Reply
from burnish_executor.record_batch import Recorder
from burnish_executor.settings import ExecutorSettings
from burnish_shared import failpoints
from burnish_shared.books.finished import finished
from burnish_shared.bus.frames import FrameKind
from burnish_shared.contracts.executions import ExecutionRequest, Outcome
from burnish_shared.errors import Unavailable

log = structlog.get_logger("burnish.executor")


@dataclass(slots=True)
class Run:
    """One execution under way. `superseded`: a higher fence has it, so nothing of this run may be told or booked."""

    request: ExecutionRequest
    reply: Reply
    started_at: float
    answer_so_far: list[str] = field(default_factory=list)
    has_started: bool = False
    first_token_at: float | None = None
    trials: list[Trial] = field(default_factory=list)
    cancelled: bool = False
    superseded: bool = False
    call: "asyncio.Task[Answer | Failure] | None" = None

    def cancel(self) -> None:
        """Stops asking the model; what had come is booked, unless the run is superseded. Safe at any moment, any number of times."""
        self.cancelled = True
        if self.call is not None:
            self.call.cancel()

    def left_s(self) -> float:
        """Seconds until the deadline, measured from when the request came: clocks of other machines play no part."""
        allowed_s = (self.request.deadline_at - self.request.sent_at).total_seconds()
        return allowed_s - (asyncio.get_running_loop().time() - self.started_at)


@dataclass(frozen=True, slots=True)
class Runner:
    """What a run needs. `stores_content(request)` says whether the workspace keeps text."""

    settings: ExecutorSettings
    providers: Providers
    recorder: Recorder
    dice: Callable[[], float] = random.random

    async def run(self, run: Run) -> Outcome | None:
        """Runs to the end and returns what was booked; None when another claim has it. Raises Unavailable when it could not be booked."""
        result = await self._answer(run)
        if run.superseded:
            return None
        await failpoints.hit("executor.after_provider")
        outcome = outcome_of(
            run.request, result, text="".join(run.answer_so_far), trials=run.trials, latency_s=_since(run.started_at),
            first_token_s=None if run.first_token_at is None else run.first_token_at - run.started_at,
        )  # fmt: skip
        return await self._book(run, outcome)

    async def _book(self, run: Run, outcome: Outcome) -> Outcome | None:
        """Tries as long as the sweeper leaves it alone: until the deadline and its grace."""
        row = finished(run.request, outcome, finished_at=datetime.now(UTC), store_content=run.request.store_content)
        patience_s = max(0.0, run.left_s()) + self.settings.sweep_grace_s
        try:
            booked = await asyncio.shield(self.recorder.record(row, patience_s=patience_s))
        except Unavailable:
            log.error("execution.not_booked", execution_id=str(run.request.execution_id))
            raise
        if not booked:
            metrics.RECORDS_SUPERSEDED.inc()
            await run.reply.send(FrameKind.ELSEWHERE)
            return None
        metrics.FINISHED.labels(run.request.lane.value, outcome.status.value).inc()
        if outcome.cost_nusd > run.request.hold_nusd:
            metrics.OVERAGE_NUSD.inc(outcome.cost_nusd - run.request.hold_nusd)
            log.warning("execution.overage", execution_id=str(run.request.execution_id), nusd=outcome.cost_nusd - run.request.hold_nusd)
        await run.reply.send(FrameKind.TERMINAL, outcome.model_dump_json().encode())
        return outcome

    async def _answer(self, run: Run) -> Answer | Failure:
        """The model's answer, after as many tries as cost nothing and the deadline allows."""
        if run.request.interrupted is not None:
            run.answer_so_far.append(run.request.interrupted)
            run.has_started = run.request.upstream_started
            return Failure(FailureKind.INTERRUPTED, "The executor that ran this stopped in the middle; what had been delivered was booked.")
        for attempt in range(self.settings.attempts):
            result = await self._try(run)
            last = attempt + 1 == self.settings.attempts
            if not isinstance(result, Failure) or result.kind not in FREE or run.has_started or last:
                return result
            wait_s = wait_before_retry_s(attempt, retry_after_s=result.retry_after_s, dice=self.dice())
            if wait_s > self.settings.retry_wait_most_s or wait_s >= run.left_s():
                return result
            await asyncio.sleep(wait_s)
        return result

    async def _try(self, run: Run) -> Answer | Failure:
        """One call of the provider, in a task of its own, so that a cancellation ends the call and nothing else."""
        began_at, left_s = asyncio.get_running_loop().time(), run.left_s()
        if run.cancelled:
            return Failure(FailureKind.CANCELLED, "The caller went away.")
        if left_s <= 0:
            return Failure(FailureKind.DEADLINE, "The deadline passed before the model could be asked.")
        run.call = asyncio.ensure_future(self._consume(run, timeout_s=min(left_s, run.request.timeout_s, self.settings.attempt_timeout_s)))
        result: Answer | Failure
        try:
            result = await asyncio.wait_for(run.call, left_s)
        except TimeoutError:
            result = Failure(FailureKind.DEADLINE, "The deadline passed while the model was answering.")
        except asyncio.CancelledError:
            if not run.cancelled:
                run.call.cancel()
                raise
            result = Failure(FailureKind.CANCELLED, "The caller went away.")
        finally:
            run.call = None
        run.trials.append(Trial(result=result, latency_s=_since(began_at), had_started=run.has_started))
        metrics.PROVIDER_SECONDS.labels(result.kind.value[1] if isinstance(result, Failure) else "success").observe(_since(began_at))
        return result

    async def _consume(self, run: Run, *, timeout_s: float) -> Answer | Failure:
        """Passes on what comes. Text goes to the caller's inbox when the request streams, and into `answer_so_far` always."""
        async for event in self.providers.call(run.request, timeout_s=timeout_s):
            match event:
                case Started():
                    run.has_started = True
                    await run.reply.send(FrameKind.STARTED)
                case Piece():
                    await self._pass_on(run, event)
                case Answer() | Failure():
                    return event
        return Failure(FailureKind.CUT_OFF, "The provider's answer ended before it was complete.")

    async def _pass_on(self, run: Run, piece: Piece) -> None:
        if run.first_token_at is None:
            run.first_token_at = asyncio.get_running_loop().time()
        if piece.text:
            run.answer_so_far.append(piece.text)
            await run.reply.text(piece.text)
        if piece.delta is not None:
            await run.reply.delta(piece.delta)


def _since(moment: float) -> float:
    return asyncio.get_running_loop().time() - moment


def describe(run: Run) -> dict[str, Any]:
    """Ids of a run, for logs."""
    return {"execution_id": str(run.request.execution_id), "workspace_id": str(run.request.workspace_id), "fence": run.request.fence}
