"""What a candidate may not harm: one-sided sequences that may be looked at any time (SCIENCE section 5, guardrails).

Each guardrail has an α of its own and stops on proof of harm beyond its margin, so a candidate that harms nothing is stopped falsely by one
of them in at most α of experiments, however often it is looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from burnish_shared.contracts.experiments import Guardrail, PastCost
from burnish_shared.experiments.contrast import (
    KNOWS_DEAR,
    RARE,
    Contrast,
    against_frozen,
    against_number,
    contrast,
    of_the_past,
    shaken,
    shares_of,
)
from burnish_shared.experiments.sequence import lower_bound, upper_bound
from burnish_shared.experiments.sums import ArmSums, Mean, mean_of, total

P95_SLOW: Final = 0.05
"""The share of answers that are slower than a 95th percentile."""

DOUBT_Z: Final = 1.0
"""From so many standard errors of harm on, a ramp waits for more. It proves nothing, costs only time, and needs no correction for looks."""

NEGLIGIBLE: Final = 0.001
"""A cost that never varies and is above what is allowed by less, as a part of the control's, keeps nobody waiting."""

USUAL: Final = (
    Guardrail(metric="error_rate", margin=0.02),
    Guardrail(metric="latency_p95_ms", margin=0.2, relative=True),
    Guardrail(metric="cost_nusd", margin=0.2, relative=True),
    Guardrail(metric="satisfaction", margin=0.03, direction="higher"),
)
"""SCIENCE section 5 for errors and latency; cost as latency; satisfaction: a fall that a rollout may not hide."""

State = Literal["ok", "doubt", "harm", "no_data", "unavailable"]
Against = Literal["control", "baseline"]

EpochSums = tuple[int, Mapping[str, Mapping[str, ArmSums]]]
"""(number, arm → metric → sums)."""


@dataclass(frozen=True, slots=True)
class GuardrailFinding:
    """How one arm stands with one guardrail. `harm`: by how much it is worse than allowed, in the metric's own unit (below 0: it is not).

    `harm_low`: what the harm surely exceeds. `change`: treatment minus control as it was measured, and `units` of the treatment seen.
    `least`: where the score of an evaluator is held above a number; harm is then by how much it lies below.

    `no_data`: not enough units; `unavailable`: cannot be known, and `why` says so. `against`: control now, or its frozen baseline.
    """

    metric: str
    arm: str
    state: State
    margin: float
    relative: bool
    against: Against = "control"
    control: float | None = None
    treatment: float | None = None
    harm: float | None = None
    harm_low: float | None = None
    units: int = 0
    why: str = ""
    least: float | None = None


def sums_metric(guardrail: Guardrail) -> str:
    """Which of the sums by unit it reads; errors are what successes leave."""
    return {"error_rate": "success", "latency_p95_ms": "slow"}.get(guardrail.metric, guardrail.metric)


def judge(
    guardrail: Guardrail,
    *,
    arm: str,
    control: str,
    epochs: Sequence[EpochSums],
    horizon: float,
    frozen: Mean | None,
    least_units: int,
    limit_ms: int | None,
    past_cost: PastCost | None = None,
    widening: float = 1.0,
) -> GuardrailFinding:
    """`frozen`: the control's mean of the past, given only where nobody is in the control any more. `past_cost`: how much cost varied in
    the days before the start. `widening`: of variances, where units come back in later epochs; that of the metric that decides stands for
    all."""
    name, told = sums_metric(guardrail), (guardrail.metric, arm)
    if guardrail.metric == "latency_p95_ms" and limit_ms is None:
        why = "Nobody knows how fast it was before: too few answers in the days before the start. It is looked at again when shares change."
        return GuardrailFinding(*told, "unavailable", guardrail.margin, guardrail.relative, why=why)
    sums = [(number, arms.get(control, {}).get(name, ArmSums()), arms.get(arm, {}).get(name, ArmSums())) for number, arms in epochs]
    if guardrail.metric == "error_rate":
        sums = [(number, failures(beside), failures(treated)) for number, beside, treated in sums]
        frozen = None if frozen is None else replace(frozen, value=1 - frozen.value)
    if frozen is not None:
        sums = sums[-1:]
    units = sum(one.units for *_, one in sums)
    against: Against = "control" if frozen is None else "baseline"
    found = _contrasts(guardrail, sums, frozen=frozen, past=past_cost)
    if found is None:
        found = _contrasts(guardrail, sums, frozen=frozen, past=past_cost, shakes=True)
        if found is None or not _is_harm(found[0], guardrail, horizon=horizon):
            return _without_spread(guardrail, told, sums, frozen=frozen, against=against, least_units=least_units)
    harm, plain = [one.widened(widening) for one in found[0]], found[1].widened(widening)
    low = min(lower_bound(one, alpha=guardrail.alpha, horizon=horizon) for one in harm)
    worst = min(harm, key=lambda one: one.value)
    state: State = "ok"
    if worst.units - worst.control_units < least_units:
        state = "no_data"
    elif low > 0:
        state = "harm"
    elif plain.value > DOUBT_Z * plain.error and min(upper_bound(one, alpha=guardrail.alpha, horizon=horizon) for one in harm) > 0:
        state = "doubt"
    return GuardrailFinding(
        *told, state, guardrail.margin, guardrail.relative, against, plain.control, plain.treatment, worst.value, low, units,
        least=guardrail.least,
    )  # fmt: skip


def _is_harm(found: Sequence[Contrast], guardrail: Guardrail, *, horizon: float) -> bool:
    return all(lower_bound(one, alpha=guardrail.alpha, horizon=horizon) > 0 for one in found)


def failures(successes: ArmSums) -> ArmSums:
    """What successes leave, so that a margin in percent is one of the errors: of each unit, x − y of x."""
    one = successes
    return ArmSums(one.units, one.x, one.x - one.y, one.xx, one.xx - 2 * one.xy + one.yy, one.xx - one.xy)


def _without_spread(
    guardrail: Guardrail,
    told: tuple[str, str],
    sums: Sequence[tuple[int, ArmSums, ArmSums]],
    *,
    frozen: Mean | None,
    against: Against,
    least_units: int,
) -> GuardrailFinding:
    """Too few, or every answer costs the same and it is not sure that it is too much: no interval then, but a figure that was always
    allowed keeps nobody waiting."""
    treated, beside = total(one for *_, one in sums), total(one for _, one, _ in sums)
    control, treatment = frozen or mean_of(beside), mean_of(treated)
    nothing_known = GuardrailFinding(
        *told, "no_data", guardrail.margin, guardrail.relative, against, units=treated.units, least=guardrail.least
    )  # fmt: skip
    if control is None or treatment is None or guardrail.metric == "latency_p95_ms" or min(control.units, treatment.units) < least_units:
        return nothing_known
    if control.variance > 0 or treatment.variance > 0:  # known of either, and never of both in one epoch
        return nothing_known
    worse = (control.value - treatment.value) * (1 if guardrail.direction == "higher" else -1)
    harm = worse - guardrail.margin * (abs(control.value) if guardrail.relative else 1.0)
    state: State = "ok" if harm <= NEGLIGIBLE * abs(control.value) else "doubt"
    values = (control.value, treatment.value, harm)
    return GuardrailFinding(*told, state, guardrail.margin, guardrail.relative, against, *values, units=treated.units)


def _contrasts(
    guardrail: Guardrail, sums: Sequence[tuple[int, ArmSums, ArmSums]], *, frozen: Mean | None, past: PastCost | None, shakes: bool = False
) -> tuple[list[Contrast], Contrast] | None:
    """(contrasts that must all exceed 0 for harm, the plain difference), each with harm as its positive direction."""
    if guardrail.metric == "latency_p95_ms":
        # Slower than the limit more often than a p95 may be, and more often than the control is now: a busy hour slows both.
        alone, beside = against_number(P95_SLOW, [one for *_, one in sums]), _beside(sums, frozen=frozen)
        return ([alone, beside], beside) if alone and beside else None
    if guardrail.least is not None:
        above = against_number(guardrail.least, [one for *_, one in sums])
        if above is None:
            return None
        beside_it = frozen or mean_of(total(one for _, one, _ in sums))
        below = _turned(above)
        if beside_it is not None:  # shown beside it, and nothing else
            below = replace(below, control=beside_it.value)
        return [below], below
    higher = guardrail.direction == "higher" and guardrail.metric != "error_rate"
    past = past if guardrail.metric == "cost_nusd" and not higher else None
    is_known = past is not None and past.units >= KNOWS_DEAR
    rare = RARE if guardrail.metric == "cost_nusd" and not higher and not is_known else None
    plain = _beside(sums, frozen=frozen, shakes=shakes, rare=rare, past=past)
    if plain is None:
        return None
    plain = _turned(plain) if higher else plain
    if not guardrail.relative:
        return [_less(plain, guardrail.margin)], plain
    allowed = 1 - guardrail.margin if higher else 1 + guardrail.margin
    harm = _beside(sums, frozen=frozen, times_control=allowed, shakes=shakes, rare=rare, past=past)
    if harm is None:
        return None
    return [_turned(harm) if higher else harm], plain


def _beside(
    sums: Sequence[tuple[int, ArmSums, ArmSums]],
    *,
    frozen: Mean | None,
    times_control: float = 1.0,
    shakes: bool = False,
    rare: float | None = None,
    past: PastCost | None = None,
) -> Contrast | None:
    if frozen is None:
        shares = of_the_past(shares_of(sums), past)
        return contrast(shaken(shares) if shakes else shares, times_control=times_control, rare=rare)
    return against_frozen(frozen, sums[-1][2], times_control=times_control, shakes=shakes, rare=rare, past=past)


def _turned(one: Contrast) -> Contrast:
    return one.moved(value=-one.value)


def _less(one: Contrast, margin: float) -> Contrast:
    return one.moved(value=one.value - margin)
