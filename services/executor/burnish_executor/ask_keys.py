"""Asks one model once with every key that may be used, until one answers or no other would help."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from burnish_executor import metrics
from burnish_executor.borrow_tickets import Denied, Ticket
from burnish_executor.choose_key import Chosen, Keys
from burnish_executor.circuits import Circuits
from burnish_executor.core import call_spans
from burnish_executor.core.answer import Answer, Piece
from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.core.outcome import Trial
from burnish_executor.core.waterfall import CoolDown, SetAside, Stop, TryNext, consequence_of, foremost, last_word, refuses_key
from burnish_executor.io.key_vault import KeyVault, OwnKey
from burnish_executor.io.model_client import Started
from burnish_executor.io.providers import Providers
from burnish_executor.run import Run, describe, since, within
from burnish_executor.settings import ExecutorSettings
from burnish_executor.share_limits import SharedLimits
from burnish_executor.widen_hold import Holds
from burnish_shared import tracing
from burnish_shared.bus.frames import FrameKind
from burnish_shared.contracts.executions import KeyUse
from burnish_shared.deltas import said_in
from burnish_shared.errors import Unavailable
from burnish_shared.json_bytes import encoded
from burnish_shared.prompt_settings import cap_of
from burnish_shared.tokens import input_tokens_of
from burnish_shared.unpriced import unpriced

log = structlog.get_logger("burnish.executor")

NO_TURN = frozenset({FailureKind.RESTING, FailureKind.RATE_LIMITED})

OURS_TO_END = frozenset({FailureKind.CANCELLED, FailureKind.DEADLINE, FailureKind.CUT_SHORT})
"""The caller's end of a call that the provider worked on: it bills for it, so it is paid for."""

NO_TICKET_S = 0.05
"""A first look at several keys waits for the shared count only; who finds no ticket there looks at the next key."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """A call may be made now. `ticket` None: nothing limits it."""

    chosen: Chosen
    ticket: Ticket | None


@dataclass(frozen=True, slots=True)
class Asker:
    """What a call of a model needs."""

    settings: ExecutorSettings
    providers: Providers
    keys: Keys
    vault: KeyVault
    holds: Holds
    limits: SharedLimits
    circuits: Circuits

    async def ask(self, run: Run) -> Answer | Failure:
        """Every key that may be used, once, until one answers or no other would help: own ones first, then the operator's."""
        route = run.request.route
        if route.keys == "none":
            return await self._with_one(run, self.keys.nobodys(run))
        field = unpriced(run.request.settings, run.request.extra, route.price)
        if route.keys == "platform":
            return _unpaid(field) if field else await self._with_operators(run)
        failure: Failure | None = None
        tried: set[UUID] = set()
        try:
            while candidates := await self.keys.own(run, tried=tried):
                turn = await self._turn(run, candidates)
                if isinstance(turn, Failure):
                    if turn.kind not in NO_TURN:
                        return turn
                    failure = turn if failure is None or not failure.may_pass or turn.kind is FailureKind.RATE_LIMITED else failure
                    break
                own = turn.chosen.own
                tried.update([own.provider_key_id] if own else [])
                result = await self._try(run, turn)
                if not isinstance(result, Failure) or own is None or not self._learn(own, result, had_started=run.has_started):
                    return result
                failure = foremost(failure, result)
            told = last_word(failure, rests=await self.keys.rests(run))
            if failure is None:
                self._note_all_rest(run, told)
        except Unavailable as error:
            unknown = Failure(FailureKind.KEYS_UNKNOWN, error.message, retry_after_s=error.retry_after_s)
            return failure if failure is not None and failure.may_pass else unknown
        if not route.platform_fallback or field or await self._forbidden(run) or not await self.holds.widen_for_operators_key(run):
            return told
        metrics.KEY_TROUBLES.labels("platform_fallback").inc()
        return await self._with_one(run, self.keys.operators(run))

    async def _with_operators(self, run: Run) -> Answer | Failure:
        return await self._forbidden(run) or await self._with_one(run, self.keys.operators(run))

    async def _forbidden(self, run: Run) -> Failure | None:
        """Of the operator's key, by the workspace, since the call was let in."""
        try:
            if await self.keys.leave.holds_for(run.request):
                return None
        except Unavailable as error:
            return Failure(FailureKind.KEYS_UNKNOWN, error.message, retry_after_s=error.retry_after_s)
        provider = run.request.route.provider
        return Failure(FailureKind.NO_KEY, f"This workspace no longer uses the operator's key for {provider!r}; add one of its own.")

    async def _with_one(self, run: Run, chosen: Chosen) -> Answer | Failure:
        """With the one key there is, or with none."""
        resting = self.limits.refusal(chosen.account)
        if resting is not None:
            self._note_untried(run, chosen, resting)
            return resting
        try:
            turn = await self._turn(run, [chosen])
        except Unavailable as error:
            return Failure(FailureKind.KEYS_UNKNOWN, error.message, retry_after_s=error.retry_after_s)
        if isinstance(turn, Failure):
            return turn
        result = await self._try(run, turn)
        if isinstance(result, Failure) and result.kind is FailureKind.RATE_LIMITED and not run.has_started:
            self.limits.rest(chosen.account, result)
        return result

    async def _turn(self, run: Run, candidates: Sequence[Chosen]) -> _Turn | Failure:
        """The first key that may be used now, else the one that may be used soonest, as long as the run may wait. Raises Unavailable.

        Nobody waits for one key while another one is free (docs/decisions/0021).
        """
        if len(candidates) == 1 and not self.circuits.are_any and not self.limits.tickets.limits(candidates[0].account):
            return _Turn(candidates[0], None)
        refusal: Failure | None = None
        waits: list[tuple[float, Chosen]] = []
        ready = []
        for chosen in candidates:
            failing = self.circuits.refusal(chosen.place, owner=run.request.workspace_id)
            if failing is None:
                ready.append(chosen)
            else:
                refusal = failing
                self._note_untried(run, chosen, failing)
        for chosen in ready if len(ready) > 1 else ():
            found = await self._ticket(run, chosen, patience_s=NO_TICKET_S)
            if not isinstance(found, Denied):
                return self._begun(run, chosen, found)
            waits.append((found.wait_s, chosen))
        if not ready:
            return refusal or Failure(FailureKind.NO_KEY, "There is no key that could be used now.")
        soonest = min(waits, key=lambda one: one[0])[1] if waits else ready[0]
        found = await self._ticket(run, soonest, patience_s=run.may_wait_s())
        if not isinstance(found, Denied):
            return self._begun(run, soonest, found)
        metrics.LIMITED.labels("deadline").inc()
        message = f"What the provider allows in a minute is used up; there is room again in about {found.wait_s:.0f} s."
        limited = Failure(FailureKind.RATE_LIMITED, message, retry_after_s=found.wait_s)
        self._note_untried(run, soonest, limited)
        return limited

    def _begun(self, run: Run, chosen: Chosen, found: "Ticket | Failure | None") -> _Turn | Failure:
        """A circuit may have opened while the ticket was waited for: then the ticket serves another call."""
        if isinstance(found, Failure):
            return found
        failing = self.circuits.refusal(chosen.place, owner=run.request.workspace_id)
        if failing is None:
            return _Turn(chosen, found)
        if found is not None:
            self.limits.tickets.settle(found, used_tokens=0)
        self._note_untried(run, chosen, failing)
        return failing

    async def _ticket(self, run: Run, chosen: Chosen, *, patience_s: float) -> "Ticket | Denied | Failure | None":
        """None: nothing limits this call. Raises Unavailable."""
        if not self.limits.tickets.limits(chosen.account):
            return None
        began_at = asyncio.get_running_loop().time()
        request = run.request
        output_tokens = (request.settings.get(cap_of(request.settings)) or 0) * (request.settings.get("n") or 1)
        tokens = output_tokens + input_tokens_of(
            request.messages, request.settings, extra=request.extra, kind=request.kind, model=request.route.upstream_model
        )
        found = await within(
            run, self.limits.tickets.take(chosen.account, owner=request.workspace_id, tokens=tokens, patience_s=patience_s)
        )
        waited_s = since(began_at)
        run.patience_s -= waited_s
        metrics.LIMIT_WAIT_SECONDS.observe(waited_s)
        return found

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

    def _note_untried(self, run: Run, chosen: Chosen, failure: Failure) -> None:
        """Nobody was called: the record says why all the same."""
        run.trials.append(Trial(result=failure, latency_s=0.0, had_started=False, use=chosen.use, route=run.request.route))

    def _note_all_rest(self, run: Run, told: Failure) -> None:
        """No key could be tried: who is answered by the operator's, or by another model, sees why."""
        run.trials.append(Trial(result=told, latency_s=0.0, had_started=False, use=KeyUse(source="own"), route=run.request.route))

    async def _try(self, run: Run, turn: _Turn) -> Answer | Failure:
        """One call of the provider, in a task of its own, so that a cancellation ends the call and nothing else."""
        chosen, began_at = turn.chosen, asyncio.get_running_loop().time()
        allowed_s = min(run.left_s(), run.request.timeout_s)
        timeout_s = allowed_s if run.request.timeout_said else min(allowed_s, self.settings.attempt_timeout_s)
        self.circuits.enter(chosen.place, owner=run.request.workspace_id)
        run.has_begun = False
        result: Answer | Failure
        told = call_spans.of_call(run.request, chosen.use) if tracing.is_exported() else None
        with tracing.span(call_spans.name_of(run.request), kind="client", attributes=told):
            result = await within(run, self._readably(run, chosen, timeout_s=timeout_s))
            if tracing.is_exported():
                _note_answer(run, result, began_at=began_at)
        latency_s = since(began_at)
        self.circuits.note(chosen.place, result, owner=run.request.workspace_id, latency_s=latency_s, allowed_s=allowed_s)
        had_started = run.has_started or (run.has_begun and isinstance(result, Failure) and result.kind in OURS_TO_END)
        if turn.ticket is not None:
            self.limits.tickets.settle(turn.ticket, used_tokens=_tokens_used(result, turn.ticket, had_begun=run.has_begun or had_started))
        run.trials.append(Trial(result=result, latency_s=latency_s, had_started=had_started, use=chosen.use, route=run.request.route))
        if chosen.use.source == "platform" and isinstance(result, Failure) and refuses_key(result):
            metrics.KEY_TROUBLES.labels("platform_refused").inc()
            log.error("platform_key.refused", provider=run.request.route.provider, http_status=result.http_status)
        if chosen.own is not None:
            self.vault.note_use(chosen.own)
        metrics.PROVIDER_SECONDS_OF(result.kind.value[1] if isinstance(result, Failure) else "success").observe(latency_s)
        return result

    async def _readably(self, run: Run, chosen: Chosen, *, timeout_s: float) -> Answer | Failure:
        """The edge to providers: whatever they send, and whatever a request makes of a body, is an answer or one classified failure (E-07).

        What nobody thought of would end the run without a word, and another executor would ask, and pay, once more.
        """
        try:
            return await self._consume(run, chosen, timeout_s=timeout_s)
        except Exception:
            came = run.has_begun
            metrics.UNREADABLE.labels("answer" if came else "request").inc()
            log.exception("provider.unreadable", came="answer" if came else "request", provider=run.request.route.provider, **describe(run))
            if came:
                return Failure(FailureKind.MALFORMED, "What the provider answered could not be read.")
            return Failure(
                FailureKind.REFUSED, "The request cannot be put as this provider wants it; its messages or settings are at fault."
            )

    async def _consume(self, run: Run, chosen: Chosen, *, timeout_s: float) -> Answer | Failure:
        """Passes on what comes. Text goes to the caller's inbox when the request streams, and into `answer_so_far` always.

        Read to the end, behind the last event too: a generator that is left is closed by three tasks that wake the loop from outside, and
        its connection serves nobody until then.
        """
        if chosen.secret:
            run.secrets.add(chosen.secret)

        def heard(headers: Mapping[str, str]) -> None:
            self.limits.hear(chosen.account, headers)

        result: Answer | Failure | None = None
        async for event in self.providers.call(run.request, key=chosen.secret, tried=run.secrets, timeout_s=timeout_s, heard=heard):
            match event:
                case Started():
                    run.has_begun = True
                    began = {**chosen.use.model_dump(mode="json"), "model": run.request.route.model}
                    await run.reply.send(FrameKind.STARTED, encoded(began))
                case Piece():
                    await self._pass_on(run, event)
                case Answer() | Failure() if result is None:
                    run.has_started = run.has_started or _is_something(event)
                    result = event
        return result or Failure(FailureKind.CUT_OFF, "The provider's answer ended before it was complete.")

    async def _pass_on(self, run: Run, piece: Piece) -> None:
        run.has_started = True
        if run.first_token_at is None:
            run.first_token_at = asyncio.get_running_loop().time()
        if piece.text:
            run.answer_so_far.append(piece.text)
            if not piece.in_delta or (run.guard is not None and run.guard.touches_answers):
                await run.reply.text(piece.text)
        if piece.delta is not None:
            run.beside_bytes += said_in(piece.delta)[1]
            await run.reply.delta(piece.delta)


def _unpaid(field: str) -> Failure:
    """The gateway refuses this of what a call names; a test run asks what its version says, and a fallback is asked what another was."""
    return Failure(
        FailureKind.NO_KEY,
        f"{field}: has a price that is not known here, or may have one, and needs a provider key of your own; leave it out.",
    )


def _is_something(result: Answer | Failure) -> bool:
    """A whole answer, readable or not. An error that came in its place is none, whatever its status says."""
    return isinstance(result, Answer) or result.kind is FailureKind.MALFORMED


def _tokens_used(result: Answer | Failure, ticket: Ticket, *, had_begun: bool) -> int:
    """What counts against the provider's limit; what was reserved, where nobody knows better."""
    if isinstance(result, Answer) and result.usage is not None:
        return result.usage.input_tokens + result.usage.output_tokens
    return ticket.permit.tokens if had_begun or isinstance(result, Answer) else 0


def _note_answer(run: Run, result: Answer | Failure, *, began_at: float) -> None:
    """What the call came to, for its span. Never text."""
    if isinstance(result, Failure):
        status = {} if result.http_status is None else {"http.response.status_code": result.http_status}
        tracing.note(status, error=result.kind.value[1])
        return
    first_token_s = None if run.first_token_at is None or not run.request.stream else run.first_token_at - began_at
    tracing.note(call_spans.of_answer(result, first_token_s=first_token_s))
