"""A guarded rollout: what the next moment brings. Pure; the same function in the monitor and in `make bench-stats`.

A step lasts at least its bake time and until the candidate has been seen often enough; while a guardrail is in doubt it goes on waiting,
and on proof of harm everything goes back. Nothing here needs a correction for looks but the proof of harm, which is a sequence.
"""

from dataclasses import dataclass
from math import ceil
from typing import Final

from burnish_shared.contracts.experiments import Rollout
from burnish_shared.experiments import sentences
from burnish_shared.experiments.analysis import Analysis
from burnish_shared.experiments.guardrails import GuardrailFinding
from burnish_shared.experiments.plan import Plan

LEAST_UNITS: Final = 30
"""Units of the candidate at a step before the next, where nobody said how many: enough for a fall of 30 points to show at once, and 1 % of
50 answers a minute brings them in an hour."""

PATIENCE: Final = 24
"""Times its bake time, and at least a day: so long a step may be in doubt before somebody is asked."""

DAY_S: Final = 86_400
MINUTE_S: Final = 60


@dataclass(frozen=True, slots=True)
class Wait:
    """The step goes on, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Advance:
    """The candidate gets the share of this step."""

    step: int
    share: float
    why: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Somebody has to say what comes next; guardrails are watched meanwhile."""

    why: str


@dataclass(frozen=True, slots=True)
class RollBack:
    """Everybody gets the control again."""

    why: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The candidate has held at the last step: the label moves."""

    why: str


Move = Wait | Advance | Hold | RollBack | Finish


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a rollout is. `step_s`: seconds in this step without pauses. `step_units`: units of the candidate seen in this step. `is_held`:
    it waits for somebody already."""

    step: int
    step_s: float
    step_units: int
    is_held: bool = False


def next_move(plan: Plan, rollout: Rollout, standing: Standing, analysis: Analysis) -> Move:
    """The candidate is the one treatment of the plan."""
    harm = _harm(plan, analysis)
    if harm:
        return RollBack(harm)
    if not analysis.sample_ratio.is_sound:
        return Hold(sentences.of_sample_ratio(analysis))
    if standing.is_held:
        return Wait("Somebody has to say what comes next.")
    if standing.step_s < rollout.bake_s:
        return Wait(f"Bakes for another {_span(rollout.bake_s - standing.step_s)}.")
    least = rollout.min_units or LEAST_UNITS
    if standing.step_units < least:
        return _patient(rollout, standing, f"{standing.step_units:,} of {least:,} units of the candidate have been seen at this step.")
    doubts = [one for one in analysis.guardrails if one.state in ("doubt", "no_data") and _can_be_known(one)]
    if doubts:
        return _patient(rollout, standing, " ".join(_doubt(one) for one in doubts))
    last = standing.step + 1 >= len(rollout.steps)
    if last:
        return Finish(_done(analysis))
    if not rollout.advances:
        return Hold(f"Ready for {rollout.steps[standing.step + 1]:.0%}; it was asked that somebody says so.")
    return Advance(standing.step + 1, rollout.steps[standing.step + 1], "No guardrail is in doubt.")


def _harm(plan: Plan, analysis: Analysis) -> str:
    """Proof that a guardrail is broken, or that the candidate is worse by the metric it was made for."""
    broken = [sentences.of_harm(one) for one in analysis.guardrails if one.state == "harm"]
    worse = [sentences.of_difference(one, analysis, plan) for one in analysis.differences if one.state == "worse"]
    return sentences.of_the_end(" ".join(broken or worse))


def _can_be_known(one: GuardrailFinding) -> bool:
    """Nobody waits for a figure that nobody gives: no reactions to the control either."""
    return one.state == "doubt" or one.units > 0


def _doubt(one: GuardrailFinding) -> str:
    name = sentences.name_of(one.metric)
    if one.state == "no_data":
        return f"Too little is known of {name}: {one.units:,} units."
    return f"It may be that {name} got worse; more is waited for."


def _patient(rollout: Rollout, standing: Standing, why: str) -> Move:
    if standing.step_s > max(PATIENCE * rollout.bake_s, DAY_S):
        return Hold(f"{why} It has been so for {standing.step_s / DAY_S:.1f} days: somebody has to say whether it goes on.")
    return Wait(why)


def _span(seconds: float) -> str:
    """ "40 seconds", "a minute", "12 minutes"."""
    if seconds < MINUTE_S:
        return "second" if seconds <= 1 else f"{ceil(seconds)} seconds"
    minutes = round(seconds / MINUTE_S)
    return "minute" if minutes == 1 else f"{minutes} minutes"


def _done(analysis: Analysis) -> str:
    """What could not be known was not held either, and is named."""
    frozen = any(one.against == "baseline" for one in analysis.guardrails)
    said = " At 100% there is no control any more: it was held against what the control was before." if frozen else ""
    unseen = [sentences.name_of(one.metric) for one in analysis.guardrails if not _can_be_known(one)]
    left = f" Of {' and '.join(unseen)} nothing could be known." if unseen else ""
    return f"The candidate held at every step; no guardrail was broken.{said}{left}"
