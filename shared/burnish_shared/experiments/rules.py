"""When a difference counts as found. Four rules, each of which keeps its α however it is looked at, as long as it is followed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import erfc, sqrt
from statistics import NormalDist

from burnish_shared.experiments.contrast import Contrast
from burnish_shared.experiments.group_sequential import Look, boundaries
from burnish_shared.experiments.plan import Plan
from burnish_shared.experiments.sample_size import AT_THE_END
from burnish_shared.experiments.sequence import half_width, p_value

LOOKS = 5
"""Of a group-sequential rule, where nobody said how many."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An interval of the difference, and whether it is proven. None: the rule does not say yet, and nobody is shown a guess.

    `is_last`: what was planned has come; there will be no other reading by this rule.
    """

    low: float
    high: float
    p_value: float | None
    is_significant: bool | None
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """How far the experiment is. `fraction` of the planned units (None: nothing was planned), and the looks of a group-sequential rule,
    as fractions; the last of them is now, where `is_look`."""

    fraction: float | None = None
    looks: tuple[float, ...] = ()
    is_look: bool = False


def moment_of(plan: Plan, *, units: int, looks: Sequence[float]) -> Moment:
    """`looks`: those that were taken before. A look is due whenever another k-th part of the plan is full; one that comes late counts as
    it comes (Lan and DeMets)."""
    planned = plan.settings.planned_units
    if planned is None:
        return Moment(looks=tuple(looks))
    fraction = units / planned
    if plan.method != "group_sequential":
        return Moment(fraction, tuple(looks))
    most = plan.settings.looks or LOOKS
    due = int(min(1.0, fraction) * most + 1e-9) > int((looks[-1] if looks else 0.0) * most + 1e-9)
    return Moment(fraction, (*looks, min(1.0, fraction)) if due else tuple(looks), is_look=due)


def read(one: Contrast, plan: Plan, moment: Moment) -> Reading:
    """One comparison at one moment. A rule that needs a planned end and has none falls back to the sequence, which needs none."""
    if plan.method == "sequential" or moment.fraction is None:
        return _by_sequence(one, plan, alpha=plan.alpha)
    is_over = moment.fraction >= 1
    match plan.method:
        case "fixed":
            return _by_z(one, alpha=plan.alpha) if is_over else _waiting(one, plan)
        case "hybrid":
            early = _by_part(_by_sequence(one, plan, alpha=(1 - AT_THE_END) * plan.alpha), 1 - AT_THE_END)
            if early.is_significant or not is_over:
                return early
            return _by_part(_by_z(one, alpha=AT_THE_END * plan.alpha), AT_THE_END)
        case "group_sequential":
            return _at_look(one, plan, moment) if moment.is_look else _waiting(one, plan, is_last=is_over)


def _by_sequence(one: Contrast, plan: Plan, *, alpha: float) -> Reading:
    half = half_width(one, alpha=alpha, horizon=plan.horizon)
    p = p_value(one, alpha=alpha, horizon=plan.horizon)
    return Reading(one.value - half, one.value + half, p, abs(one.value) > half)


def _by_part(one: Reading, part: float) -> Reading:
    """With a p that counts as one of the whole α, where only this part of it may be spent (Bonferroni): the least of both parts is then
    valid too, and below α just where something is significant."""
    return one if one.p_value is None else replace(one, p_value=min(1.0, one.p_value / part))


def _waiting(one: Contrast, plan: Plan, *, is_last: bool = False) -> Reading:
    """Before its time a rule shows the interval that may be looked at any time, and says nothing of significance."""
    shown = _by_sequence(one, plan, alpha=plan.alpha)
    return Reading(shown.low, shown.high, None, None, is_last)


def _by_z(one: Contrast, *, alpha: float) -> Reading:
    """One look, at the end, by the normal law."""
    z = NormalDist().inv_cdf(1 - alpha / 2)
    p = erfc(abs(one.value) / one.error / sqrt(2))
    return Reading(one.value - z * one.error, one.value + z * one.error, p, p < alpha, is_last=True)


def _at_look(one: Contrast, plan: Plan, moment: Moment) -> Reading:
    """Repeated confidence interval of this look (Jennison and Turnbull, chapter 9). It has no p of its own."""
    z = looks_of(moment.looks, plan.alpha)[-1].boundary
    low, high = one.value - z * one.error, one.value + z * one.error
    return Reading(low, high, None, low > 0 or high < 0, is_last=moment.looks[-1] >= 1)


@lru_cache(maxsize=256)
def looks_of(fractions: tuple[float, ...], alpha: float) -> tuple[Look, ...]:
    """Calculated once for each course of looks."""
    return tuple(boundaries(fractions, alpha=alpha))
