"""Guarded rollouts minute by minute, by the product's own decision (shared/burnish_shared/experiments/rollout.py)."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from burnish_shared.contracts.experiments import Rollout, Settings
from burnish_shared.experiments.analysis import Epoch, Memory, analyse
from burnish_shared.experiments.guardrails import USUAL
from burnish_shared.experiments.plan import Plan
from burnish_shared.experiments.rollout import Advance, Finish, Hold, RollBack, Standing, next_move
from burnish_shared.experiments.sums import ArmSums

PLAN = Plan(("control", "candidate"), "satisfaction", "higher", "sequential", Settings(), "execution", "rollout", USUAL, 900)
RAMP = Rollout()
FROM_FIVE = Rollout(steps=[0.05, 0.25, 0.5, 1.0])
"""Where 1 % is left out, so that the step of 5 % is the one that has to see it."""

MINUTE_S = 60
MOST_MINUTES = 60 * 24 * 14


@dataclass(slots=True)
class Ended:
    """How many rollouts ended how, and the median of minutes."""

    how: Counter[str] = field(default_factory=Counter)
    minutes: list[int] = field(default_factory=list)

    @property
    def median_minutes(self) -> float:
        return float(np.median(self.minutes))


def rollouts(
    *,
    change: float,
    runs: int,
    dice: np.random.Generator,
    ramp: Rollout = RAMP,
    a_minute: int = 50,
    satisfied: float = 0.85,
    heard: float = 1.0,
) -> Ended:
    """`change`: of the candidate's satisfaction. `heard`: part of answers that get a reaction. Both arms fail in 1 %, are slow in 3 % and
    cost the same."""
    ended = Ended()
    for _ in range(runs):
        how, minutes = _one(dice, ramp, a_minute=a_minute, rates={"control": satisfied, "candidate": satisfied + change}, heard=heard)
        ended.how[how] += 1
        ended.minutes.append(minutes)
    return ended


def _one(dice: np.random.Generator, ramp: Rollout, *, a_minute: int, rates: dict[str, float], heard: float) -> tuple[str, int]:
    memory, done = Memory(), list[Epoch]()
    step, step_s, held = 0, 0, False
    sums = _nothing()
    for minute in range(1, MOST_MINUTES + 1):
        share = ramp.steps[step]
        of_candidate = int(dice.binomial(a_minute, share))
        for arm, count in (("control", a_minute - of_candidate), ("candidate", of_candidate)):
            if count:
                _answered(dice, sums[arm], count, rate=rates[arm], heard=heard)
        step_s += MINUTE_S
        epochs = [*done, Epoch(step, {"control": 1 - share, "candidate": share}, sums)]
        analysis = analyse(PLAN, epochs, memory)
        memory = analysis.memory
        move = next_move(PLAN, ramp, Standing(step, step_s, sums["candidate"]["success"].units, held), analysis)
        match move:
            case Advance():
                done, sums, step, step_s = epochs, _nothing(), move.step, 0
            case Hold():
                held = True
            case RollBack():
                return f"rolled back at {share:.0%}", minute
            case Finish():
                return "finished", minute
    return "held" if held else "open", minute


def _nothing() -> dict[str, dict[str, ArmSums]]:
    return {arm: {name: ArmSums() for name in ("success", "satisfaction", "slow", "cost_nusd")} for arm in ("control", "candidate")}


def _answered(dice: np.random.Generator, arm: dict[str, ArmSums], count: int, *, rate: float, heard: float) -> None:
    said = count if heard >= 1 else int(dice.binomial(count, heard))
    for name, n, p in (("success", count, 0.99), ("satisfaction", said, rate), ("slow", count, 0.03)):
        arm[name] += _shares(n, int(dice.binomial(n, p)))
    cost = dice.lognormal(13, 0.5, count)
    arm["cost_nusd"] += ArmSums(count, count, float(cost.sum()), count, float((cost * cost).sum()), float(cost.sum()))


def _shares(n: int, good: int) -> ArmSums:
    return ArmSums(n, n, good, n, good, good)
