"""From what a provider said to what the caller is told and the books keep. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from burnish_executor.core.answer import Answer
from burnish_executor.core.choices import choices_of, output_bytes_of
from burnish_executor.core.failure import Failure
from burnish_executor.core.usage import estimated
from burnish_shared.asked_json import json_asked_for
from burnish_shared.contracts.executions import Attempt, ExecutionRequest, KeyUse, Outcome, Route, Status, Usage
from burnish_shared.deltas import bytes_of
from burnish_shared.money import credits_text
from burnish_shared.pricing import cost_split, sum_of
from burnish_shared.storable_text import storable
from burnish_shared.tokens import input_tokens_of

NOTHING = Usage(input_tokens=0, output_tokens=0, source="estimated")

NO_KEY = KeyUse(source="none")


@dataclass(frozen=True, slots=True)
class Trial:
    """One call of a provider, and whose key it was made with. `had_started`: bytes had come, so it may cost.

    `route`: which model; None: the request's own.
    """

    result: Answer | Failure
    latency_s: float
    had_started: bool
    use: KeyUse = NO_KEY
    route: Route | None = None


def outcome_of(
    request: ExecutionRequest,
    result: Answer | Failure,
    *,
    text: str,
    trials: Sequence[Trial],
    latency_s: float,
    first_token_s: float | None,
    beside_bytes: int = 0,
) -> Outcome:
    """`text`: what was streamed so far, `beside_bytes`: the length of tool calls and further choices that were; both count when the call
    failed in the middle. Times in seconds.
    """
    output = storable(result.output if isinstance(result, Answer) else text)
    may_cost = any(trial.had_started for trial in trials) or request.interrupted is not None
    usage = _usage(request, result, output_bytes=bytes_of(output) + beside_bytes, may_cost=may_cost)
    paid = _paid(trials, result)
    use = trials[paid].use if trials else _used_before(request)
    split = cost_split(
        usage, request.route.price, markup_percent=request.route.markup_percent if use and use.source == "platform" else 0,
        hour_write_tokens=result.hour_write_tokens if isinstance(result, Answer) else 0,
    )  # fmt: skip
    cost = sum_of(split)
    failed = isinstance(result, Failure)
    return Outcome(
        status=result.status if isinstance(result, Failure) else Status.SUCCESS,
        id=request.execution_id,
        output=output if output or not failed else None,
        output_json=None if failed else json_asked_for(output, request.settings, request.output_format),
        tool_calls=result.tool_calls or None if isinstance(result, Answer) else None,
        choices=choices_of(result) if isinstance(result, Answer) else None,
        beside=result.asides.whole() if isinstance(result, Answer) and result.asides else None,
        prompt=request.prompt.slug if request.prompt else None,
        version=request.prompt.version if request.prompt else None,
        label=request.prompt.label if request.prompt else None,
        model=request.route.model, provider=request.route.provider,
        finish_reason=storable(result.finish_reason) if isinstance(result, Answer) and result.finish_reason else None,
        system_fingerprint=storable(result.system_fingerprint) if isinstance(result, Answer) and result.system_fingerprint else None,
        usage=usage, cost_nusd=cost, credits=credits_text(cost), markup_nusd=split.markup_nusd, cost_split=split,
        price_version=request.route.price.version, routing=request.routing,
        experiment_id=request.experiment.experiment_id if request.experiment else None,
        arm=request.experiment.arm if request.experiment else None,
        key_source=use.source if use else None, provider_key_id=use.provider_key_id if use else None, latency_ms=_ms(latency_s),
        first_token_ms=None if first_token_s is None else _ms(first_token_s),
        simulated=request.route.simulated or (isinstance(result, Answer) and result.simulated),
        error=result.info() if isinstance(result, Failure) else None,
        attempts=_attempts(request, trials, paid=paid, usage=usage, cost_nusd=cost) if len(trials) > 1 or failed else [],
    )  # fmt: skip


def _paid(trials: Sequence[Trial], result: Answer | Failure) -> int:
    """Which trial gave what counts: the last, unless a correction was asked for after it in vain; then its own key and price stay."""
    own = (index for index in range(len(trials) - 1, -1, -1) if trials[index].result is result)
    return next(own, len(trials) - 1)


def _attempts(request: ExecutionRequest, trials: Sequence[Trial], *, paid: int, usage: Usage, cost_nusd: int) -> list[Attempt]:
    """Every trial. What the execution used belongs to one: another follows only what cost nothing (PROMISES E-04), or corrects in vain."""
    made = [_attempt(request, trial) for trial in trials]
    if made:
        spent = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens, "cost_nusd": cost_nusd}
        made[paid] = made[paid].model_copy(update=spent)
    return made


def _used_before(request: ExecutionRequest) -> KeyUse | None:
    """Whose key was used where this executor called nobody: the one of the executor that died, as far as it was heard of."""
    if request.interrupted is None or not request.upstream_started or _was_a_hit(request):
        return None
    return request.used_key or KeyUse(source=request.route.keys)


def _was_a_hit(request: ExecutionRequest) -> bool:
    """The executor that died was giving an answer from the cache: nobody was asked, whatever had been delivered."""
    return request.used_key is not None and request.used_key.source == "cache"


def _usage(request: ExecutionRequest, result: Answer | Failure, *, output_bytes: int, may_cost: bool) -> Usage:
    """A call that never began costs nothing; one that broke off costs its input and what had come (PROMISES E-01, E-06)."""
    if isinstance(result, Answer):
        return result.usage or _estimated(request, output_bytes=output_bytes_of(result))
    if _was_a_hit(request) or (not may_cost and not output_bytes):
        return NOTHING
    if request.interrupted is not None and not request.upstream_started and not output_bytes:
        return NOTHING
    return _estimated(request, output_bytes=output_bytes)


def _estimated(request: ExecutionRequest, *, output_bytes: int) -> Usage:
    """Vectors are no tokens."""
    input_tokens = input_tokens_of(
        request.messages, request.settings, extra=request.extra, kind=request.kind, model=request.route.upstream_model
    )
    return estimated(input_tokens, output_bytes=0 if request.kind == "embedding" else output_bytes)


def _attempt(request: ExecutionRequest, trial: Trial) -> Attempt:
    failed = isinstance(trial.result, Failure)
    route = trial.route or request.route
    return Attempt(
        model=route.model,
        provider=route.provider,
        status=trial.result.status.value if isinstance(trial.result, Failure) else "success",
        http_status=trial.result.http_status if isinstance(trial.result, Failure) else 200,
        latency_ms=_ms(trial.latency_s),
        error=storable(trial.result.message) if isinstance(trial.result, Failure) and failed else None,
        code=trial.result.kind.value[1] if isinstance(trial.result, Failure) else None,
        provider_key_id=trial.use.provider_key_id,
        key_source=None if trial.use.source == "cache" else trial.use.source,
    )


def _ms(seconds: float) -> int:
    return max(0, round(seconds * 1000))
