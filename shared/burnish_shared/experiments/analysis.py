"""Everything that can be said of an experiment at one moment: from sums by epoch, arm and metric to differences, guardrails and a state.

Pure, and the same in the service that decides and in the route that shows: who asks gives what was seen before (`Memory`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from burnish_shared.experiments.contrast import Contrast, Share, contrast, contrast_of_cost, frozen_mean, is_constant, shares_of
from burnish_shared.experiments.guardrails import EpochSums, GuardrailFinding, judge, sums_metric
from burnish_shared.experiments.missing_feedback import MissingFeedback, missing_feedback
from burnish_shared.experiments.plan import Plan
from burnish_shared.experiments.quantiles import QUANTILES, Percentile, find, of_stored, quantile_shares, stored
from burnish_shared.experiments.rules import Reading, moment_of, read
from burnish_shared.experiments.sample_ratio import SampleRatio, sample_ratio
from burnish_shared.experiments.scored import is_scored
from burnish_shared.experiments.sums import ArmSums, is_share, total

ArmState = Literal["too_few", "not_yet", "better", "worse", "no_difference", "harmful"]

LEAST_UNITS: Final = 20
"""Of the treatment, before a guardrail says anything: the normal law needs some (the share + ½ keeps fewer from being certain)."""

COST: Final = "cost_nusd"
"""An amount also where it is 0 throughout, which might be a share."""

AMOUNTS: Final = frozenset({COST, "latency_ms", *QUANTILES})
"""Metrics that are never below 0, and no shares."""

EQUIVALENT: Final = 0.02
"""A difference of shares that is surely smaller is none, where nobody said what is: two points. Of other metrics: this part of the
control."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """Between two changes of the allocation. `shares`: arm → planned share of units, of the arms that are compared; they need not add up
    to 1. `sums`: arm → metric → sums; units of `success` are all that came."""

    number: int
    shares: Mapping[str, float]
    sums: Mapping[str, Mapping[str, ArmSums]]


@dataclass(frozen=True, slots=True)
class Memory:
    """What has to be kept from look to look: the least p so far of each arm, looks that used up some α, how much wider intervals are
    because units were in several epochs, and percentiles of latency, which are read now and then (decision 63).

    `different`: of each arm, how many different units there are for each one that its epochs counted; 1 where none came back.
    """

    least_p: Mapping[str, float] = field(default_factory=dict)
    looks: tuple[float, ...] = ()
    widening: Mapping[str, float] = field(default_factory=dict)
    different: Mapping[str, float] = field(default_factory=dict)
    percentiles: tuple[Percentile, ...] = ()

    def units(self, arm: str, counted: int) -> int:
        """Different units among those that the epochs of an arm counted, each for itself."""
        return round(counted * self.different.get(arm, 1.0))

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Memory":
        """From JSON; of what is not there nothing was kept."""
        return cls(
            stored.get("least_p", {}), tuple(stored.get("looks", ())), stored.get("widening", {}), stored.get("different", {}),
            of_stored(stored.get("percentiles", ())),
        )  # fmt: skip

    def stored(self) -> dict[str, Any]:
        return {
            "least_p": dict(self.least_p), "looks": list(self.looks), "widening": dict(self.widening), "different": dict(self.different),
            "percentiles": stored(self.percentiles),
        }  # fmt: skip


FRESH: Final = Memory()


@dataclass(frozen=True, slots=True)
class ArmFinding:
    """One arm: different units of the metric, its observations and their mean (or percentile) over all epochs, None where nobody was
    seen; and all its calls."""

    arm: str
    units: int
    observations: int
    value: float | None
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """One treatment beside the control, as measured (treatment − control), with its interval. None: not known, or not to be said yet.

    `relative`: the difference as a part of the control. `information`: how many units of an even split know as much. `is_constant`: no
    unit differs from its arm, so that the value is exact for what was seen.
    """

    arm: str
    state: ArmState
    value: float | None = None
    low: float | None = None
    high: float | None = None
    relative: float | None = None
    p_value: float | None = None
    is_significant: bool | None = None
    is_last: bool = False
    units: int = 0
    control_units: int = 0
    information: float = 0.0
    error: float | None = None
    control: float | None = None
    is_constant: bool = False


@dataclass(frozen=True, slots=True)
class Analysis:
    """`margin`: what counts as no difference, in the metric's unit; None where the control is not known.

    `taken_out`: treatments that get nobody any more, as they did harm or somebody said so.
    """

    arms: tuple[ArmFinding, ...]
    differences: tuple[Difference, ...]
    guardrails: tuple[GuardrailFinding, ...]
    sample_ratio: SampleRatio
    missing: MissingFeedback | None
    margin: float | None
    is_share: bool
    memory: Memory
    taken_out: frozenset[str] = frozenset()

    @property
    def units(self) -> int:
        return sum(one.units for one in self.arms)

    @property
    def observations(self) -> int:
        return sum(one.observations for one in self.arms)


def analyse(plan: Plan, epochs: Sequence[Epoch], memory: Memory = FRESH) -> Analysis:
    """What is known now. Give its `memory` to the next call."""
    sums: list[EpochSums] = [(one.number, one.sums) for one in epochs]
    arms = tuple(_arm(plan, sums, arm, memory) for arm in plan.arms)
    shares = not plan.is_of_quantile and plan.metric != COST and all(is_share(_total(sums, arm, plan.metric)) for arm in plan.arms)
    moment = moment_of(plan, units=sum(one.units for one in arms), looks=memory.looks)
    margin = _margin(plan, control=arms[0].value, shares=shares)
    guardrails = tuple(_judged(plan, sums, epochs, memory))
    differences, least_p = [], dict(memory.least_p)
    for arm in plan.treatments:
        shares_of_arm = _shares(plan, sums, arm, memory)
        constant = is_constant(shares_of_arm)
        found = contrast_of_cost(shares_of_arm, past=plan.settings.past_cost) if plan.metric == COST else contrast(shares_of_arm)
        if found is not None:
            found = found.widened(max(1.0, memory.widening.get(arm, 1.0)))
        reading = read(found, plan, moment) if found is not None else None
        if reading is not None and reading.p_value is not None:
            least_p[arm] = min(reading.p_value, least_p.get(arm, 1.0))
        harmful = any(one.arm == arm and one.state == "harm" for one in guardrails)
        if found is None or reading is None:
            units = {one.arm: one.units for one in arms}
            state: ArmState = "harmful" if harmful else "too_few"
            differences.append(Difference(arm, state, units=units[arm], control_units=units[plan.control], is_constant=constant))
            continue
        different = memory.units(plan.control, found.control_units), memory.units(arm, found.treatment_units)
        found = replace(found, control_units=different[0], treatment_units=different[1])
        told = _difference(plan, arm, found, reading, margin=margin, least_p=least_p.get(arm), is_harmful=harmful)
        if shares and told.low is not None and told.high is not None and told.value is not None:
            low, high = between_shares(told.value, told.low, told.high)
            told = replace(told, low=low, high=high)
        if plan.metric in AMOUNTS and told.low is not None and told.value is not None:
            told = replace(told, low=above_nothing(told.value, told.low, control=found.control))
        differences.append(replace(told, is_constant=constant and plan.metric == COST))
    return Analysis(
        arms, tuple(differences), guardrails, _ratio(epochs), _missing(plan, sums, differences), margin, shares,
        replace(memory, least_p=least_p, looks=moment.looks),
        frozenset(arm for arm in plan.treatments if epochs and not epochs[-1].shares.get(arm)),
    )  # fmt: skip


def contrast_shares(plan: Plan, epochs: Sequence[Epoch], arm: str, memory: Memory = FRESH) -> list[Share]:
    """What each epoch puts into the difference of an arm: for who looks at units that were in several epochs (`contrast.influence`)."""
    return _shares(plan, [(one.number, one.sums) for one in epochs], arm, memory)


def _shares(plan: Plan, sums: Sequence[EpochSums], arm: str, memory: Memory) -> list[Share]:
    if plan.is_of_quantile:
        epochs = [number for number, _ in sums]
        return quantile_shares(memory.percentiles, plan.metric, control=plan.control, arm=arm, epochs=epochs, weighting=plan.weighting)
    rows = [(number, _of(by_arm, plan.control, plan.metric), _of(by_arm, arm, plan.metric)) for number, by_arm in sums]
    return shares_of(rows, weighting=plan.weighting)


def between_shares(value: float, low: float, high: float) -> tuple[float, float]:
    """An interval of a difference of two shares, without what no such difference can be: beyond −1 and 1. It always holds `value`."""
    return min(value, max(-1.0, low)), max(value, min(1.0, high))


def above_nothing(value: float, low: float, *, control: float) -> float:
    """The lower end of a difference of two amounts, neither of which is below 0: no more than all of the control's can be saved."""
    return min(value, max(low, -control)) if control >= 0 else low


def _difference(
    plan: Plan, arm: str, found: Contrast, reading: Reading, *, margin: float | None, least_p: float | None, is_harmful: bool
) -> Difference:
    least = plan.settings.min_samples
    is_enough = min(found.control_units, found.treatment_units) >= least
    significant = reading.is_significant if is_enough or reading.is_significant is None else False
    return Difference(
        arm,
        _state(plan, found, reading, margin=margin, is_enough=is_enough, is_harmful=is_harmful),
        found.value, reading.low, reading.high, found.value / abs(found.control) if found.control else None,
        None if reading.p_value is None else least_p, significant, reading.is_last,
        found.treatment_units, found.control_units, found.information, found.error, found.control,
    )  # fmt: skip


def _state(plan: Plan, found: Contrast, reading: Reading, *, margin: float | None, is_enough: bool, is_harmful: bool) -> ArmState:
    if is_harmful:
        return "harmful"
    if not is_enough:
        return "too_few"
    if reading.is_significant:
        return "better" if plan.sign * found.value > 0 else "worse"
    if margin is not None and -margin < reading.low and reading.high < margin:
        return "no_difference"
    return "not_yet"


def _margin(plan: Plan, *, control: float | None, shares: bool) -> float | None:
    given = plan.settings.equivalence_margin
    if given is not None:
        return given
    if shares:
        return EQUIVALENT
    return abs(control) * EQUIVALENT if control else None


def _judged(plan: Plan, sums: Sequence[EpochSums], epochs: Sequence[Epoch], memory: Memory) -> list[GuardrailFinding]:
    """Where the control gets nothing any more, the treatment is held against what the control was."""
    is_alone = len(epochs) > 1 and not epochs[-1].shares.get(plan.control)
    found = []
    for guardrail in plan.guardrails:
        frozen = None
        if is_alone:
            frozen = frozen_mean([_of(by_arm, plan.control, sums_metric(guardrail)) for _, by_arm in sums])
        found += [
            judge(
                guardrail, arm=arm, control=plan.control, epochs=sums, horizon=plan.horizon, frozen=frozen,
                least_units=LEAST_UNITS, limit_ms=plan.limit_ms, past_cost=plan.settings.past_cost,
                widening=max(1.0, memory.widening.get(arm, 1.0)),
            )
            for arm in plan.treatments
        ]  # fmt: skip
    return found


def _ratio(epochs: Sequence[Epoch]) -> SampleRatio:
    rows = [
        (one.number, {arm: _of(one.sums, arm, "success").units for arm in one.shares}, one.shares)
        for one in epochs
        if sum(1 for share in one.shares.values() if share > 0) > 1
    ]
    return sample_ratio(rows)


def _missing(plan: Plan, sums: Sequence[EpochSums], differences: Sequence[Difference]) -> MissingFeedback | None:
    """Of metrics that not every answer has: what people say, and what evaluators score. A score lies between 0 and 1, so that the bounds
    of shares hold for it, and are wider than they need be."""
    if plan.metric != "satisfaction" and not plan.metric.startswith("metric:") and not is_scored(plan.metric):
        return None
    values = {one.arm: one.value for one in differences}
    return missing_feedback(sums, arms=plan.arms, metric=plan.metric, differences=values, alpha=plan.alpha, horizon=plan.horizon)


def _arm(plan: Plan, sums: Sequence[EpochSums], arm: str, memory: Memory) -> ArmFinding:
    whole, calls = _total(sums, arm, plan.counted), round(_total(sums, arm, "success").x)
    value = whole.y / whole.x if whole.x else None
    if plan.is_of_quantile:
        read = find(memory.percentiles, plan.metric, arm=arm)
        value = read.value if read is not None else None
    return ArmFinding(arm, memory.units(arm, whole.units), round(whole.x), value, calls)


def _total(sums: Sequence[EpochSums], arm: str, metric: str) -> ArmSums:
    return total(_of(by_arm, arm, metric) for _, by_arm in sums)


def _of(by_arm: Mapping[str, Mapping[str, ArmSums]], arm: str, metric: str) -> ArmSums:
    return by_arm.get(arm, {}).get(metric, ArmSums())
