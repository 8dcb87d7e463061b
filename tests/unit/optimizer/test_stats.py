"""Numbers against scipy, published figures, and simulation."""

from itertools import product

import numpy as np
import pytest
from scipy import stats as reference

from burnish_optimizer.stats import (
    Discordance,
    alpha_of_look,
    bootstrap_interval,
    discordance,
    mcnemar_one_sided,
    newcombe_interval,
    optimism,
    power_of_mcnemar,
    wilson_interval,
)


@pytest.mark.parametrize(("fixed", "broken"), list(product([0, 1, 5, 20, 61], [0, 1, 4, 19, 60])))
def test_mcnemar_is_the_binomial_test_of_scipy(fixed: int, broken: int) -> None:
    expected = reference.binomtest(fixed, fixed + broken, 0.5, alternative="greater").pvalue if fixed + broken else 1.0
    assert mcnemar_one_sided(fixed=fixed, broken=broken) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (1, 10), (9, 10), (10, 10), (83, 198), (121, 198)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_wilson_is_the_wilson_of_scipy(successes: int, n: int, confidence: float) -> None:
    expected = reference.binomtest(successes, n).proportion_ci(confidence_level=confidence, method="wilson")
    assert wilson_interval(successes, n, confidence=confidence) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("table", [(36, 2, 12, 0), (20, 2, 12, 16), (0, 0, 30, 0), (80, 50, 10, 58), (198, 0, 0, 0)])
def test_the_paired_interval_holds_the_difference_and_turns_its_sign_with_it(table: tuple[int, int, int, int]) -> None:
    cells, turned = Discordance(*table), Discordance(table[0], table[2], table[1], table[3])
    interval, mirror = newcombe_interval(cells), newcombe_interval(turned)
    assert -1 <= interval.low <= cells.delta <= interval.high <= 1
    assert (mirror.low, mirror.high) == pytest.approx((-interval.high, -interval.low), abs=1e-12)
    assert newcombe_interval(cells, confidence=0.99).low <= interval.low


def test_pairing_narrows_the_interval_where_answers_agree() -> None:
    paired, crossed = Discordance(90, 10, 0, 100), Discordance(45, 55, 45, 55)
    assert (paired.both + paired.fixed, crossed.both + crossed.fixed) == (100, 100)
    assert newcombe_interval(paired).high - newcombe_interval(paired).low < 0.5 * (
        newcombe_interval(crossed).high - newcombe_interval(crossed).low
    )


def test_the_paired_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    shares = np.array([0.45, 0.2, 0.1, 0.25])
    covered = 0
    for both, fixed, broken, neither in rng.multinomial(198, shares, size=1_500):
        interval = newcombe_interval(Discordance(int(both), int(fixed), int(broken), int(neither)))
        covered += interval.low <= 0.1 <= interval.high
    assert covered / 1_500 == pytest.approx(0.95, abs=0.02)


def test_the_bootstrap_agrees_with_the_paired_interval_and_repeats_itself() -> None:
    before, after = [True] * 90 + [False] * 108, [True] * 80 + [False] * 10 + [True] * 50 + [False] * 58
    cells = discordance(before, after)
    assert (cells.both, cells.fixed, cells.broken, cells.neither) == (80, 50, 10, 58)
    one = bootstrap_interval(before, after, rng=np.random.default_rng(1))
    two = bootstrap_interval(before, after, rng=np.random.default_rng(1))
    newcombe = newcombe_interval(cells)
    assert one == two
    assert (one.low, one.high) == pytest.approx((newcombe.low, newcombe.high), abs=0.02)


def test_all_looks_together_spend_no_more_than_alpha() -> None:
    assert alpha_of_look(1) == 0.025
    assert sum(alpha_of_look(number) for number in range(1, 10_000)) == pytest.approx(0.05, abs=1e-4)
    with pytest.raises(ValueError, match="counted from 1"):
        alpha_of_look(0)


def test_the_power_is_that_of_a_simulation() -> None:
    rng = np.random.default_rng(3)
    tables = rng.multinomial(198, [0.5, 0.2, 0.1, 0.2], size=2_000)
    found = np.mean([mcnemar_one_sided(fixed=int(t[1]), broken=int(t[2])) <= 0.025 for t in tables])
    assert power_of_mcnemar(198, discordant_ratio=0.3, delta=0.1, alpha=0.025) == pytest.approx(found, abs=0.06)


def test_without_items_nothing_is_known() -> None:
    nothing = Discordance(0, 0, 0, 0)
    assert (newcombe_interval(nothing).low, newcombe_interval(nothing).high) == (-1.0, 1.0)
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert mcnemar_one_sided(fixed=0, broken=0) == 1.0


@pytest.mark.capability("O4")
def test_the_luck_of_the_chosen_is_told_from_what_it_is_worth() -> None:
    """Eight contenders that are all worth the same: the best of them looks better on 60 items, and the correction takes that away."""
    dice = np.random.Generator(np.random.PCG64(5))
    raw, corrected = [], []
    for _ in range(60):
        scores = (dice.random((8, 60)) < 0.7).astype(float)
        best = scores.mean(axis=1).max()
        raw.append(best - 0.7)
        corrected.append(best - optimism(scores, rng=np.random.Generator(np.random.PCG64(0))) - 0.7)
    assert np.mean(raw) > 0.07
    assert abs(np.mean(corrected)) < 0.4 * np.mean(raw)


@pytest.mark.parametrize("scores", [[], [[1.0, 0.0]], [[], []], [[1.0] * 9, [0.0] * 9]])
def test_without_a_choice_there_is_no_luck(scores: list[list[float]]) -> None:
    assert optimism(scores, rng=np.random.Generator(np.random.PCG64(0))) == 0.0
