"""Two measurements of the same items, against scipy, the optimizer's own statistics and counted-out cases."""

import random
from fractions import Fraction
from itertools import product

import pytest
from scipy.stats import binomtest

from burnish_optimizer.stats import discordance, newcombe_interval
from burnish_shared.paired import EXACT_MOST, adjusted_wald, compare, mcnemar, newcombe, sign_flip

pytestmark = pytest.mark.capability("D3")


def cells(*, both: int, fixed: int, broken: int, neither: int) -> tuple[list[Fraction], list[Fraction]]:
    before = [1] * both + [0] * fixed + [1] * broken + [0] * neither
    after = [1] * both + [1] * fixed + [0] * broken + [0] * neither
    return [Fraction(one) for one in before], [Fraction(one) for one in after]


@pytest.mark.parametrize(("fixed", "broken"), [(0, 0), (1, 0), (5, 5), (9, 2), (2, 9), (40, 17), (900, 800)])
def test_mcnemar_is_the_binomial_test_of_the_items_that_differ(fixed: int, broken: int) -> None:
    expected = binomtest(fixed, fixed + broken).pvalue if fixed + broken else 1.0
    assert mcnemar(fixed=fixed, broken=broken) == pytest.approx(expected)


@pytest.mark.parametrize("counts", [(30, 20, 5, 45), (80, 3, 0, 17), (1, 0, 0, 0), (0, 10, 0, 0), (50, 10, 10, 30)])
def test_the_interval_is_the_one_by_which_the_optimizer_decides(counts: tuple[int, int, int, int]) -> None:
    both, fixed, broken, neither = counts
    before, after = cells(both=both, fixed=fixed, broken=broken, neither=neither)
    own = newcombe(list(zip(before, after, strict=True)))
    theirs = newcombe_interval(discordance([one == 1 for one in before], [one == 1 for one in after]))
    assert (own.low, own.high) == pytest.approx((theirs.low, theirs.high))


def test_sign_flips_are_counted_out() -> None:
    differences = [Fraction(1, 3), Fraction(2, 3), Fraction(-1, 3), Fraction(1), Fraction(1, 2), Fraction(0)]
    sizes = [abs(one) for one in differences if one]
    sums = [abs(sum(sign * size for sign, size in zip(signs, sizes, strict=True))) for signs in product((1, -1), repeat=len(sizes))]
    expected = sum(one >= abs(sum(differences)) for one in sums) / len(sums)
    assert sign_flip(differences) == pytest.approx(expected)
    assert sign_flip([Fraction(0)] * 9) == 1.0


def test_beyond_counting_out_the_normal_law_says_nearly_the_same() -> None:
    dice = random.Random(1)
    for _ in range(5):
        many = [Fraction(dice.choice((-2, -1, 1, 2, 3)), 3) for _ in range(EXACT_MOST)]
        exact = sign_flip(many)
        assert sign_flip([*many, Fraction(1, 10**6)]) == pytest.approx(exact, abs=0.03)


def test_words_follow_figures() -> None:
    better = compare(*cells(both=60, fixed=25, broken=2, neither=13))
    worse = compare(*cells(both=60, fixed=2, broken=25, neither=13))
    assert better is not None and worse is not None
    assert (better.verdict, worse.verdict, better.test) == ("better", "worse", "mcnemar")
    assert better.difference.value == pytest.approx(0.23) and better.difference.low == pytest.approx(-worse.difference.high)
    few = compare(*cells(both=2, fixed=12, broken=0, neither=1))
    assert few is not None and few.p_value < 0.01 and few.verdict == "too_small", "fewer items than are needed for any claim"
    unsure = compare(*cells(both=20, fixed=12, broken=8, neither=10))
    assert unsure is not None and unsure.verdict == "too_small" and unsure.smallest_difference > 0.1
    assert unsure.items_needed is not None and unsure.items_needed > 300
    alike = compare(*cells(both=900, fixed=20, broken=20, neither=60))
    assert alike is not None and alike.verdict == "no_difference" and alike.items_needed is None
    assert compare([], []) is None


def test_repeats_make_scores_between_0_and_1_and_items_count_once() -> None:
    before, after = [Fraction(1, 3)] * 40, [Fraction(2, 3)] * 39 + [Fraction(0)]
    found = compare(before, after)
    assert found is not None and (found.items, found.fixed, found.broken, found.test) == (40, 39, 1, "sign_flip")
    assert found.verdict == "better" and found.difference.low > 0.2


def test_the_adjusted_interval_holds_the_truth_nineteen_times_in_twenty() -> None:
    dice, held, rounds = random.Random(7), 0, 1000
    for _ in range(rounds):
        differences = [Fraction(dice.choice((-2, 0, 0, 0, 0, 1, 2)), 2) for _ in range(50)]
        interval = adjusted_wald(differences)
        held += interval.low <= 1 / 14 <= interval.high
    assert 0.93 <= held / rounds <= 0.985
