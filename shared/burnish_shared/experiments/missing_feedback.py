"""Not everybody reacts. Where one arm makes more people react than the other, part of a difference may be who was heard and not what they
said; how much at most is bounded by leaving out the surplus, once from the top and once from the bottom (Lee, "Training, Wages, and Sample
Selection", Review of Economic Studies 76, 2009, section 3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from burnish_shared.experiments.contrast import contrast, shares_of
from burnish_shared.experiments.guardrails import EpochSums
from burnish_shared.experiments.sequence import half_width
from burnish_shared.experiments.sums import ArmSums, is_share, total


@dataclass(frozen=True, slots=True)
class MissingFeedback:
    """`rates`: arm → share of answers without a reaction. `units_heard`: arm → share of units that reacted at all.

    `low` and `high`: what the difference, as it was measured, may be among those who would be heard in either arm; None where that cannot
    be said (no shares). `differs`: one arm is surely heard more than the control; else the bounds are chance as much as anything.
    """

    rates: Mapping[str, float]
    units_heard: Mapping[str, float]
    differs: Mapping[str, bool]
    low: Mapping[str, float | None]
    high: Mapping[str, float | None]


def missing_feedback(
    epochs: Sequence[EpochSums],
    *,
    arms: Sequence[str],
    metric: str,
    differences: Mapping[str, float | None],
    alpha: float,
    horizon: float,
) -> MissingFeedback:
    """`arms`: the control first. `differences`: treatment − control of the metric, by arm. α is that of one comparison."""
    control = arms[0]
    seen, heard = ({arm: total(one.get(arm, {}).get(name, ArmSums()) for _, one in epochs) for arm in arms} for name in ("success", metric))
    differs: dict[str, bool] = {}
    low: dict[str, float | None] = {}
    high: dict[str, float | None] = {}
    for arm in arms[1:]:
        surplus, differs[arm] = _surplus(epochs, control=control, arm=arm, metric=metric, alpha=alpha, horizon=horizon)
        low[arm], high[arm] = _bounds(heard[control], heard[arm], surplus, of=differences.get(arm))
    return MissingFeedback(
        {arm: max(0.0, 1 - heard[arm].x / seen[arm].x) if seen[arm].x else 0.0 for arm in arms},
        {arm: min(1.0, heard[arm].units / seen[arm].units) if seen[arm].units else 0.0 for arm in arms},
        differs, low, high,
    )  # fmt: skip


def _surplus(epochs: Sequence[EpochSums], *, control: str, arm: str, metric: str, alpha: float, horizon: float) -> tuple[float, bool]:
    """By how much more of its units an arm is heard than the control, as a part of the arm that is heard more: above 0 for the arm, below
    for the control; and whether that is sure. Counted in units, which are heard or not."""
    rows = [(number, heard(arms.get(control, {}), metric), heard(arms.get(arm, {}), metric)) for number, arms in epochs]
    found = contrast(shares_of(rows))
    if found is None or not max(found.treatment, found.control):
        return 0.0, False
    is_sure = abs(found.value) > half_width(found, alpha=alpha, horizon=horizon)
    return max(-0.99, min(0.99, found.value / max(found.treatment, found.control))), is_sure


def heard(sums: Mapping[str, ArmSums], metric: str) -> ArmSums:
    """Of each unit whether it reacted at all."""
    seen = sums.get("success", ArmSums()).units
    some = min(seen, sums.get(metric, ArmSums()).units)
    return ArmSums(seen, seen, some, seen, some, some)


def _bounds(control: ArmSums, treatment: ArmSums, surplus: float, *, of: float | None) -> tuple[float | None, float | None]:
    """The difference `of` when the surplus was all at the top, or all at the bottom, of the arm that is heard more. Shares only."""
    if of is None or not (is_share(control) and is_share(treatment) and control.x and treatment.x):
        return None, None
    arm = treatment if surplus > 0 else control
    share, cut = arm.y / arm.x, abs(surplus)
    down, up = max(0.0, (share - cut) / (1 - cut)) - share, min(1.0, share / (1 - cut)) - share
    return (of + down, of + up) if surplus > 0 else (of - up, of - down)
