"""Thompson's weights: an arm gets as much as it is likely to be the best. For allocation only, never as a proof: "P(best) > .95" stops 56 %
of A/A tests (SCIENCE section 5). Each change of weights begins an epoch, so that the analysis weighs by probabilities that it knows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

from burnish_shared.experiments.analysis import Analysis, Epoch
from burnish_shared.experiments.plan import Plan
from burnish_shared.experiments.quantiles import find
from burnish_shared.experiments.sums import ArmSums, Mean, mean_of, total


class Dice(Protocol):
    """What throws: `random.Random`."""

    def gauss(self, mu: float, sigma: float) -> float: ...


FLOOR: Final = 0.1
"""The least share of an arm: who gets nothing is never heard of again (SCIENCE section 5)."""

DRAWS: Final = 2_000
"""Weights then move by about ±0.01 between seeds."""


LEAST_CHANGE: Final = 0.05
"""Shares that would move by less stay: each change begins an epoch, and what is known is put together from epochs."""


def reshared(plan: Plan, analysis: Analysis, epochs: Sequence[Epoch], *, dice: Dice, floor: float = FLOOR) -> dict[str, float] | None:
    """Arm → share for the next epoch, of all who take part; None: nothing that is worth an epoch. Who gets nobody any more stays so."""
    before = epochs[-1].shares
    given = alive(plan, before)
    sums = {arm: _mean(plan, analysis, epochs, arm) for arm in plan.arms}
    control, moved = sums[plan.control], {one.arm: one.value for one in analysis.differences}
    if control is None or not given:
        return None
    means: dict[str, Mean | None] = {plan.control: control} if plan.control in given else {}
    for arm in given:
        if arm != plan.control:
            own, by = sums[arm], moved.get(arm)
            means[arm] = replace(own, value=control.value + by) if own is not None and by is not None else None
    shares = dict.fromkeys(plan.arms, 0.0) | thompson(means, is_higher_better=plan.sign > 0, dice=dice, floor=floor)
    whole = sum(before.values())
    is_worth_it = whole > 0 and max(abs(shares[arm] - before.get(arm, 0.0) / whole) for arm in plan.arms) >= LEAST_CHANGE
    return shares if is_worth_it else None


def alive(plan: Plan, shares: Mapping[str, float]) -> list[str]:
    """Arms that still get somebody. One without a share did harm, or somebody took it out: that is no weight that chance may draw anew."""
    return [arm for arm in plan.arms if shares.get(arm)]


def _mean(plan: Plan, analysis: Analysis, epochs: Sequence[Epoch], arm: str) -> Mean | None:
    """Over all epochs."""
    if plan.is_of_quantile:
        read = find(analysis.memory.percentiles, plan.metric, arm=arm)
        return None if read is None else read.widest
    return mean_of(total(one.sums.get(arm, {}).get(plan.metric, ArmSums()) for one in epochs))


def thompson(arms: Mapping[str, Mean | None], *, is_higher_better: bool, dice: Dice, floor: float = FLOOR) -> dict[str, float]:
    """Arm → share, adding up to 1. The same for all while an arm is unknown. `floor` is lowered where arms are too many for it.

    Values are of arms on the same ground: the control's, and the control's plus each difference inside epochs.
    """
    names = list(arms)
    known = {name: mean for name, mean in arms.items() if mean is not None}
    if len(known) < len(names):
        return dict.fromkeys(names, 1 / len(names))
    wins = dict.fromkeys(names, 0)
    sign = 1 if is_higher_better else -1
    spread = {name: known[name].error_squared ** 0.5 for name in names}
    for _ in range(DRAWS):
        wins[max(names, key=lambda name: sign * dice.gauss(known[name].value, spread[name]))] += 1
    floor = min(floor, 1 / len(names))
    return {name: floor + (1 - len(names) * floor) * wins[name] / DRAWS for name in names}
