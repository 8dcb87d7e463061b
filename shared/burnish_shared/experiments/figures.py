"""All that is known of each arm, beside the metric that decides: figures with their intervals, and their differences from the control.

For who reads, not for who decides: every interval holds at any moment, at the confidence of the experiment, each for itself. Of ten figures
at 95 % one may be wrong in four cases of ten; the verdict and the guardrails have rules of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from burnish_shared.experiments.analysis import AMOUNTS, Difference, Epoch, Memory, above_nothing, between_shares
from burnish_shared.experiments.contrast import Contrast, against_number, contrast, shares_of
from burnish_shared.experiments.guardrails import failures
from burnish_shared.experiments.missing_feedback import heard
from burnish_shared.experiments.plan import Plan
from burnish_shared.experiments.quantiles import COUNTED, QUANTILES, Percentile, find, quantile_shares
from burnish_shared.experiments.scored import is_scored
from burnish_shared.experiments.sequence import half_width
from burnish_shared.experiments.sums import ArmSums, is_share, total

Role = Literal["decides", "guardrail", "told"]
Figures = Literal["share", "ms", "nusd", "number"]

TOLD: Final = ("error_rate", "latency_p50_ms", "latency_p95_ms", "latency_ms", "cost_nusd", "satisfaction", "feedback_rate")
"""Shown of every experiment, whatever decides it."""

SCORED_MOST: Final = 20
"""So many versions of evaluators are told of at most."""

SLOW: Final = "slow_share"
"""What the guardrail `latency_p95_ms` compares: answers that are slower than the limit frozen at the start."""

KINDS: Final[Mapping[str, Figures]] = {
    "success": "share", "error_rate": "share", "satisfaction": "share", "feedback_rate": "share", SLOW: "share",
    "latency_ms": "ms", "latency_p50_ms": "ms", "latency_p95_ms": "ms", "cost_nusd": "nusd",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ArmFigure:
    """`units` with `observations` of the metric. None: not known, or too few for an interval."""

    arm: str
    units: int
    observations: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class FigureDifference:
    """Treatment − control, put together within epochs. `relative`: as a part of the control."""

    arm: str
    value: float | None
    low: float | None
    high: float | None
    relative: float | None


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric of all arms. `kind`: in what its values are. `better`: which way, None where nobody said."""

    metric: str
    role: Role
    kind: Figures
    better: Literal["higher", "lower"] | None
    arms: tuple[ArmFigure, ...]
    differences: tuple[FigureDifference, ...]


def figures(plan: Plan, epochs: Sequence[Epoch], memory: Memory, decided: Sequence[Difference]) -> tuple[Figure, ...]:
    """The metric that decides first, then guardrails in their order, then the rest of `TOLD`. `decided`: the differences of the analysis,
    which are taken as they are. Metrics of which no arm has an observation are left out, unless they decide or guard. Scores of evaluators
    come last, of the first SCORED_MOST by name."""
    guarded = [SLOW if one.metric == "latency_p95_ms" else one.metric for one in plan.guardrails]
    scored = sorted({name for epoch in epochs for own in epoch.sums.values() for name in own if is_scored(name)})
    names = dict.fromkeys([plan.metric, *guarded, *TOLD, *scored[:SCORED_MOST]])
    if plan.metric == "success":
        names.pop("error_rate", None)
    found = [_figure(name, plan, epochs, memory, decided, is_guarded=name in guarded) for name in names]
    return tuple(one for one in found if one.role != "told" or any(arm.value is not None for arm in one.arms))


def _figure(name: str, plan: Plan, epochs: Sequence[Epoch], memory: Memory, decided: Sequence[Difference], *, is_guarded: bool) -> Figure:
    arms = tuple(_arm(name, arm, plan, epochs, memory) for arm in plan.arms)
    if name == plan.metric:
        told = tuple(FigureDifference(one.arm, one.value, one.low, one.high, one.relative) for one in decided)
        return Figure(name, "decides", _kind(name, plan, epochs), plan.direction, arms, told)
    told = tuple(_difference(name, arm, plan, epochs, memory) for arm in plan.treatments)
    return Figure(name, "guardrail" if is_guarded else "told", _kind(name, plan, epochs), _better(name, plan), arms, told)


def _arm(name: str, arm: str, plan: Plan, epochs: Sequence[Epoch], memory: Memory) -> ArmFigure:
    whole = total(_sums(name, one, arm) for one in epochs)
    units, observations = memory.units(arm, whole.units), round(whole.x)
    if name in QUANTILES:
        read = find(memory.percentiles, name, arm=arm)
        if read is None:
            return ArmFigure(arm, units, observations, None, None, None)
        return ArmFigure(arm, units, observations, read.value, max(0.0, read.value - read.below), read.value + read.above)
    value = whole.y / whole.x if whole.x else None
    found = against_number(0.0, [whole]) if value is not None else None
    if value is None or found is None:
        return ArmFigure(arm, units, observations, value, None, None)
    half = half_width(found.widened(_widening(memory, arm)), alpha=1 - plan.settings.confidence, horizon=plan.horizon)
    low, high = value - half, value + half
    if whole.y >= 0 and _kind(name, plan, epochs) != "number":
        low = max(0.0, low)
    if is_share(whole):
        high = min(1.0, high)
    return ArmFigure(arm, units, observations, value, low, high)


def _difference(name: str, arm: str, plan: Plan, epochs: Sequence[Epoch], memory: Memory) -> FigureDifference:
    found = _contrast(name, arm, plan, epochs, memory.percentiles)
    if found is None:
        return FigureDifference(arm, None, None, None, None)
    half = half_width(found.widened(_widening(memory, arm)), alpha=plan.alpha, horizon=plan.horizon)
    relative = found.value / abs(found.control) if found.control else None
    low, high = found.value - half, found.value + half
    if _kind(name, plan, epochs) == "share":
        low, high = between_shares(found.value, low, high)
    if name in AMOUNTS:
        low = above_nothing(found.value, low, control=found.control)
    return FigureDifference(arm, found.value, low, high, relative)


def _contrast(name: str, arm: str, plan: Plan, epochs: Sequence[Epoch], percentiles: Sequence[Percentile]) -> Contrast | None:
    if name in QUANTILES:
        numbers = [one.number for one in epochs]
        return contrast(quantile_shares(percentiles, name, control=plan.control, arm=arm, epochs=numbers, weighting=plan.weighting))
    rows = [(one.number, _sums(name, one, plan.control), _sums(name, one, arm)) for one in epochs]
    return contrast(shares_of(rows, weighting=plan.weighting))


def _widening(memory: Memory, arm: str) -> float:
    """By what the metric that decides is widened where units were in several epochs; the control by the most of any."""
    return max(1.0, memory.widening.get(arm, max(memory.widening.values(), default=1.0)))


def _sums(name: str, epoch: Epoch, arm: str) -> ArmSums:
    own = epoch.sums.get(arm, {})
    match name:
        case "error_rate":
            return failures(own.get("success", ArmSums()))
        case "feedback_rate":
            return heard(own, "satisfaction")
        case "slow_share":
            return own.get("slow", ArmSums())
        case _:
            return own.get(COUNTED if name in QUANTILES else name, ArmSums())


def _kind(name: str, plan: Plan, epochs: Sequence[Epoch]) -> Figures:
    """Of a metric of one's own: a share where all its observations lie between 0 and 1."""
    if name in KINDS:
        return KINDS[name]
    if is_scored(name):
        return "share"
    return "share" if all(is_share(total(_sums(name, one, arm) for one in epochs)) for arm in plan.arms) else "number"


def _better(name: str, plan: Plan) -> Literal["higher", "lower"] | None:
    guard = next((one for one in plan.guardrails if one.metric == name), None)
    if name.startswith("metric:"):
        return guard.direction if guard is not None else None
    return "higher" if name in ("success", "satisfaction") or is_scored(name) else None if name == "feedback_rate" else "lower"
