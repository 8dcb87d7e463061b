"""A treatment beside the control: differences inside epochs, put together.

A change of the allocation begins an epoch. Pooled over a ramp from 5 % to 50 % while the base rate falls from .85 to .75, equal arms look
5.7 points apart (SCIENCE section 5); the difference inside an epoch does not know what the base rate was in another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isclose, sqrt
from typing import Final, Literal

from burnish_shared.contracts.experiments import PastCost
from burnish_shared.experiments.sums import ArmSums, Mean, mean_of, total

Weighting = Literal["precision", "population"]

LENT: Final = 100
"""Units whose variance an arm with few is lent: as many as an arm needs where nobody says otherwise (`Settings.min_samples`)."""

RARE: Final = 10.0
"""So many times the mean cost of an arm one call may be that was not seen yet: a long document beside short questions, a loop of tools."""

RARE_UNITS: Final = 4
"""So many of them are counted in: after one or two dear calls the normal law is too sure. No guarantee of α: decision 83 has the rates."""

KNOWS_DEAR: Final = 1_000
"""Units of the days before whose spread is believed to hold the dear calls that matter (decision 85)."""

AS_GOOD_AS_EQUAL: Final = 1e-9
"""Two means that differ by less, of their own size, differ by how their sums were rounded."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """`value` is the difference wanted. It is S / `weight`, where S is a sum that grows with the data and whose variance is `spread`.

    `spread_of_one` is what one unit adds to `spread` where half of them go to either arm: 2·(v_control + v_treatment). In these terms the
    horizon of a sequence counts units of an even split. `units`: of both arms.
    """

    value: float
    weight: float
    spread: float
    spread_of_one: float
    units: int
    control_units: int
    treatment_units: int
    control: float
    treatment: float
    own_spread: float
    """The spread by each arm's own variance, without what one was lent by another (`_steadied`)."""

    @property
    def error(self) -> float:
        """The standard error of the value."""
        return sqrt(self.spread) / self.weight

    @property
    def information(self) -> float:
        """How many units of an even split know as much; equals `units` where the split is even."""
        return self.spread_of_one / self.error**2 if self.spread > 0 else 0.0

    def widened(self, factor: float) -> "Contrast":
        """With an own variance `factor` times as large: what units that are in several epochs make of it. What was lent is no more then."""
        own = self.own_spread * factor
        return replace(self, spread=max(self.spread, own), own_spread=own)

    def moved(self, value: float) -> "Contrast":
        """With another value and the same precision: turned round, or less a margin."""
        return replace(self, value=value)


@dataclass(frozen=True, slots=True)
class Share:
    """What one epoch puts into a contrast: its weight in S, and the means of its arms."""

    epoch: int
    weight: float
    control: Mean
    treatment: Mean


def shares_of(epochs: Sequence[tuple[int, ArmSums, ArmSums]], *, weighting: Weighting = "precision") -> list[Share]:
    """(epoch, control, treatment) of each; epochs in which an arm has no units say nothing.

    `precision`: 4·n_c·n_t/(n_c + n_t), the weights of Mantel and Haenszel (JNCI 22, 1959), which come from counts alone, so that no
    outcome chooses its own weight. `population`: all units of the epoch, which is weighting by the inverse of the known probability of an
    arm, normalised inside the epoch (Hájek): for allocations that follow the outcomes, so that what is estimated stays the mean effect on
    all who came.
    """
    found = []
    for epoch, control, treatment in epochs:
        a, b = mean_of(control), mean_of(treatment)
        if a is not None and b is not None:
            found.append(Share(epoch, weight_of(a.units, b.units, weighting=weighting), a, b))
    return found


def weight_of(control: int, treatment: int, *, weighting: Weighting) -> float:
    """Of an epoch with so many units in its arms; see `shares_of`."""
    return 4 * control * treatment / (control + treatment) if weighting == "precision" else float(control + treatment)


def of_the_past(shares: Sequence[Share], past: PastCost | None) -> list[Share]:
    """Each control taken to vary at least so much: what a guardrail asks is whether it is sure how little the control costs."""
    return list(shares) if past is None else [replace(one, control=_at_least(one.control, past)) for one in shares]


def contrast(
    shares: Sequence[Share], *, times_control: float = 1.0, rare: float | None = None, past: PastCost | None = None
) -> Contrast | None:
    """treatment − times_control · control. None where no epoch has both arms, or where nothing varies: that proves nothing.

    `times_control` ≠ 1 is for margins in percent: cost of the treatment − 1.2 · cost of the control. `rare`: so many times its mean a
    unit of the control may be that was not seen yet (of a control without any cost, that of the treatment); see `_with_rare`.
    `past`: each arm is taken to vary at least so much.
    """
    weight = sum(one.weight for one in shares)
    if weight <= 0:
        return None
    k = times_control
    own_spread = _spread(shares, k)
    shares = [
        replace(one, control=_steadied(one.control, by=one.treatment), treatment=_steadied(one.treatment, by=one.control)) for one in shares
    ]
    if past is not None:
        shares = [replace(one, control=_at_least(one.control, past), treatment=_at_least(one.treatment, past)) for one in shares]
    spread = _spread(shares, k)
    control, treatment = (_pooled([getattr(one, name) for one in shares]) for name in ("control", "treatment"))
    spread_of_one = 2 * (treatment.variance + k * k * control.variance)
    if spread <= 0 or spread_of_one <= 0:
        return None
    at_control = sum(one.weight * one.control.value for one in shares) / weight
    at_treatment = sum(one.weight * one.treatment.value for one in shares) / weight
    found = Contrast(
        at_treatment - k * at_control, weight, spread, spread_of_one, control.units + treatment.units, control.units, treatment.units,
        at_control, at_treatment, own_spread,
    )  # fmt: skip
    return found if rare is None else _with_rare(found, times_control * (rare - 1) * (at_control or at_treatment), units=control.units)


def _with_rare(one: Contrast, far: float, *, units: int) -> Contrast:
    """As if an arm of so many units had RARE_UNITS more, `far` from its mean.

    A unit that comes once in n units is missing from n of them in one case of three. Their own spread does not know it, so they are low
    and sure of it. What it can be is not in the data: it is said beforehand (decision 83).
    """
    lent = RARE_UNITS * (far / (units + 1)) ** 2
    spread, of_one = one.weight**2 * lent, 2 * units * lent
    return replace(one, spread=one.spread + spread, own_spread=one.own_spread + spread, spread_of_one=one.spread_of_one + of_one)


def contrast_of_constants(shares: Sequence[Share], *, rare: float) -> Contrast | None:
    """treatment − control where no unit of any arm differs from its arm: exact so far, and only a unit of either arm that was not seen yet
    (`rare` times its mean) can move it. None where something varies, no epoch has both arms, or all are 0."""
    weight = sum(one.weight for one in shares)
    if weight <= 0 or not is_constant(shares):
        return None
    at_control, at_treatment = (sum(one.weight * getattr(one, arm).value for one in shares) / weight for arm in ("control", "treatment"))
    beside, treated = sum(one.control.units for one in shares), sum(one.treatment.units for one in shares)
    value = 0.0 if isclose(at_control, at_treatment, rel_tol=AS_GOOD_AS_EQUAL) else at_treatment - at_control
    found = Contrast(value, weight, 0.0, 0.0, beside + treated, beside, treated, at_control, at_treatment, 0.0)
    found = _with_rare(_with_rare(found, (rare - 1) * at_control, units=beside), (rare - 1) * at_treatment, units=treated)
    return found if found.spread > 0 else None


def contrast_of_cost(shares: Sequence[Share], *, past: PastCost | None) -> Contrast | None:
    """treatment − control where cost decides. An arm whose rare dear calls did not come yet is low and sure of it, so it is taken to vary
    at least as the label did in the days before. Where those know little, dear calls that nobody saw are counted in for both arms (`RARE`).

    Decision 85 has the rates.
    """
    if is_constant(shares) and (past is None or not past.part):
        return contrast_of_constants(shares, rare=RARE)
    found = contrast(shares, past=past)
    if found is None or (past is not None and past.units >= KNOWS_DEAR):
        return found
    found = _with_rare(found, (RARE - 1) * found.control, units=found.control_units)
    return _with_rare(found, (RARE - 1) * found.treatment, units=found.treatment_units)


def is_constant(shares: Sequence[Share]) -> bool:
    """Of amounts, all 0 where their mean is. Also from epoch to epoch: what differs between them is spread that nobody measured."""
    means = [mean for one in shares for mean in (one.control, one.treatment)]
    same = all(
        isclose(getattr(one, arm).value, getattr(shares[0], arm).value, rel_tol=AS_GOOD_AS_EQUAL)
        for one in shares
        for arm in ("control", "treatment")
    )
    return bool(shares) and same and not any(mean.variance > 0 and mean.value for mean in means)


def shaken(shares: Sequence[Share]) -> list[Share]:
    """Where no unit of any arm differs from its arm, as where all answers cost the same: each arm with one unit more that lies where the
    other arm does, as shares have theirs (`mean_of`). Else as they are. Nothing is made of arms that are equal, but
    for what rounding makes of sums.
    """
    if any(mean.variance > 0 for one in shares for mean in (one.control, one.treatment)):
        return list(shares)
    return [
        replace(one, control=_shaken(one.control, by=one.treatment), treatment=_shaken(one.treatment, by=one.control)) for one in shares
    ]


def _shaken(mean: Mean, *, by: Mean) -> Mean:
    if isclose(mean.value, by.value, rel_tol=AS_GOOD_AS_EQUAL):
        return mean
    return replace(mean, variance=(mean.value - by.value) ** 2 * mean.units / (mean.units + 1) ** 2)


def against_frozen(
    frozen: Mean,
    treatment: ArmSums,
    *,
    times_control: float = 1.0,
    shakes: bool = False,
    rare: float | None = None,
    past: PastCost | None = None,
) -> Contrast | None:
    """The treatment beside a control of the past, where nobody is in the control any more. Its spread is that of one sample that stays.

    Weaker than a contrast inside an epoch: what changed since for everybody is laid at the treatment's door. Who shows it says so.
    `shakes`: as `shaken` does. `rare`: as in `contrast`. `past`: as in `of_the_past`.
    """
    now = mean_of(treatment)
    if now is None or frozen.units <= 0:
        return None
    facing = of_the_past([Share(0, 4 * frozen.units * now.units / (frozen.units + now.units), frozen, now)], past)
    return contrast(shaken(facing) if shakes else facing, times_control=times_control, rare=rare)


def frozen_mean(sums: Sequence[ArmSums]) -> Mean | None:
    """The control over all epochs that it had."""
    return mean_of(total(sums))


def against_number(number: float, treatments: Sequence[ArmSums]) -> Contrast | None:
    """The treatment's mean over epochs beside a number that is known, not measured."""
    mean = mean_of(total(treatments))
    if mean is None or mean.variance <= 0:
        return None
    n = mean.units
    return Contrast(mean.value - number, n, n * mean.variance, mean.variance, n, 0, n, number, mean.value, n * mean.variance)


def influence(shares: Sequence[Share]) -> Mapping[tuple[int, str], tuple[float, float]]:
    """(epoch, "control" | "treatment") → (c, r): a unit with x and y there moves S by c·(y − r·x).

    Σ over units of (its moves in all epochs)² is the spread where the same units come back in later epochs and bring along what they are
    like (cluster-robust variance: Liang and Zeger, Biometrika 73, 1986). Only rows of units know it; see `Contrast.widened`.
    """
    found: dict[tuple[int, str], tuple[float, float]] = {}
    for one in shares:
        for arm, sign, mean in (("control", -1, one.control), ("treatment", 1, one.treatment)):
            found[(one.epoch, arm)] = (sign * one.weight / (mean.units * mean.size), mean.value)
    return found


def _spread(shares: Sequence[Share], times_control: float) -> float:
    return sum(one.weight**2 * (one.treatment.error_squared + times_control**2 * one.control.error_squared) for one in shares)


def _at_least(mean: Mean, past: PastCost) -> Mean:
    """What many calls of a unit cost evens out: where its units have fewer calls yet than those before had, they vary by as much more."""
    part = past.part * max(1.0, past.size / mean.size)
    return replace(mean, variance=max(mean.variance, part * mean.value**2))


def _steadied(few: Mean, *, by: Mean) -> Mean:
    """The mean with some of the variance of an arm that has more than twice as many units, where that one is larger.

    Where a few units make up most of a figure (amounts, of which most are 0), an arm that missed them is low and looks sure of it. LENT
    units of the other's variance are counted in: no interval becomes narrower by it, and it weighs little once the arm has some hundreds
    (decision 57).
    """
    if by.units <= 2 * few.units or by.variance <= few.variance:
        return few
    return replace(few, variance=(few.units * few.variance + LENT * by.variance) / (few.units + LENT))


def _pooled(means: Sequence[Mean]) -> Mean:
    """Of several epochs: variances by units. The value is of no use and left out."""
    units = sum(one.units for one in means)
    return Mean(0.0, sum(one.variance * one.units for one in means) / units, units)
