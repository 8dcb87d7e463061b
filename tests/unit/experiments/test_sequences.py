"""Means, contrasts, sequences and looks: against scipy, published figures and simulation."""

from math import exp, log, sqrt

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats as reference
from scipy.integrate import quad

from burnish_shared.experiments.contrast import Contrast, against_frozen, contrast, influence, shares_of
from burnish_shared.experiments.group_sequential import alpha_used, boundaries
from burnish_shared.experiments.sequence import half_width, lower_bound, p_value, rho, upper_bound
from burnish_shared.experiments.sums import ArmSums, mean_of

pytestmark = [pytest.mark.promise("O-10"), pytest.mark.capability("X2")]


def of_units(x: npt.NDArray[np.floating], y: npt.NDArray[np.floating]) -> ArmSums:
    return ArmSums(len(x), float(x.sum()), float(y.sum()), float((x * x).sum()), float((y * y).sum()), float((x * y).sum()))


def shares(n: int, good: int) -> ArmSums:
    return ArmSums(n, n, good, n, good, good)


@pytest.mark.parametrize(("good", "n"), [(0, 5), (3, 10), (70, 100), (100, 100)])
def test_a_share_has_the_variance_of_half_an_answer_more(good: int, n: int) -> None:
    mean = mean_of(shares(n, good))
    p = (good + 0.5) / (n + 1)
    assert mean is not None and mean.value == good / n and mean.variance == pytest.approx(p * (1 - p), rel=1e-12)


def test_a_plain_mean_has_the_variance_of_numpy() -> None:
    y = np.random.default_rng(1).lognormal(6, 1, 500)
    mean = mean_of(of_units(np.ones(500), y))
    assert mean is not None
    assert (mean.value, mean.variance) == pytest.approx((y.mean(), y.var(ddof=1)), rel=1e-9)


def test_a_ratio_over_units_varies_as_much_as_it_does_between_samples() -> None:
    """20 answers a unit on average, which resemble each other: the delta method sees it, a variance by answers would be a sixth."""
    dice, values, said = np.random.default_rng(2), [], []
    for _ in range(2_000):
        x = dice.poisson(20, 150) + 1.0
        y = dice.binomial(x.astype(int), dice.beta(0.7 * 2.33, 0.3 * 2.33, 150)).astype(float)
        mean = mean_of(of_units(x, y))
        assert mean is not None
        values.append(mean.value)
        said.append(mean.error_squared)
    assert np.mean(said) == pytest.approx(np.var(values), rel=0.1)


def test_one_even_epoch_gives_the_interval_of_the_formula() -> None:
    """SCIENCE section 5, written out."""
    a, b = shares(1500, 1050), shares(1500, 1140)
    one = contrast(shares_of([(1, a, b)]))
    assert one is not None
    n, alpha, horizon = 3000, 0.05, 1000
    v = [((s + 0.5) / 1501) * (1 - (s + 0.5) / 1501) for s in (1050, 1140)]
    sigma2 = n * (v[0] / 1500 + v[1] / 1500)
    r = horizon / (2 * log(1 / alpha) + log(1 + 2 * log(1 / alpha)))
    half = sqrt(sigma2 * (n + r) / n**2 * log((n + r) / (r * alpha**2)))
    assert rho(horizon, alpha) == pytest.approx(r)
    assert half_width(one, alpha=alpha, horizon=horizon) == pytest.approx(half, rel=1e-9)
    assert one.information == pytest.approx(n) and one.value == pytest.approx(0.06)


def test_p_is_the_level_whose_interval_ends_at_nothing() -> None:
    one = contrast(shares_of([(1, shares(2000, 1400), shares(2000, 1480))]))
    assert one is not None
    p, r = p_value(one, alpha=0.05, horizon=1000), rho(1000, 0.05)
    n, sigma2 = one.information, one.spread_of_one
    assert sqrt(sigma2 * (n + r) / n**2 * log((n + r) / (r * p**2))) == pytest.approx(one.value, rel=1e-9)
    assert (p < 0.05) == (abs(one.value) > half_width(one, alpha=0.05, horizon=1000))
    assert p_value(one.moved(0.0), alpha=0.05, horizon=1000) == 1.0


@pytest.mark.parametrize("time", [10.0, 400.0, 50_000.0])
def test_the_bounds_are_where_the_mixture_of_likelihood_ratios_passes_one_by_alpha(time: float) -> None:
    """Two-sided: ∫ exp(λS − λ²t/2) over a normal law of λ reaches 1/α there. One-sided: over its upper half it is at most that far."""
    alpha, r = 0.05, rho(1000, 0.05)
    law = reference.norm(0, 1 / sqrt(r))

    def mixed(at: float, low: float, times: float) -> float:
        most = at / (time + r)  # where the integrand is largest
        width = 12 / sqrt(time + r)
        found, _ = quad(lambda x: times * exp(x * at - x * x * time / 2) * law.pdf(x), max(low, most - width), most + width, limit=200)
        return float(found)

    plain = Contrast(0.0, 1.0, time, 1.0, 0, 0, 0, 0.0, 0.0, time)
    assert mixed(half_width(plain, alpha=alpha, horizon=1000), -np.inf, 1) == pytest.approx(1 / alpha, rel=1e-6)
    r = rho(1000, 2 * alpha)
    law = reference.norm(0, 1 / sqrt(r))
    assert 1 / alpha <= mixed(-lower_bound(plain, alpha=alpha, horizon=1000), 0.0, 2) <= 1.1 / alpha
    assert upper_bound(plain, alpha=alpha, horizon=1000) == -lower_bound(plain, alpha=alpha, horizon=1000)


def test_published_boundaries_of_obrien_and_fleming_come_out() -> None:
    """Five even looks, α .05 on both sides: Lan and DeMets' spending as tabled by Reboussin, DeMets, Kim and Lan (2000)."""
    found = [one.boundary for one in boundaries([0.2, 0.4, 0.6, 0.8, 1.0], alpha=0.05)]
    assert found == pytest.approx([4.8769, 3.3569, 2.6803, 2.2898, 2.0310], abs=2e-4)


def test_uneven_looks_spend_what_the_function_says_by_simulation() -> None:
    fractions = [0.13, 0.5, 0.55, 0.9, 1.0]
    dice = np.random.default_rng(3)
    steps = np.diff([0.0, *fractions])
    paths = np.cumsum(dice.standard_normal((400_000, 5)) * np.sqrt(steps), axis=1) / np.sqrt(fractions)
    crossed = np.zeros(len(paths), dtype=bool)
    for n, look in enumerate(boundaries(fractions, alpha=0.05)):
        crossed |= np.abs(paths[:, n]) >= look.boundary
        assert crossed.mean() == pytest.approx(alpha_used(fractions[n], alpha=0.05), abs=0.0012)


def test_looks_that_go_back_are_refused() -> None:
    with pytest.raises(ValueError, match="rising"):
        boundaries([0.5, 0.4], alpha=0.05)


def test_a_ramp_with_a_falling_base_rate_invents_nothing() -> None:
    """Equal arms, 5 % at a rate of .85 and then 50 % at .75: pooled they are 4.5 points apart, inside the epochs not at all."""
    rows = [(1, shares(9500, 8075), shares(500, 425)), (2, shares(5000, 3750), shares(5000, 3750))]
    one = contrast(shares_of(rows))
    pooled = (425 + 3750) / 5500 - (8075 + 3750) / 14500
    assert one is not None and one.value == 0 and pooled == pytest.approx(-0.0564, abs=1e-4)
    by_population = contrast(shares_of(rows, weighting="population"))
    assert by_population is not None and by_population.value == 0 and by_population.error > one.error


def test_what_one_unit_moves_adds_up_to_the_spread() -> None:
    dice = np.random.default_rng(4)
    x, y = dice.poisson(5, (4, 400)) + 1.0, dice.normal(3, 2, (4, 400))
    sums = [of_units(x[n], y[n]) for n in range(4)]
    found = shares_of([(1, sums[0], sums[1]), (2, sums[2], sums[3])])
    moved = 0.0
    for n, key in enumerate([(1, "control"), (1, "treatment"), (2, "control"), (2, "treatment")]):
        c, r = influence(found)[key]
        moved += float(((c * (y[n] - r * x[n])) ** 2).sum())
    one = contrast(found)
    assert one is not None and moved == pytest.approx(one.spread, rel=0.01)


def test_a_margin_in_percent_compares_with_that_much_of_the_control() -> None:
    rng = np.random.default_rng(5)
    a, b = (of_units(np.ones(1000), rng.lognormal(mean, 0.5, 1000)) for mean in (5, 5.3))
    one = contrast(shares_of([(1, a, b)]), times_control=1.2)
    first, second = mean_of(a), mean_of(b)
    assert one is not None and first is not None and second is not None
    assert one.value == pytest.approx(second.value - 1.2 * first.value)
    assert one.error**2 == pytest.approx(second.error_squared + 1.44 * first.error_squared)


def test_a_frozen_control_is_one_sample_that_stays() -> None:
    frozen = mean_of(shares(400, 300))
    assert frozen is not None
    one = against_frozen(frozen, shares(100_000, 80_000))
    assert one is not None and one.value == pytest.approx(0.05)
    assert one.error == pytest.approx(sqrt(frozen.error_squared), rel=0.01)


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert mean_of(ArmSums()) is None and mean_of(ArmSums(1, 1, 700, 1, 490_000, 700)) is None
    assert contrast(shares_of([(1, shares(10, 5), ArmSums())])) is None
    same = ArmSums(10, 10, 700, 10, 49_000, 700)
    assert contrast(shares_of([(1, same, same)])) is None
