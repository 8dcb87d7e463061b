"""What is charged of what an execution cost: never more than was held for it. Pure (PROMISES 5.4)."""

from collections.abc import Sequence

from burnish_shared.contracts.executions import Attempt, Outcome
from burnish_shared.money import credits_text
from burnish_shared.pricing import plain_sum_of, sum_of, within


def charged(outcome: Outcome, *, held_nusd: int) -> Outcome:
    """The outcome with the cost that the ledger charges; what a provider counted beyond the hold is named beside it and is the operator's.

    The parts of the cost still add up to it, and so does what each attempt cost.
    """
    overage_nusd = outcome.cost_nusd - held_nusd
    if overage_nusd <= 0 or outcome.cost_split is None:
        return outcome
    split = within(outcome.cost_split, held_nusd)
    cost_nusd = sum_of(split)
    return outcome.model_copy(
        update={
            "cost_nusd": cost_nusd,
            "overage_nusd": overage_nusd,
            "credits": credits_text(cost_nusd),
            "markup_nusd": cost_nusd - plain_sum_of(split),
            "cost_split": split,
            "attempts": _charged(outcome.attempts, cost_nusd),
        }
    )


def _charged(attempts: Sequence[Attempt], most_nusd: int) -> list[Attempt]:
    """The first that was paid for is charged first."""
    made: list[Attempt] = []
    for one in attempts:
        cost_nusd = min(one.cost_nusd, most_nusd)
        most_nusd -= cost_nusd
        made.append(one if cost_nusd == one.cost_nusd else one.model_copy(update={"cost_nusd": cost_nusd}))
    return made
