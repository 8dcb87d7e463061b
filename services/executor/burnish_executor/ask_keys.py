"""Asks one model once with every key that may be used, until one answers or no other would help."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from burnish_executor import metrics
from burnish_executor.core.answer import Answer, Piece
from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.core.outcome import Trial
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
from burnish_executor.run import Run, since
from burnish_executor.settings import ExecutorSettings
from burnish_executor.widen_hold import Holds
from burnish_shared.bus.frames import FrameKind
from burnish_shared.contracts.executions import ExecutionRequest, KeyUse
from burnish_shared.egress import address_of
from burnish_shared.errors import Unavailable

log = structlog.get_logger("burnish.executor")


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Whose key a try is made with. `own`: the workspace's, so that what comes of it can be noted."""

    use: KeyUse
    secret: str | None = field(repr=False, default=None)
    own: OwnKey | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """What a call of a model needs."""

    settings: ExecutorSettings
    providers: Providers
    vault: KeyVault
    holds: Holds

    async def ask(self, run: Run) -> Answer | Failure:
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
        if not route.platform_fallback or not await self.holds.widen_for_operators_key(run):
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
            Trial(result=result, latency_s=since(began_at), had_started=run.has_started, use=chosen.use, route=run.request.route)
        )
        if chosen.use.source == "platform" and isinstance(result, Failure) and result.http_status in REFUSES_KEY:
            metrics.KEY_TROUBLES.labels("platform_refused").inc()
            log.error("platform_key.refused", provider=run.request.route.provider, http_status=result.http_status)
        if chosen.own is not None:
            self.vault.note_use(chosen.own)
        metrics.PROVIDER_SECONDS.labels(result.kind.value[1] if isinstance(result, Failure) else "success").observe(since(began_at))
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
