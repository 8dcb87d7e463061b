"""How long a batch of a busy statement waits for more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_shared.books.gathering import EACH_S, ENOUGH, MOST_S, RECENT_S, Gathering


def after(size: int) -> Gathering:
    gathering = Gathering()
    gathering.sent(size, now=100.0)
    return gathering


def test_the_first_one_waits_for_nothing() -> None:
    assert Gathering().wait_s(1, now=100.0) == 0


def test_whoever_comes_after_one_that_came_alone_waits_for_nothing() -> None:
    assert after(1).wait_s(1, now=100.0) == 0


def test_more_came_so_more_is_waited_for_up_to_a_bound() -> None:
    assert after(2).wait_s(1, now=100.01) == pytest.approx(2 * EACH_S)
    assert after(5).wait_s(1, now=100.01) == pytest.approx(5 * EACH_S)
    assert after(200).wait_s(1, now=100.01) == MOST_S


def test_one_that_may_wait_longer_waits_for_more() -> None:
    gathering = Gathering(each_s=0.002, most_s=0.012)
    for size, wait_s in ((1, 0), (2, 0.004), (5, 0.01), (200, 0.012)):
        gathering.sent(size, now=100.0)
        assert gathering.wait_s(1, now=100.01) == pytest.approx(wait_s)


def test_what_came_long_ago_says_nothing() -> None:
    assert after(9).wait_s(1, now=100.0 + RECENT_S) == MOST_S
    assert after(9).wait_s(1, now=100.001 + RECENT_S) == 0


def test_where_enough_wait_nobody_else_is_waited_for() -> None:
    assert after(9).wait_s(ENOUGH - 1, now=100.0) == MOST_S
    assert after(9).wait_s(ENOUGH, now=100.0) == 0


def test_pauses_in_which_nobody_comes_are_left_out_more_and_more_until_somebody_does() -> None:
    gathering, waits = Gathering(), []
    for _ in range(12):
        gathering.sent(2, now=100.0)
        wait_s = gathering.wait_s(2, now=100.0)
        waits.append(wait_s > 0)
        if wait_s:
            gathering.brought(0)
    assert waits == [True, False, True, False, False, False, True, False, False, False, True, False]
    gathering.brought(-1)
    assert gathering.wait_s(2, now=100.0) == 0, "who gave up is nobody who came"
    gathering.brought(1)
    assert gathering.wait_s(2, now=100.0) > 0 and gathering.wait_s(2, now=100.0) > 0


@given(st.integers(0, 300), st.integers(0, 300), st.floats(0, 10))
def test_nobody_waits_longer_than_the_bound(size: int, waiting: int, later_s: float) -> None:
    assert 0 <= after(size).wait_s(waiting, now=100.0 + later_s) <= MOST_S
