"""Runs one execution: asks the model, tells the caller, books what came of it."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog

from burnish_executor import metrics
from burnish_executor.core.answer import Answer, Piece
from burnish_executor.core.failure import FREE, Failure, FailureKind, wait_before_retry_s
from burnish_executor.core.fallback import another_may_help, falling_back
from burnish_executor.core.outcome import Trial, outcome_of
from burnish_executor.core.waterfall import (
    REFUSES_KEY,
    Candidate,
    CoolDown,
    SetAside,
    Stop,
    TryNext,
    affinity_of,
    consequence_of,
    in_order,
    last_word,
)
from burnish_executor.io.key_vault import Address, KeyVault, OwnKey
from burnish_executor.io.model_client import Started
from burnish_executor.io.platform_keys import platform_key
from burnish_executor.io.providers import Providers
from burnish_executor.io.replies import Reply
from burnish_executor.record_batch import Recorder
from burnish_executor.settings import ExecutorSettings
from burnish_shared import failpoints
from burnish_shared.books.admission import Admission, Verdict
from burnish_shared.books.finished import finished
from burnish_shared.bus.frames import FrameKind
from burnish_shared.contracts.executions import ExecutionRequest, KeyUse, Outcome
from burnish_shared.egress import address_of
from burnish_shared.errors import Unavailable
from burnish_shared.money import markup_of

log = structlog.get_logger("burnish.executor")


@dataclass(slots=True)
class Run:
    """One execution under way. `superseded`: a higher fence has it, so nothing of this run may be told or booked.

    `held_nusd`: more than was held at first, after a hold was widened. `secrets`: every key that was tried, never to be told.
    """

    request: ExecutionRequest
    reply: Reply
    started_at: float
    answer_so_far: list[str] = field(default_factory=list)
    has_started: bool = False
    first_token_at: float | None = None
    trials: list[Trial] = field(default_factory=list)
    cancelled: bool = False
    superseded: bool = False
    held_nusd: int = 0
    secrets: set[str] = field(default_factory=set, repr=False)
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
class _Chosen:
    """Whose key a try is made with. `own`: the workspace's, so that what comes of it can be noted."""

    use: KeyUse
    secret: str | None = field(repr=False, default=None)
    own: OwnKey | None = None


@dataclass(frozen=True, slots=True)
class Runner:
    """What a run needs."""

    settings: ExecutorSettings
    providers: Providers
    recorder: Recorder
    vault: KeyVault
    admission: Admission
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
        beyond_nusd = outcome.cost_nusd - max(run.held_nusd, run.request.hold_nusd)
        if beyond_nusd > 0:
            metrics.OVERAGE_NUSD.inc(beyond_nusd)
            log.warning("execution.overage", execution_id=str(run.request.execution_id), nusd=beyond_nusd)
        await run.reply.send(FrameKind.TERMINAL, outcome.model_dump_json().encode())
        return outcome

    async def _answer(self, run: Run) -> Answer | Failure:
        """The answer of the model, or of the next one that is fallen back to; each is tried as long as it costs nothing and time allows."""
        if run.request.interrupted is not None:
            run.answer_so_far.append(run.request.interrupted)
            run.has_started = run.request.upstream_started
            return Failure(FailureKind.INTERRUPTED, "The executor that ran this stopped in the middle; what had been delivered was booked.")
        result = await self._ask(run)
        for fallback in run.request.fallbacks:
            if not isinstance(result, Failure) or not another_may_help(result, had_started=run.has_started) or run.left_s() <= 0:
                return result
            if not await self._widen(run, fallback.hold_nusd):
                return result
            metrics.FALLBACKS.labels(result.kind.value[1]).inc()
            log.info("execution.fell_back", model=fallback.route.model, because=result.kind.value[1], **describe(run))
            run.held_nusd = max(run.held_nusd, run.request.hold_nusd)
            run.request = falling_back(run.request, fallback)
            result = await self._ask(run)
        return result

    async def _ask(self, run: Run) -> Answer | Failure:
        """One model's answer."""
        for attempt in range(self.settings.attempts):
            result = await self._round(run)
            last = attempt + 1 == self.settings.attempts
            if not isinstance(result, Failure) or result.kind not in FREE or run.has_started or last:
                return result
            wait_s = wait_before_retry_s(attempt, retry_after_s=result.retry_after_s, dice=self.dice())
            if wait_s > self.settings.retry_wait_most_s or wait_s >= run.left_s():
                return result
            await asyncio.sleep(wait_s)
        return result

    async def _round(self, run: Run) -> Answer | Failure:
        """Every key that may be used, once, until one answers or no other would help: own ones first, then the operator's."""
        route = run.request.route
        if route.keys != "own":
            return await self._try(run, self._operators(run) if route.keys == "platform" else _Chosen(KeyUse(source="none")))
        failure: Failure | None = None
        tried: set[UUID] = set()
        try:
            while (own := await self._next_own(run, tried)) is not None:
                tried.add(own.provider_key_id)
                result = await self._try(run, _Chosen(KeyUse(source="own", provider_key_id=own.provider_key_id), own.secret, own))
                if not isinstance(result, Failure) or not self._learn(own, result, had_started=run.has_started):
                    return result
                failure = result
            rests_s = [self.vault.rests_s(key) for key in await self.vault.keys(_address(run.request))]
        except Unavailable as error:
            return failure or Failure(FailureKind.KEYS_UNKNOWN, error.message, retry_after_s=error.retry_after_s)
        told = last_word(failure, rests_s=[one for one in rests_s if one > 0])
        if not route.platform_fallback or not await self._widen_for_operators_key(run):
            return told
        metrics.KEY_TROUBLES.labels("platform_fallback").inc()
        return await self._try(run, self._operators(run))

    async def _next_own(self, run: Run, tried: set[UUID]) -> OwnKey | None:
        """The key that comes next, of those that are valid at this moment. Raises Unavailable when nobody can tell which are."""
        keys = {key.provider_key_id: key for key in await self.vault.keys(_address(run.request)) if key.provider_key_id not in tried}
        candidates = [Candidate(key.provider_key_id, key.priority, self.vault.rests_s(key)) for key in keys.values()]
        ready = [one for one in in_order(candidates, affinity=affinity_of(run.request)) if one.rests_s == 0]
        return keys[ready[0].provider_key_id] if ready else None

    def _learn(self, key: OwnKey, failure: Failure, *, had_started: bool) -> bool:
        """Notes what the failure says of the key. True: the next key is worth a try."""
        match consequence_of(failure, had_started=had_started):
            case SetAside(http_status):
                self.vault.set_aside(key, http_status=http_status)
                return True
            case CoolDown(seconds):
                self.vault.cool_down(key, seconds=seconds, error=failure.kind.value[1])
                return True
            case TryNext():
                self.vault.note_use(key, error=failure.kind.value[1])
                return True
            case Stop():
                return False

    def _operators(self, run: Run) -> _Chosen:
        """The operator's key goes to the provider's own address alone, whatever a request says."""
        route = run.request.route
        return _Chosen(KeyUse(source="platform"), None if route.own_base_url else platform_key(route.provider))

    async def _widen_for_operators_key(self, run: Run) -> bool:
        """The operator's key costs its markup on top, so more is held before it is used. False: that much is not there."""
        hold_nusd = run.request.hold_nusd
        return await self._widen(run, hold_nusd + markup_of(hold_nusd, percent=run.request.route.markup_percent))

    async def _widen(self, run: Run, total_nusd: int) -> bool:
        """Holds so much in all, where less is held."""
        request = run.request
        if total_nusd <= max(request.hold_nusd, run.held_nusd):
            return True
        try:
            answer = await self.admission.widen(
                request.execution_id, request.workspace_id, fence=request.fence, total_nusd=total_nusd, account_ids=request.account_ids
            )
        except Unavailable:
            return False
        if answer.verdict is not Verdict.YES:
            log.info("execution.not_widened", verdict=answer.verdict.name, **describe(run))
            return False
        run.held_nusd = total_nusd
        return True

    async def _try(self, run: Run, chosen: _Chosen) -> Answer | Failure:
        """One call of the provider, in a task of its own, so that a cancellation ends the call and nothing else."""
        began_at, left_s = asyncio.get_running_loop().time(), run.left_s()
        if run.cancelled:
            return Failure(FailureKind.CANCELLED, "The caller went away.")
        if left_s <= 0:
            return Failure(FailureKind.DEADLINE, "The deadline passed before the model could be asked.")
        timeout_s = min(left_s, run.request.timeout_s, self.settings.attempt_timeout_s)
        run.call = asyncio.ensure_future(self._consume(run, chosen, timeout_s=timeout_s))
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
        run.trials.append(
            Trial(result=result, latency_s=_since(began_at), had_started=run.has_started, use=chosen.use, route=run.request.route)
        )
        if chosen.use.source == "platform" and isinstance(result, Failure) and result.http_status in REFUSES_KEY:
            metrics.KEY_TROUBLES.labels("platform_refused").inc()
            log.error("platform_key.refused", provider=run.request.route.provider, http_status=result.http_status)
        if chosen.own is not None:
            self.vault.note_use(chosen.own)
        metrics.PROVIDER_SECONDS.labels(result.kind.value[1] if isinstance(result, Failure) else "success").observe(_since(began_at))
        return result

    async def _consume(self, run: Run, chosen: _Chosen, *, timeout_s: float) -> Answer | Failure:
        """Passes on what comes. Text goes to the caller's inbox when the request streams, and into `answer_so_far` always."""
        if chosen.secret:
            run.secrets.add(chosen.secret)
        async for event in self.providers.call(run.request, key=chosen.secret, tried=run.secrets, timeout_s=timeout_s):
            match event:
                case Started():
                    run.has_started = True
                    await run.reply.send(FrameKind.STARTED, chosen.use.model_dump_json().encode())
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


def _address(request: ExecutionRequest) -> Address:
    """Which of the workspace's keys may be used: those for exactly the address that is called (no editor can lead a key elsewhere)."""
    route = request.route
    return request.workspace_id, route.provider, address_of(route.base_url) if route.own_base_url else ""


def _since(moment: float) -> float:
    return asyncio.get_running_loop().time() - moment


def describe(run: Run) -> dict[str, Any]:
    """Ids of a run, for logs."""
    return {"execution_id": str(run.request.execution_id), "workspace_id": str(run.request.workspace_id), "fence": run.request.fence}
