"""What is wrong with an answer, how the model is asked once more, and what both answers cost together. Pure (PRODUCT E11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from burnish_shared.contracts.checks import Problem
from burnish_shared.contracts.executions import Attempt, CostSplit, ErrorInfo, Outcome, Status, Usage
from burnish_shared.money import credits_text

INVALID: Final = "output_invalid"

SHOWN_CHARACTERS: Final = 400


@dataclass(frozen=True, slots=True)
class Wrong:
    """`problem` is told and kept; `detail`, which may quote the answer, is for the model that gave it.

    `is_sure` False: nobody could look.
    """

    problem: Problem
    detail: str
    is_sure: bool = True


def asked_again(messages: Sequence[dict[str, Any]], text: str, details: Sequence[str]) -> list[dict[str, Any]]:
    """The conversation with the answer in it, and what is wrong with that."""
    listed = "\n".join(f"- {one[:SHOWN_CHARACTERS]}" for one in details)
    request = (
        f"Your answer cannot be used:\n{listed}\n\n"
        "Give the whole answer again with this corrected, and nothing else: no explanation, no apology, no code fences."
    )
    return [*messages, {"role": "assistant", "content": text}, {"role": "user", "content": request}]


def invalid(outcome: Outcome, wrong: Sequence[Wrong]) -> Outcome:
    """The same outcome as an error that keeps the text and says why, of the last attempt too where there were several."""
    first = wrong[0].problem
    where = f" at {first.path}" if first.path else ""
    more = f" ({len(wrong) - 1} more)" if len(wrong) > 1 else ""
    error = ErrorInfo(
        type="output_error", code=INVALID, message=f"The answer is not valid: {first.check}{where}: {first.message}{more}.",
        problems=[one.problem for one in wrong],
    )  # fmt: skip
    attempts = list(outcome.attempts)
    if attempts and attempts[-1].status == Status.SUCCESS:
        attempts[-1] = attempts[-1].model_copy(update={"status": INVALID, "code": INVALID})
    return outcome.model_copy(update={"status": Status.ERROR, "error": error, "output_json": None, "attempts": attempts})


def with_earlier(outcome: Outcome, earlier: Outcome, *, attempt: int) -> Outcome:
    """The outcome of two answers that were both paid for: usage and cost are sums, and `attempt` counts what was before the last."""
    usage = outcome.usage.model_copy(
        update={name: getattr(outcome.usage, name) + getattr(earlier.usage, name) for name in _counted(Usage)}
        | {"source": "provider" if {outcome.usage.source, earlier.usage.source} == {"provider"} else "estimated"}
    )
    split = _sum(outcome.cost_split, earlier.cost_split)
    cost_nusd = outcome.cost_nusd + earlier.cost_nusd
    attempts = list(outcome.attempts)
    if attempt < len(attempts):
        attempts[attempt] = _of_first(attempts[attempt], earlier)
    return outcome.model_copy(
        update={
            "usage": usage, "cost_nusd": cost_nusd, "credits": credits_text(cost_nusd), "cost_split": split,
            "markup_nusd": outcome.markup_nusd + earlier.markup_nusd, "attempts": attempts, "first_token_ms": earlier.first_token_ms,
        }
    )  # fmt: skip


def _of_first(attempt: Attempt, earlier: Outcome) -> Attempt:
    return attempt.model_copy(
        update={
            "status": INVALID, "code": INVALID, "input_tokens": earlier.usage.input_tokens, "output_tokens": earlier.usage.output_tokens,
            "cost_nusd": earlier.cost_nusd,
        }
    )  # fmt: skip


def _counted(model: type[Usage]) -> list[str]:
    return [name for name, one in model.model_fields.items() if one.annotation is int]


def _sum(one: CostSplit | None, other: CostSplit | None) -> CostSplit | None:
    if one is None or other is None:
        return one or other
    return CostSplit(**{name: getattr(one, name) + getattr(other, name) for name in CostSplit.model_fields})
