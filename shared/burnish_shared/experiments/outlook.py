"""How much is still to come: units until an effect worth finding would be found, and days at the pace of now."""

from dataclasses import dataclass
from typing import Final

from burnish_shared.experiments.analysis import Analysis, Difference
from burnish_shared.experiments.plan import Plan
from burnish_shared.experiments.sample_size import sequential_units

EFFECT: Final = 0.05
"""Worth finding, where nobody said what is: five points of a share, 5 % of another metric."""

DAY_S: Final = 86_400

NOBODY_NEW: Final = "Lately nobody new came: at that pace there are never so many."
"""Said where units that nobody has seen before are needed, and none come."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Of one treatment. `needed`: units of an even split that find the effect in four cases of five; `share_done`: how much of it is known.
    `days_left`: None where nobody comes; `nobody_new`: also where nobody new comes, so that there are never so many."""

    arm: str
    needed: int | None
    share_done: float
    days_left: float | None
    nobody_new: bool = False


def outlook(plan: Plan, analysis: Analysis, *, units_a_day: float | None) -> list[Outlook]:
    """For each treatment. `units_a_day`: new ones of all arms, at the pace of the epoch that runs; None where it is not known."""
    return [_of(plan, analysis, one, units_a_day) for one in analysis.differences]


def _of(plan: Plan, analysis: Analysis, one: Difference, units_a_day: float | None) -> Outlook:
    planned = plan.settings.planned_units
    if planned is not None and plan.method != "sequential":
        return _until(one.arm, planned, analysis.units, units_a_day)
    effect = worth_finding(plan, analysis, one)
    if effect is None or one.error is None or one.information <= 0 or one.is_constant:
        return Outlook(one.arm, None, 0.0, None)
    variance = one.information * one.error**2 / 4
    units = sequential_units(effect=effect, variance=variance, alpha=plan.alpha, horizon=plan.horizon)
    pace = units_a_day * one.information / (one.units + one.control_units) if units_a_day is not None and one.units else None
    return _until(one.arm, units, one.information, pace)


def worth_finding(plan: Plan, analysis: Analysis, one: Difference) -> float | None:
    """In the metric's own unit; None while the control is not known."""
    if plan.settings.smallest_effect is not None:
        return plan.settings.smallest_effect
    if analysis.is_share:
        return EFFECT
    return EFFECT * abs(one.control) if one.control else None


def _until(arm: str, needed: int, known: float, pace: float | None) -> Outlook:
    left = max(0.0, needed - known)
    days = None if pace is None or (left and not pace) else left / pace if left else 0.0
    return Outlook(arm, needed, min(1.0, known / needed), days, nobody_new=bool(left) and pace == 0)
