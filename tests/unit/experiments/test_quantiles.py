"""Percentiles of latency as figures that decide: how often equal arms are called different, and how often different ones are found."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from burnish_shared.contracts.experiments import Guardrail, Settings
from burnish_shared.experiments.analysis import Analysis, Epoch, Memory, analyse
from burnish_shared.experiments.contrast import contrast, influence
from burnish_shared.experiments.figures import figures
from burnish_shared.experiments.plan import Plan
from burnish_shared.experiments.quantiles import Percentile, course_of, percentile_of, quantile_shares, reach_of, stretches
from burnish_shared.experiments.sums import ArmSums

pytestmark = [pytest.mark.promise("O-10"), pytest.mark.capability("X2")]

Floats = npt.NDArray[np.floating[Any]]
Draw = Callable[[np.random.Generator, str, int], tuple[Floats, npt.NDArray[np.int64]]]
"""(dice, arm, new units) → latencies, and of which of the new units each is."""

PLAN = Plan(("a", "b"), "latency_p95_ms", "lower", "sequential", Settings())
SHARES = np.linspace(0.8, 0.9995, 400)


def sums_of(x: Floats, y: Floats) -> ArmSums:
    return ArmSums(len(x), float(x.sum()), float(y.sum()), float((x * x).sum()), float((y * y).sum()), float((x * y).sum()))


def answers_of(units: npt.NDArray[np.int64]) -> Floats:
    """How many of each unit that gave any."""
    counts = np.bincount(units)
    return counts[counts > 0].astype(float)


def reading(latencies: Floats, units: npt.NDArray[np.int64], arm: str, *, reach: float, epoch: int = 1) -> Percentile | None:
    """As the optimizer's store reads it."""
    counts = np.bincount(units)
    y = np.bincount(units, weights=(latencies <= np.quantile(latencies, 0.95)).astype(float))[counts > 0]
    x = counts[counts > 0].astype(float)
    course = list(zip(SHARES.tolist(), np.quantile(latencies, SHARES).tolist(), strict=True))
    return percentile_of("latency_p95_ms", epoch, arm, course=course, sums=sums_of(x, y), reach=reach)


def looked(plan: Plan, arms: dict[str, tuple[Floats, npt.NDArray[np.int64]]], share: float) -> Analysis:
    answers = {arm: answers_of(units) for arm, (_, units) in arms.items()}
    counts = {arm: len(x) for arm, x in answers.items()}
    reach = reach_of([(counts["a"], counts["b"])], alpha=plan.alpha, horizon=plan.horizon)
    read = [one for arm, (latencies, units) in arms.items() if (one := reading(latencies, units, arm, reach=reach)) is not None]
    whole = [replace(one, epoch=0) for one in read]  # There is one epoch, so all together are the same.
    sums = {arm: {"success": sums_of(x, x), "latency_ms": sums_of(x, x)} for arm, x in answers.items()}
    return analyse(plan, [Epoch(1, {"a": 1 - share, "b": share}, sums)], Memory(percentiles=(*whole, *read)))


def test_counted_latencies_give_the_percentiles_of_each_one() -> None:
    dice = np.random.default_rng(63)
    for n in (1, 2, 3, 400):
        latencies = np.round(dice.lognormal(4, 1, n)).astype(int)
        values, counts = np.unique(latencies, return_counts=True)
        course = course_of(dict(zip(values.tolist(), counts.tolist(), strict=True)), SHARES.tolist())
        assert [share for share, _ in course] == SHARES.tolist()
        assert [value for _, value in course] == pytest.approx(np.quantile(latencies, SHARES).tolist())


def lived(seed: int, draw: Draw, *, share: float = 0.5, most: int = 3_000, plan: Plan = PLAN) -> str:
    """Looked at whenever there are a fifth more, until it is decided: "better", "worse" or "none"."""
    dice, n = np.random.default_rng([63, seed]), 200
    arms = {arm: (np.empty(0), np.empty(0, np.int64)) for arm in "ab"}
    while n <= most:
        for arm, part in (("a", 1 - share), ("b", share)):
            old, units = arms[arm]
            known = int(units.max()) + 1 if len(units) else 0
            new, of = draw(dice, arm, round(n * part) - known)
            arms[arm] = np.concatenate([old, np.round(new)]), np.concatenate([units, of + known])
        found = looked(plan, arms, share).differences[0]
        if found.state in ("better", "worse"):
            return found.state
        n = round(1.2 * n)
    return "none"


def lognormal(*, slower: float = 1.0, of_unit: float = 0.0, answers: int = 1) -> Draw:
    """`slower`: how many times as slow the candidate is. `of_unit`: how unlike units are; each gives `answers` on average."""

    def draw(dice: np.random.Generator, arm: str, n: int) -> tuple[Floats, npt.NDArray[np.int64]]:
        of = np.repeat(np.arange(n), dice.poisson(answers - 1, n) + 1)
        logs = 6.5 + dice.normal(0, of_unit, n)[of] + dice.normal(0, 0.6, len(of))
        return np.exp(logs) * (slower if arm == "b" else 1.0), of

    return draw


def jumps(part: float) -> Draw:
    """So large a part takes 100 ms, and the rest 200: nothing lies between."""

    def draw(dice: np.random.Generator, arm: str, n: int) -> tuple[Floats, npt.NDArray[np.int64]]:
        return np.where(dice.random(n) < part, 100.0, 200.0), np.arange(n)

    return draw


@pytest.mark.parametrize(
    ("draw", "share"),
    [
        (lognormal(), 0.5),
        (lognormal(), 0.1),
        (lognormal(of_unit=0.5, answers=5), 0.5),
        (jumps(0.95), 0.5),
        (jumps(0.96), 0.3),
    ],
    ids=["lognormal", "a tenth", "users who resemble themselves", "a jump at the percentile", "a jump beside it"],
)
def test_equal_arms_are_called_different_in_at_most_five_of_a_hundred_however_often_one_looks(draw: Draw, share: float) -> None:
    """Of 120 experiments of 16 looks at most 10: more, at 5 %, would come in fewer than 5 of 100 tests. It is far below."""
    false = sum(lived(seed, draw, share=share) != "none" for seed in range(120))
    assert false <= 10, false


def test_an_arm_that_is_a_third_slower_at_the_percentile_is_found() -> None:
    found = [lived(seed, lognormal(slower=1.35)) for seed in range(60)]
    assert found.count("worse") >= 54 and "better" not in found


def test_executions_that_resemble_each_other_would_be_taken_for_more_than_they_are() -> None:
    """The same answers, each for itself: the interval would be narrower than units say."""
    dice = np.random.default_rng(4)
    latencies, units = lognormal(of_unit=0.8, answers=8)(dice, "a", 500)
    by_unit = reading(latencies, units, "a", reach=3.2)
    by_answer = reading(latencies, np.arange(len(units)), "a", reach=3.2)
    assert by_unit is not None and by_answer is not None
    assert by_unit.value == by_answer.value and by_unit.above > 1.5 * by_answer.above


def test_too_few_answers_beyond_it_say_nothing() -> None:
    dice = np.random.default_rng(5)
    few, many = (reading(*lognormal()(dice, "a", n), "a", reach=3.2) for n in (150, 400))
    assert few is None and many is not None and many.below > 0 and many.above > many.below


def test_it_is_decided_and_told_in_milliseconds_and_kept_as_json() -> None:
    dice = np.random.default_rng(6)
    plan = replace(PLAN, guardrails=(Guardrail(metric="error_rate", margin=0.02),))
    arms = {arm: lognormal(slower=2.0)(dice, arm, 800) for arm in "ab"}
    found = looked(plan, arms, 0.5)
    [difference] = found.differences
    assert difference.state == "worse" and difference.value == pytest.approx(found.arms[1].value - found.arms[0].value)  # type: ignore[operator]
    assert Memory.of(found.memory.stored()) == found.memory
    told = {one.metric: one for one in figures(plan, [Epoch(1, {"a": 0.5, "b": 0.5}, {})], found.memory, found.differences)}
    decides = told["latency_p95_ms"]
    assert (decides.role, decides.kind, decides.better) == ("decides", "ms", "lower")
    assert decides.arms[0].low < decides.arms[0].value < decides.arms[0].high  # type: ignore[operator]
    assert decides.differences[0].low == difference.low
    assert told["error_rate"].role == "guardrail"


def test_units_that_come_back_in_a_later_epoch_move_it_by_what_they_are_like() -> None:
    """The answers of each unit, weighed by `influence` and `stretches`, vary as much as the interval says where they are independent."""
    dice, reach = np.random.default_rng(7), 3.2
    arms = {arm: lognormal()(dice, arm, 4_000) for arm in "ab"}
    read = [one for arm, (latencies, units) in arms.items() if (one := reading(latencies, units, arm, reach=reach)) is not None]
    shares = quantile_shares(read, "latency_p95_ms", control="a", arm="b", epochs=[1], weighting="precision")
    one = contrast(shares)
    assert one is not None
    stretch, moved = stretches(read, "latency_p95_ms", shares, names={"control": "a", "treatment": "b"}), 0.0
    for (epoch, side), (c, at) in influence(shares).items():
        latencies = arms[{"control": "a", "treatment": "b"}[side]][0]
        moved += float(((c * stretch[epoch, side] * (0.95 - (latencies <= at))) ** 2).sum())
    assert moved == pytest.approx(one.own_spread, rel=0.02)


def test_every_arm_has_every_figure_with_its_interval_and_its_difference() -> None:
    def arm(n: int, good: int, *, liked: int, cost: float) -> dict[str, ArmSums]:
        share = ArmSums(n, n, good, n, good, good)
        heard = ArmSums(n // 2, n // 2, liked, n // 2, liked, liked)
        return {"success": share, "satisfaction": heard, "cost_nusd": ArmSums(n, n, n * cost, n, n * cost * cost * 1.2, n * cost)}

    plan = replace(PLAN, metric="satisfaction", direction="higher", guardrails=(Guardrail(metric="error_rate", margin=0.02),))
    epochs = [Epoch(1, {"a": 0.5, "b": 0.5}, {"a": arm(1000, 980, liked=300, cost=100.0), "b": arm(1000, 940, liked=340, cost=150.0)})]
    found = analyse(plan, epochs)
    told = {one.metric: one for one in figures(plan, epochs, found.memory, found.differences)}
    assert list(told) == ["satisfaction", "error_rate", "cost_nusd", "feedback_rate"]  # no latency was seen
    assert [one.role for one in told.values()] == ["decides", "guardrail", "told", "told"]
    errors = told["error_rate"]
    assert [one.value for one in errors.arms] == pytest.approx([0.02, 0.06]) and errors.differences[0].value == pytest.approx(0.04)
    assert all(0 <= one.low < one.value < one.high <= 1 for one in errors.arms)  # type: ignore[operator]
    assert told["feedback_rate"].arms[0].value == 0.5 and told["feedback_rate"].better is None
    assert told["cost_nusd"].kind == "nusd" and told["cost_nusd"].differences[0].relative == pytest.approx(0.5)
    assert [one.calls for one in found.arms] == [1000, 1000]
