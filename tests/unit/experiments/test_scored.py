"""The score of an evaluator beside the metric that decides, and as a guardrail: by the same sums and the same sequences as all others."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from burnish_shared.contracts.experiments import Guardrail, Settings
from burnish_shared.experiments.analysis import FRESH, Epoch, analyse
from burnish_shared.experiments.conclude import Concluded, GoOn, conclude
from burnish_shared.experiments.figures import figures
from burnish_shared.experiments.plan import Plan
from burnish_shared.experiments.scored import Scored, scored_of
from burnish_shared.experiments.sums import ArmSums

pytestmark = [pytest.mark.promise("O-10"), pytest.mark.capability("X1", "X3")]

EVALUATOR = UUID(int=7)
METRIC = Scored(EVALUATOR, 2).metric


def sums(scores: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> ArmSums:
    n, total, squares = len(scores), float(scores.sum()), float((scores * scores).sum())
    return ArmSums(n, n, total, n, squares, total)


def epochs(control: float, treatment: float, *, n: int = 800, seed: int = 1) -> list[Epoch]:
    dice = np.random.default_rng(seed)
    drawn = {arm: sums(dice.beta(20 * mean, 20 * (1 - mean), n)) for arm, mean in (("a", control), ("b", treatment))}
    whole = ArmSums(n, n, n, n, n, n)
    return [Epoch(1, {"a": 0.5, "b": 0.5}, {arm: {"success": whole, METRIC: one} for arm, one in drawn.items()})]


def plan(*guardrails: Guardrail) -> Plan:
    return Plan(("a", "b"), "satisfaction", "higher", "sequential", Settings(), unit="execution", kind="rollout", guardrails=guardrails)


def test_a_metric_names_an_evaluator_and_its_version() -> None:
    assert scored_of(METRIC) == Scored(EVALUATOR, 2) and scored_of(f"evaluator:{EVALUATOR}") == Scored(EVALUATOR)
    assert [scored_of(one) for one in ("satisfaction", "evaluator:x", f"evaluator:{EVALUATOR}@0", f"evaluator:{EVALUATOR}@1x")] == [
        None
    ] * 4


def test_scores_are_told_of_each_arm_and_of_the_difference() -> None:
    seen = epochs(0.8, 0.7)
    found = next(one for one in figures(plan(), seen, FRESH, ()) if one.metric == METRIC)
    assert (found.role, found.kind, found.better) == ("told", "share", "higher")
    control, treatment = found.arms
    assert control.value == pytest.approx(0.8, abs=0.01) and treatment.value == pytest.approx(0.7, abs=0.01)
    assert control.low is not None and control.high is not None and control.low < 0.8 < control.high
    (one,) = found.differences
    assert one.low is not None and one.high is not None and one.low < -0.1 < one.high < 0
    assert all(one.metric != METRIC for one in figures(plan(), [Epoch(1, {"a": 0.5, "b": 0.5}, {})], FRESH, ()))


@pytest.mark.parametrize(("treatment", "state"), [(0.6, "harm"), (0.78, "ok")])
def test_a_mean_score_that_falls_by_more_than_allowed_is_harm(treatment: float, state: str) -> None:
    rule = Guardrail(metric=METRIC, margin=0.05, direction="higher")
    analysis = analyse(plan(rule), epochs(0.8, treatment))
    (found,) = analysis.guardrails
    assert (found.metric, found.state, found.units) == (METRIC, state, 800)
    standing = conclude(plan(rule), analysis, days=1)
    if state == "harm":
        assert isinstance(standing, Concluded) and "the score of an evaluator" in standing.sentence


@pytest.mark.parametrize(("treatment", "state"), [(0.7, "harm"), (0.8, "doubt"), (0.85, "ok")])
def test_a_mean_score_below_what_is_asked_for_is_harm_whatever_the_control_has(treatment: float, state: str) -> None:
    rule = Guardrail(metric=METRIC, margin=1.0, direction="higher", least=0.8)
    analysis = analyse(plan(rule), epochs(0.5, treatment, n=400))
    (found,) = analysis.guardrails
    assert (found.state, found.least) == (state, 0.8) and found.control == pytest.approx(0.5, abs=0.02), found
    assert found.treatment == pytest.approx(treatment, abs=0.02)
    standing = conclude(plan(rule), analysis, days=1)
    if state == "harm":
        assert isinstance(standing, Concluded) and "the score of an evaluator is 0.7" in standing.sentence, standing
        assert "at least 0.8 is asked for" in standing.sentence


def test_a_candidate_just_at_the_least_score_is_taken_back_in_no_more_than_alpha_however_often_one_looks() -> None:
    rule, harmed = Guardrail(metric=METRIC, margin=1.0, direction="higher", least=0.8, alpha=0.05), 0
    whole = ArmSums(500, 500, 500, 500, 500, 500)
    for seed in range(300):
        drawn = np.random.default_rng(seed).beta(16, 4, 500)
        arms = ({arm: {"success": whole, METRIC: sums(drawn[:n])} for arm in ("a", "b")} for n in range(50, 501, 50))
        harmed += any(analyse(plan(rule), [Epoch(1, {"a": 0.5, "b": 0.5}, one)]).guardrails[0].state == "harm" for one in arms)
    assert harmed <= 300 * 0.05 + 3 * (300 * 0.05 * 0.95) ** 0.5


def test_an_evaluator_that_scored_nothing_holds_nothing_against_an_arm() -> None:
    rule = Guardrail(metric=METRIC, margin=0.05, direction="higher")
    whole = ArmSums(50, 50, 50, 50, 50, 50)
    (found,) = analyse(plan(rule), [Epoch(1, {"a": 0.5, "b": 0.5}, {arm: {"success": whole} for arm in ("a", "b")})]).guardrails
    assert found.state == "no_data"


def test_what_an_arm_may_not_fall_below_is_told_before_it_has_scores() -> None:
    rule = Guardrail(metric=METRIC, margin=1.0, direction="higher", least=0.8)
    whole = ArmSums(50, 50, 50, 50, 50, 50)
    (found,) = analyse(plan(rule), [Epoch(1, {"a": 0.5, "b": 0.5}, {arm: {"success": whole} for arm in ("a", "b")})]).guardrails
    assert (found.state, found.least) == ("no_data", 0.8)


def test_equal_scores_are_called_harm_in_no_more_than_alpha_however_often_one_looks() -> None:
    """Ten looks at 300 experiments of equal arms, without any margin."""
    rule = Guardrail(metric=METRIC, margin=0.0, direction="higher", alpha=0.05)
    harmed = 0
    for seed in range(300):
        dice = np.random.default_rng(seed)
        arms = {arm: dice.beta(16, 4, 500) for arm in ("a", "b")}
        whole = ArmSums(500, 500, 500, 500, 500, 500)
        looks = [
            analyse(
                plan(rule),
                [Epoch(1, {"a": 0.5, "b": 0.5}, {arm: {"success": whole, METRIC: sums(drawn[:n])} for arm, drawn in arms.items()})],
            )
            for n in range(50, 501, 50)
        ]
        harmed += any(look.guardrails[0].state == "harm" for look in looks)
    assert harmed <= 300 * 0.05 + 3 * (300 * 0.05 * 0.95) ** 0.5


def decided_by_scores(**settings: Any) -> Plan:
    return Plan(("a", "b"), METRIC, "higher", "sequential", Settings(**settings), unit="execution")


def scored_part(rates: Mapping[str, float], means: Mapping[str, float], *, n: int, seed: int) -> list[Epoch]:
    """`n` answers of each arm, of which a part has a score."""
    dice = np.random.default_rng(seed)
    whole = ArmSums(n, n, n, n, n, n)
    drawn = {arm: sums(dice.beta(20 * mean, 20 * (1 - mean), round(n * rates[arm]))) for arm, mean in means.items()}
    return [Epoch(1, {"a": 0.5, "b": 0.5}, {arm: {"success": whole, METRIC: one} for arm, one in drawn.items()})]


def test_scores_decide_an_experiment_and_it_says_of_how_many_answers() -> None:
    plan = decided_by_scores()
    analysis = analyse(plan, scored_part({"a": 0.2, "b": 0.2}, {"a": 0.7, "b": 0.8}, n=2_000, seed=1))
    found = conclude(plan, analysis, days=1)
    assert isinstance(found, Concluded) and (found.outcome, found.winner) == ("better", "b")
    assert "points" in found.sentence and "800 of 4,000 answers scored" in found.sentence
    assert analysis.is_share and analysis.missing is not None and not any(analysis.missing.differs.values())
    worse = conclude(plan, analyse(plan, scored_part({"a": 0.2, "b": 0.2}, {"a": 0.8, "b": 0.7}, n=2_000, seed=1)), days=1)
    assert isinstance(worse, Concluded) and (worse.outcome, worse.winner) == ("worse", "a")


def test_until_enough_answers_are_scored_nothing_is_said() -> None:
    """However many were answered: only those with a score count."""
    plan = decided_by_scores(min_samples=100)
    analysis = analyse(plan, scored_part({"a": 0.04, "b": 0.04}, {"a": 0.2, "b": 0.9}, n=2_000, seed=2))
    found = conclude(plan, analysis, days=1)
    assert isinstance(found, GoOn)
    assert found.sentence.startswith("Too few to say anything: 80 executions with a score of the 100 that each arm needs")
    nothing = conclude(plan, analyse(plan, scored_part({"a": 0.0, "b": 0.0}, {"a": 0.2, "b": 0.9}, n=2_000, seed=2)), days=1)
    assert isinstance(nothing, GoOn) and "0 executions with a score" in nothing.sentence


def test_a_gain_that_may_be_who_was_scored_is_none() -> None:
    """Half of the treatment's answers failed, or had no score; those that are left are no better than the control's best half."""
    plan = decided_by_scores()
    found = conclude(plan, analyse(plan, scored_part({"a": 1.0, "b": 0.5}, {"a": 0.7, "b": 0.75}, n=2_000, seed=3)), days=1)
    assert isinstance(found, GoOn), found
    assert "has scores of 50% of its units and the control of 100%" in found.sentence


def test_equal_arms_are_told_apart_by_scores_in_no_more_than_alpha_however_often_one_looks() -> None:
    """Ten looks at 300 experiments; scores of which most are 1."""
    plan, wrong = decided_by_scores(min_samples=50), 0
    whole = ArmSums(500, 500, 500, 500, 500, 500)
    for seed in range(300):
        dice = np.random.default_rng(seed)
        arms = {arm: np.where(dice.random(500) < 0.7, 1.0, dice.random(500)) for arm in ("a", "b")}
        for n in range(50, 501, 50):
            drawn = {arm: {"success": whole, METRIC: sums(one[:n])} for arm, one in arms.items()}
            found = conclude(plan, analyse(plan, [Epoch(1, {"a": 0.5, "b": 0.5}, drawn)]), days=1)
            if isinstance(found, Concluded) and found.outcome in ("better", "worse"):
                wrong += 1
                break
    assert wrong <= 300 * 0.05 + 3 * (300 * 0.05 * 0.95) ** 0.5
