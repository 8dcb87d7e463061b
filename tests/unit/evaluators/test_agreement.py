"""Cohen's κ with its interval, against worked examples and against chance."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.evaluators.agreement import Confusion, Judged, confusion_of, kappa_of

pytestmark = pytest.mark.capability("F4")

counts = st.integers(0, 200)


def test_kappa_is_that_of_the_textbook() -> None:
    """Cohen 1960's grant example as told by Wikipedia: 20, 5, 10, 15 gives 0.4."""
    kappa = kappa_of(Confusion(20, 5, 10, 15))
    assert kappa is not None and kappa.value == pytest.approx(0.4)
    assert kappa.low == pytest.approx(0.147, abs=0.02) and kappa.high == pytest.approx(0.634, abs=0.02)


def test_it_is_not_defined_where_both_always_say_the_same() -> None:
    assert kappa_of(Confusion(30, 0, 0, 0)) is None and kappa_of(Confusion()) is None


def test_it_is_nought_where_one_of_both_always_says_the_same() -> None:
    for table in (Confusion(13, 9, 0, 0), Confusion(13, 0, 9, 0)):
        kappa = kappa_of(table)
        assert kappa is not None and kappa.value == 0 and kappa.low <= 0 <= kappa.high


def test_perfect_agreement_on_few_cases_is_not_told_as_certain() -> None:
    kappa = kappa_of(Confusion(5, 0, 0, 5))
    assert kappa is not None and kappa.value == 1 and kappa.low < 0.75 and kappa.high == 1


@given(counts, counts, counts, counts)
def test_the_interval_holds_kappa_and_stays_in_its_bounds(a: int, b: int, c: int, d: int) -> None:
    kappa = kappa_of(Confusion(a, b, c, d))
    if kappa is not None:
        assert -1 <= kappa.low <= kappa.value <= kappa.high <= 1


def test_the_interval_covers_what_it_says() -> None:
    """True κ of these cells is 0.6; 95 % of the intervals of 60 cases should hold it."""
    dice, cells, held = random.Random(7), (0.4, 0.1, 0.1, 0.4), 0
    for _ in range(400):
        drawn = dice.choices(range(4), weights=cells, k=60)
        kappa = kappa_of(Confusion(*(drawn.count(n) for n in range(4))))
        held += kappa is not None and kappa.low <= 0.6 <= kappa.high
    assert 0.92 <= held / 400 <= 0.99


def test_more_people_decide_and_a_tie_is_left_out() -> None:
    table, split = confusion_of([Judged(True, 2, 1), Judged(False, 0, 1), Judged(True, 1, 1), Judged(False, 3, 0), Judged(True, 0, 2)])
    assert (table, split) == (Confusion(1, 1, 1, 1), 1)
