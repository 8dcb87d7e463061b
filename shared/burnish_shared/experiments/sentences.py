"""What was found, as a person would say it. Figures as in the analysis, in points where they are shares."""

from collections.abc import Mapping
from math import isclose
from typing import Final

from burnish_shared.experiments.analysis import Analysis, Difference
from burnish_shared.experiments.contrast import AS_GOOD_AS_EQUAL
from burnish_shared.experiments.guardrails import GuardrailFinding
from burnish_shared.experiments.plan import Plan
from burnish_shared.experiments.scored import is_scored
from burnish_shared.relative_change import relative_change

NAMES: Final[Mapping[str, str]] = {
    "success": "answers that succeed",
    "satisfaction": "satisfaction",
    "latency_ms": "latency",
    "cost_nusd": "cost",
    "error_rate": "errors",
    "latency_p95_ms": "slow answers",
}
DECIDING: Final[Mapping[str, str]] = {"latency_p95_ms": "latency at the 95th percentile"}
"""What decides is a percentile in ms; the guardrail of the same name is the share of slow answers."""

FOR_P95: Final = 220
"""Answers of an arm beyond whose 95th percentile there are enough to say how far it may lie (quantiles.py)."""

YOU_MAY_STOP: Final = "; you may stop."
"""How what is proven of an experiment that goes on ends. A verdict of one that is over says nothing of stopping: `of_the_end`."""

UNITS: Final[Mapping[str, tuple[str, str]]] = {
    "end_user": ("end user", "end users"),
    "session": ("session", "sessions"),
    "execution": ("execution", "executions"),
}


def of_difference(one: Difference, analysis: Analysis, plan: Plan, *, days_left: float | None = None) -> str:
    """One treatment, in one or two sentences."""
    name = _arm(one.arm)
    after = _counted(analysis, plan)
    match one.state:
        case "harmful":
            return of_harm(next(g for g in analysis.guardrails if g.arm == one.arm and g.state == "harm"))
        case "too_few":
            fewest = min(one.units, one.control_units)
            least = plan.settings.min_samples
            if fewest >= least:  # and no interval all the same
                seen = _people(one.units + one.control_units, plan)
                if plan.is_of_quantile:
                    return (
                        f"Too few answers for a 95th percentile: {seen} seen, and each arm needs about {FOR_P95} answers{_left(days_left)}."
                    )
                return f"{_constant(one, analysis, plan)}: {seen} seen."
            return (
                f"Too few to say anything: {_people(fewest, plan)}{_scored(plan)} of the {least:,} that each arm needs{_left(days_left)}."
            )
        case "better":
            return f"{name} is better: {_interval(one, analysis, plan)}; {after}{YOU_MAY_STOP}"
        case "worse":
            return f"{name} is worse: {_interval(one, analysis, plan)}; {after}{YOU_MAY_STOP}"
        case "no_difference":
            margin = _size(analysis.margin, one, analysis, plan)
            return f"No difference that matters: {_interval(one, analysis, plan)}, within ±{margin}; {after}{YOU_MAY_STOP}"
    if one.is_last:
        return f"No difference was found: {_interval(one, analysis, plan)}; {after}. What was planned has been seen."
    if one.is_constant:
        seen, sure = _constant(one, analysis, plan), _sure(one, analysis, plan)
        return f"{seen}. A rare one may still differ, so that it is {sure}; {after}{_left(days_left)}."
    return f"Not decided yet: {_interval(one, analysis, plan)}; {after}{_left(days_left)}."


def name_of(metric: str) -> str:
    """In the middle of a sentence."""
    return "the score of an evaluator" if is_scored(metric) else NAMES.get(metric, metric.removeprefix("metric:"))


def of_the_end(said: str) -> str:
    """What was said of an experiment that went on, once it is over: one sentence or several."""
    return said.replace(YOU_MAY_STOP, ".")


def _constant(one: Difference, analysis: Analysis, plan: Plan) -> str:
    """What is known where nothing varies inside an arm: what was seen, exactly."""
    means = {arm.arm: arm.value for arm in analysis.arms}
    control, treatment = means[plan.control], means[one.arm]
    name = name_of(plan.metric)
    if control is None or treatment is None or not one.is_constant:  # not from epoch to epoch either, or means of all hide who had which
        return "Nothing varies inside an arm, so no difference can be proven yet"
    if isclose(control, treatment, rel_tol=AS_GOOD_AS_EQUAL):
        return f"Not decided yet: {name} is exactly the same in each answer of {_arm(plan.control)} and {_arm(one.arm)} so far"
    change = _percent((treatment - control) / abs(control)) if control else f"{treatment - control:+.3g}".replace("-", "−")
    return f"Not decided yet: {name} never varied inside an arm, and {_arm(one.arm)} has exactly {change} so far"


def of_taken_out(one: Difference) -> str:
    """A treatment that was taken out before anything could be said of it."""
    return f"{_arm(one.arm)} gets nobody any more, and was not decided."


def of_sample_ratio(analysis: Analysis) -> str:
    ratio = analysis.sample_ratio
    whole, planned = sum(ratio.units.values()), sum(ratio.planned.values())
    came = ", ".join(f"{_arm(arm)} {count:,}" for arm, count in ratio.units.items())
    wanted = ", ".join(f"{_arm(arm)} {whole * share / planned:,.0f}" for arm, share in ratio.planned.items())
    return (
        f"No verdict: {came} came, where {wanted} were to come (odds of {min(ratio.evidence, 1e9):,.0f} to 1 against chance)."
        " Something sends units to the wrong arm or loses them; find it and start anew."
    )


def of_missing(one: Difference, analysis: Analysis, plan: Plan) -> str:
    missing = analysis.missing
    if missing is None or not missing.differs.get(one.arm):
        return ""
    low, high = missing.low[one.arm], missing.high[one.arm]
    heard = missing.units_heard
    if is_scored(plan.metric):
        told = f"{_arm(one.arm)} has scores of {heard[one.arm]:.0%} of its units and the control of {next(iter(heard.values())):.0%}"
        who, both = "was scored", "have one in either"
    else:
        told = f"{_arm(one.arm)} was heard from {heard[one.arm]:.0%} of its units and the control from {next(iter(heard.values())):.0%}"
        who, both = "reacted", "react to either"
    if low is None or high is None:
        return f"{told}: part of the difference may be who {who}."
    return f"{told}: among those who would {both}, the difference is between {_points(low)} and {_points(high)}."


def of_harm(one: GuardrailFinding) -> str:
    name = name_of(one.metric)
    beside = "the control" if one.against == "control" else "what the control was (nobody is in it any more)"
    if one.least is not None:
        moved = f"{name} is {one.treatment or 0:.3g}, at least {one.least:.3g} is asked for"
    elif one.metric == "latency_p95_ms":
        moved = f"{one.treatment or 0:.1%} of answers are slower than allowed, {one.control or 0:.1%} at {beside}"
    elif one.relative and one.control:
        moved = f"{name} {_percent((one.treatment or 0) / one.control - 1)} beside {beside}, at most {one.margin:.0%} is allowed"
    elif one.metric in ("error_rate", "satisfaction"):
        change = (one.treatment or 0) - (one.control or 0)
        allowed = f"at most {100 * one.margin:.3g} are" if not one.relative else f"which had none, and at most {one.margin:.0%} more is"
        moved = f"{name} {_points(change)} points beside {beside}, {allowed} allowed"
    else:
        moved = f"{name} {(one.treatment or 0) - (one.control or 0):+.3g} beside {beside}, at most {one.margin:.3g} is allowed"
    return f"{_arm(one.arm)} does harm: {moved}; proven after {one.units:,} of its units."


def _interval(one: Difference, analysis: Analysis, plan: Plan) -> str:
    return f"{_change(one.value, one, analysis, plan)}, {_sure(one, analysis, plan)}"


def _sure(one: Difference, analysis: Analysis, plan: Plan) -> str:
    low, high = _bare(one.low, one, analysis, plan), _bare(one.high, one, analysis, plan)
    return f"{100 * (1 - plan.alpha):.3g}% sure between {low} and {high}"


def _change(value: float | None, one: Difference, analysis: Analysis, plan: Plan) -> str:
    number = _bare(value, one, analysis, plan)
    if analysis.is_share:
        return f"{number} points"
    return f"{number} {DECIDING.get(plan.metric) or name_of(plan.metric)}"


def _bare(value: float | None, one: Difference, analysis: Analysis, plan: Plan) -> str:
    value = value or 0.0
    if analysis.is_share:
        return _points(value)
    if plan.metric in ("latency_ms", "latency_p95_ms"):
        return f"{value:+,.0f} ms".replace("-", "−")
    return _percent(value / abs(one.control)) if one.control else f"{value:+.3g}".replace("-", "−")


def _size(value: float | None, one: Difference, analysis: Analysis, plan: Plan) -> str:
    return _bare(value, one, analysis, plan).lstrip("+") + (" points" if analysis.is_share else "")


def _points(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")


def _percent(ratio: float) -> str:
    return relative_change(ratio, digits=1)


def _scored(plan: Plan) -> str:
    return " with a score" if is_scored(plan.metric) else ""


def _counted(analysis: Analysis, plan: Plan) -> str:
    """Of scores, which are drawn by a sample, also of how many answers."""
    seen = analysis.observations
    if is_scored(plan.metric):
        return f"{seen:,} of {sum(one.calls for one in analysis.arms):,} answers scored"
    return f"{seen:,} answer{'' if seen == 1 else 's'}"


def _people(count: int, plan: Plan) -> str:
    one, many = UNITS[plan.unit]
    return f"{count:,} {one if count == 1 else many}"


def _left(days: float | None) -> str:
    if days is None:
        return ""
    if days < 1 / 24:
        return "; less than an hour left"
    if days >= 2:
        return f"; about {days:.0f} days left"
    hours = round(24 * days)
    return f"; about {hours} hour{'' if hours == 1 else 's'} left"


def _arm(name: str) -> str:
    return name.upper() if len(name) == 1 else f"'{name}'"
