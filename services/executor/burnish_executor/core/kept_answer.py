"""An answer as the cache keeps it, and what a caller is told who gets it. Pure (PROMISES E-09)."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from burnish_executor.core.answer import Answer
from burnish_executor.core.outcome import outcome_of
from burnish_shared.contracts.executions import Beside, ExecutionRequest, Outcome, Status, Usage

UNASKED: Final = Usage(input_tokens=0, output_tokens=0, source="provider")
"""A hit uses nothing: no provider was asked. So costs and tokens add up to what was bought."""

MOST_CHARACTERS: Final = 512 * 1024
"""A longer answer is not kept."""

WHOLE: Final = frozenset({"stop", "tool_calls", "length"})
"""Reasons to end that the same request would end for again; what a provider's filter cut off is asked for anew."""


class KeptAnswer(BaseModel):
    """What of an answer is the same for whoever asks again."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    output: str | None
    tool_calls: list[dict[str, Any]] | None = None
    beside: Beside | None = None
    finish_reason: str | None = None
    system_fingerprint: str | None = None
    simulated: bool = False


def kept(outcome: Outcome, request: ExecutionRequest) -> KeptAnswer | None:
    """What to keep of an outcome; None where it is no answer that the same request would get again.

    A fallback's answer is not kept: the next one shall have the model that was asked for.
    """
    is_sound = outcome.status is Status.SUCCESS and outcome.finish_reason in WHOLE and not outcome.cached
    if not is_sound or (outcome.model, outcome.provider) != (request.route.model, request.route.provider):
        return None
    if outcome.choices:
        return None
    answer = KeptAnswer.model_validate(outcome.model_dump(include=set(KeptAnswer.model_fields)))
    return answer if len(answer.model_dump_json()) <= MOST_CHARACTERS else None


def hit_of(request: ExecutionRequest, answer: KeptAnswer, *, latency_s: float) -> Outcome:
    """The outcome of an execution whose answer was there: free, and marked."""
    given = Answer(
        text=[answer.output] if answer.output else [], tool_calls=answer.tool_calls or [], finish_reason=answer.finish_reason,
        usage=UNASKED, complete=True, simulated=answer.simulated,
    )  # fmt: skip
    made = outcome_of(request, given, text="", trials=[], latency_s=latency_s, first_token_s=latency_s if request.stream else None)
    return made.model_copy(update={"cached": True, "beside": answer.beside, "system_fingerprint": answer.system_fingerprint})
