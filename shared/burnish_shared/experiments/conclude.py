"""Whether an experiment is over, and how. Pure: one analysis in, one of a few results out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from burnish_shared.experiments import sentences
from burnish_shared.experiments.analysis import Analysis, Difference, Epoch
from burnish_shared.experiments.figures import figures
from burnish_shared.experiments.plan import Plan

Outcome = Literal["better", "worse", "no_difference", "not_enough_data", "refused", "rolled_back"]


@dataclass(frozen=True, slots=True)
class GoOn:
    """Nothing is decided. `sentence` says how it stands."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Concluded:
    """It is over. `winner`: the arm that goes on; None where nobody won and things stay as they are."""

    outcome: Outcome
    winner: str | None
    sentence: str


Conclusion = GoOn | Concluded


def conclude(plan: Plan, analysis: Analysis, *, days: float, days_left: Mapping[str, float | None] | None = None) -> Conclusion:
    """`days` it has run; `days_left` by arm, for the sentence.

    A sample ratio that is off refuses everything else: who was counted is then not who was assigned. Harm comes next: a candidate that
    wins by its metric and breaks a guardrail is not rolled out. Of several treatments the one with the largest proven gain wins. One that
    was taken out before it was decided keeps the others waiting no longer: little or nothing comes of it any more.
    """
    left = days_left or {}
    said = {one.arm: sentences.of_difference(one, analysis, plan, days_left=left.get(one.arm)) for one in analysis.differences}
    if not analysis.sample_ratio.is_sound:
        return Concluded("refused", None, sentences.of_sample_ratio(analysis))
    alive = [one for one in analysis.differences if one.state != "harmful"]
    if not alive:
        return Concluded("rolled_back", plan.control, " ".join(said.values()))
    better = [one for one in alive if one.state == "better"]
    if better:
        best = max(better, key=lambda one: plan.sign * (one.value or 0.0))
        doubt = sentences.of_missing(best, analysis, plan)
        if not doubt or _survives(best, plan, analysis):
            return Concluded("better", best.arm, " ".join(filter(None, (said[best.arm], doubt))))
        told = f"Not decided: {sentences.of_the_end(said[best.arm])} But {doubt}"
        # What was planned has come: looking on would be looks that nobody planned.
        return Concluded("not_enough_data", None, told) if best.is_last else _on(plan, days, told)
    left_open = [one for one in alive if one.arm in analysis.taken_out and one.state in ("too_few", "not_yet") and not one.is_last]
    if len(left_open) < len(alive):
        alive = [one for one in alive if one not in left_open]
        said |= {one.arm: sentences.of_taken_out(one) for one in left_open}
    if all(one.state in ("worse", "no_difference") for one in alive):
        is_worse = all(one.state == "worse" for one in alive)
        return Concluded("worse" if is_worse else "no_difference", plan.control, " ".join(said.values()))
    if all(one.is_last for one in alive):
        return Concluded("not_enough_data", None, " ".join(said.values()))
    return _on(plan, days, " ".join(said.values()))


def _on(plan: Plan, days: float, sentence: str) -> Conclusion:
    most = plan.settings.max_days
    if most is not None and days >= most:
        return Concluded("not_enough_data", None, f"{sentence} It ends after {most} days, as was said beforehand.")
    return GoOn(sentence)


def _survives(one: Difference, plan: Plan, analysis: Analysis) -> bool:
    """Whether a gain is one whoever is left out for being heard more (missing_feedback.py). Where that cannot be said, it is not."""
    if analysis.missing is None:
        return True
    low, high = analysis.missing.low[one.arm], analysis.missing.high[one.arm]
    return low is not None and high is not None and min(plan.sign * low, plan.sign * high) > 0


def as_result(plan: Plan, analysis: Analysis, epochs: Sequence[Epoch], *, is_over: bool = False) -> dict[str, Any]:
    """The analysis as JSON: for verdicts and for what a page shows. `epochs`: those that it was made of. `is_over`: nobody goes on."""
    said = {one.arm: sentences.of_difference(one, analysis, plan) for one in analysis.differences}
    return {
        "arms": [asdict(one) for one in analysis.arms],
        "differences": [
            asdict(one)
            | {
                "sentence": sentences.of_the_end(said[one.arm]) if is_over else said[one.arm],
                "missing_feedback": sentences.of_missing(one, analysis, plan),
            }
            for one in analysis.differences
        ],
        "guardrails": [asdict(one) for one in analysis.guardrails],
        "figures": [asdict(one) for one in figures(plan, epochs, analysis.memory, analysis.differences)],
        "sample_ratio": asdict(analysis.sample_ratio) | {"is_sound": analysis.sample_ratio.is_sound},
        "missing_feedback": asdict(analysis.missing) if analysis.missing else None,
        "margin": analysis.margin,
        "is_share": analysis.is_share,
    }


def as_rule(plan: Plan) -> dict[str, Any]:
    """By what it was decided, as JSON."""
    return {
        "method": plan.method,
        "confidence": plan.settings.confidence,
        "alpha": round(plan.alpha, 9),
        "min_samples": plan.settings.min_samples,
        "horizon": plan.horizon,
        "planned_units": plan.settings.planned_units,
        "looks": plan.settings.looks,
        "metric": plan.metric,
        "direction": plan.direction,
        "unit": plan.unit,
        "weighting": plan.weighting,
        "guardrails": [one.model_dump() for one in plan.guardrails],
    } | ({"past_cost": plan.settings.past_cost.model_dump()} if plan.settings.past_cost is not None else {})
