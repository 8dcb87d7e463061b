"""Experiments that decide by a cost of which rare dear calls make up much (decision 85)."""

from dataclasses import replace

import numpy as np
import pytest

from burnish_shared.contracts.experiments import Guardrail, PastCost, Settings
from burnish_shared.experiments.analysis import Epoch, analyse
from burnish_shared.experiments.conclude import GoOn, conclude
from burnish_shared.experiments.contrast import KNOWS_DEAR
from burnish_shared.experiments.plan import Plan
from burnish_shared.experiments.sums import ArmSums, mean_of

pytestmark = pytest.mark.capability("X2")

PLAN = Plan(("a", "b"), "cost_nusd", "lower", "sequential", Settings())
RUNS, UNITS, EVERY = 60, 1_500, 30


def costs(dice: np.random.Generator, n: int, *, often: float, dear: float) -> np.ndarray:
    return np.where(dice.random(n) < often, dear, 1.0) * (1 + 0.3 * dice.standard_normal(n).clip(-3, 3))


def known(spent: np.ndarray) -> ArmSums:
    n, y = len(spent), float(spent.sum())
    return ArmSums(n, n, y, n, float((spent**2).sum()), y)


def past_of(spent: np.ndarray) -> PastCost:
    return PastCost(part=float(spent.var() / spent.mean() ** 2), units=len(spent))


def of_people(spent: np.ndarray, *, calls: int) -> ArmSums:
    """Of units that had so many calls each."""
    y = spent.reshape(-1, calls).sum(axis=1)
    n = len(y)
    return ArmSums(n, n * calls, float(y.sum()), n * calls**2, float((y**2).sum()), float(calls * y.sum()))


def looks(dice: np.random.Generator, plan: Plan, *, often: float, dear: float) -> bool:
    """Whether two arms of one mean are ever told apart: calls of the control are rarely dear, those of the candidate never."""
    control = costs(dice, UNITS, often=often, dear=dear)
    candidate = costs(dice, UNITS, often=0.0, dear=1.0) * (1 + often * (dear - 1))
    for n in range(120, UNITS + 1, EVERY):
        found = analyse(plan, [of(control[:n], candidate[:n])])
        if found.differences[0].state in ("better", "worse"):
            return True
    return False


def of(control: np.ndarray, candidate: np.ndarray) -> Epoch:
    return Epoch(1, {"a": 0.5, "b": 0.5}, {"a": {"cost_nusd": known(control)}, "b": {"cost_nusd": known(candidate)}})


@pytest.mark.parametrize(("often", "dear"), [(0.05, 10.0), (0.01, 20.0), (0.005, 50.0)])
def test_arms_that_cost_the_same_are_hardly_told_apart_where_dear_calls_are_rare(often: float, dear: float) -> None:
    dice = np.random.default_rng(11)
    past = past_of(costs(dice, 5_000, often=often, dear=dear))
    plan = replace(PLAN, settings=Settings(past_cost=past))
    assert sum(looks(dice, plan, often=often, dear=dear) for _ in range(RUNS)) <= 3


def test_people_who_had_many_calls_before_and_few_until_now_are_taken_to_vary_by_their_calls() -> None:
    """What many calls of somebody cost evens out: of few it varies more, and a dear one among them was not seen yet."""
    dice, often, dear = np.random.default_rng(15), 0.005, 50.0
    before = of_people(costs(dice, 250_000, often=often, dear=dear), calls=50)
    mean = mean_of(before)
    assert mean is not None
    past = PastCost(part=mean.variance / mean.value**2, units=mean.units, size=mean.size)
    plan, told = replace(PLAN, settings=Settings(past_cost=past)), 0
    for _ in range(RUNS):
        control = costs(dice, 3 * UNITS, often=often, dear=dear)
        candidate = costs(dice, 3 * UNITS, often=0.0, dear=1.0) * (1 + often * (dear - 1))
        for n in range(120, UNITS + 1, EVERY):
            sums = {"a": {"cost_nusd": of_people(control[: 3 * n], calls=3)}, "b": {"cost_nusd": of_people(candidate[: 3 * n], calls=3)}}
            if analyse(plan, [Epoch(1, {"a": 0.5, "b": 0.5}, sums)]).differences[0].state in ("better", "worse"):
                told += 1
                break
    assert told <= 3


def test_of_an_unknown_past_dear_calls_are_counted_in() -> None:
    dice = np.random.default_rng(12)
    assert sum(looks(dice, PLAN, often=0.01, dear=15.0) for _ in range(RUNS)) <= 3


def test_a_past_without_dear_calls_costs_no_units() -> None:
    dice = np.random.default_rng(13)
    control, candidate = (costs(dice, 500, often=0.0, dear=1.0) * each for each in (1.0, 1.1))
    past = past_of(costs(dice, KNOWS_DEAR, often=0.0, dear=1.0))
    told = analyse(replace(PLAN, settings=Settings(past_cost=past)), [of(control, candidate)]).differences[0]
    unknown = analyse(PLAN, [of(control, candidate)]).differences[0]
    few = analyse(replace(PLAN, settings=Settings(past_cost=replace_units(past, KNOWS_DEAR - 1))), [of(control, candidate)]).differences[0]
    assert told.state == "worse" and told.error is not None and unknown.error is not None
    assert unknown.state == few.state == "not_yet" and unknown.error > 1.5 * told.error


def harmed(dice: np.random.Generator, plan: Plan, *, often: float, dear: float, times: float = 1.0) -> int | None:
    """Units in each arm when a candidate that always costs `times` the control's mean is called harmful; None: never."""
    control = costs(dice, UNITS, often=often, dear=dear)
    candidate = costs(dice, UNITS, often=0.0, dear=1.0) * (1 + often * (dear - 1)) * times
    for n in range(30, UNITS + 1, EVERY):
        if analyse(plan, [of(control[:n], candidate[:n])]).guardrails[0].state == "harm":
            return n
    return None


def guarding(margin: float, past: PastCost | None) -> Plan:
    guardrail = Guardrail(metric="cost_nusd", margin=margin, relative=True)
    return replace(PLAN, metric="success", direction="higher", guardrails=(guardrail,), settings=Settings(past_cost=past))


@pytest.mark.parametrize(("often", "dear"), [(0.01, 20.0), (0.005, 50.0), (0.002, 100.0)])
def test_a_guardrail_takes_no_candidate_back_for_calls_that_the_control_had_before(often: float, dear: float) -> None:
    """The candidate stands at the very edge, and the control's dear calls did not come yet."""
    dice = np.random.default_rng(21)
    plan = guarding(0.0, past_of(costs(dice, 5_000, often=often, dear=dear)))
    assert sum(harmed(dice, plan, often=often, dear=dear) is not None for _ in range(RUNS)) <= 5


def test_a_guardrail_that_knows_the_past_sees_a_cost_that_is_too_high_with_a_third_of_the_units() -> None:
    dice = np.random.default_rng(22)
    past = past_of(costs(dice, KNOWS_DEAR, often=0.0, dear=1.0))
    knows, guesses = (harmed(dice, guarding(0.2, one), often=0.0, dear=1.0, times=2.0) for one in (past, None))
    assert knows is not None and guesses is not None and 3 * knows <= guesses


def replace_units(past: PastCost, units: int) -> PastCost:
    return past.model_copy(update={"units": units})


def test_nothing_can_be_saved_beyond_all_of_the_cost() -> None:
    dice = np.random.default_rng(14)
    control, candidate = costs(dice, 130, often=0.03, dear=40.0), costs(dice, 130, often=0.03, dear=40.0) * 0.2
    found = analyse(PLAN, [of(control, candidate)])
    one = found.differences[0]
    assert one.low == -one.control and one.value is not None and one.low < one.value
    said = conclude(PLAN, found, days=1)
    assert isinstance(said, GoOn) and "95% sure between −100.0% and" in said.sentence
