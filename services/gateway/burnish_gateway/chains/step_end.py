"""From what came of an execution, or from the refusal of one, to the end of a step. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from burnish_gateway.chains.runs_store import StepEnd
from burnish_gateway.execution.answer import failure_of
from burnish_shared.chains.json_answer import json_of
from burnish_shared.chains.walk import SUCCESS, Result
from burnish_shared.contracts.executions import Outcome
from burnish_shared.errors import BurnishError, OutOfCredit, RateLimited, Unavailable
from burnish_shared.storable_text import storable

WAITED_FOR: Final = (RateLimited, Unavailable)
"""Refusals that pass by themselves: in the middle of a run they are waited for, as long as its deadline allows."""

TOLD_IN_NUMBERS: Final = (OutOfCredit, RateLimited)
"""Refusals whose `details` are kept too: what was needed, and what there was. They hold nothing of what was asked."""

NOT_WRITTEN: Final = datetime.max.replace(tzinfo=UTC)
"""After all that is."""


@dataclass(frozen=True, slots=True)
class Ended:
    """`may_pass`: run again, it might succeed; not sooner than in `wait_s`. `at`: when it ended, as the books say."""

    end: StepEnd
    result: Result
    may_pass: bool = False
    wait_s: float = 0.0
    at: datetime = NOT_WRITTEN


def ended_by(body: bytes, *, keeps_text: bool) -> Ended:
    """`body`: the Outcome as JSON."""
    outcome = Outcome.model_validate_json(body)
    error, wait_s, may_pass = None, 0.0, False
    if outcome.status != SUCCESS:
        failure = failure_of(body)
        error, wait_s = error_of(failure), failure.retry_after_s or 0.0
        may_pass = bool(outcome.error and outcome.error.retryable)
    result = Result(
        outcome.status.value, outcome.output, json_of(outcome.output), outcome.output_json is not None, outcome.model, error
    )  # fmt: skip
    end = StepEnd(
        result.status, outcome.version, outcome.model, outcome.cost_nusd, outcome.simulated, kept(result) if keeps_text else None,
        error if keeps_text or error is None else {name: one for name, one in error.items() if name != "message"},
    )  # fmt: skip
    return Ended(end, result, may_pass, wait_s)


def ended_without(error: BurnishError, *, status: str = "error") -> Ended:
    """Of a step that was never executed; nothing was paid."""
    told = error_of(error) | ({"details": error.details} if isinstance(error, TOLD_IN_NUMBERS) else {})
    return Ended(StepEnd(status, None, None, 0, False, None, told), Result(status, error=told))


def cancelled(status: str = "cancelled") -> Ended:
    """Of a step that is not wanted any more, and of which the books say nothing yet."""
    error = {"type": "chain_error", "code": "cancelled", "message": "The step was cancelled.", "http_status": 499, "retryable": False}
    return Ended(StepEnd(status, None, None, 0, False, None, error), Result(status, error=error))


def kept(result: Result) -> dict[str, Any]:
    """What the next steps need, as it is stored while the run is under way."""
    return {"output": result.output, "is_json": result.is_json}


def read_again(*, status: str, kept: dict[str, Any] | None, model: str | None, error: dict[str, Any] | None) -> Result:
    """A step that ended before, from its row."""
    output = (kept or {}).get("output")
    return Result(status, output, json_of(output), bool((kept or {}).get("is_json")), model, error)


def error_of(error: BurnishError) -> dict[str, Any]:
    """As it is kept and told."""
    return {
        "type": error.type, "code": error.code, "message": storable(error.message), "http_status": error.status,
        "retryable": error.retryable,
    }  # fmt: skip
