"""What is unusual for the busiest end user of an hour."""

import random

import pytest

from burnish_analytics.core.unusual_use import CALLS_FLOOR, HOURS_LEAST, usual

pytestmark = pytest.mark.capability("A4")


def test_a_short_history_says_nothing_and_hours_without_use_do_not_count() -> None:
    assert usual([40.0] * (HOURS_LEAST - 1) + [0.0] * 500, floor=CALLS_FLOOR) is None
    assert usual([40.0] * HOURS_LEAST, floor=CALLS_FLOOR) is not None


def test_a_workspace_that_is_always_alike_and_a_small_one_get_room() -> None:
    alike = usual([1000.0] * 100, floor=CALLS_FLOOR)
    assert alike is not None and 4_000 < alike.limit < 5_000
    small = usual([2.0] * 100, floor=CALLS_FLOOR)
    assert small is not None and small.limit == CALLS_FLOOR


def test_busiest_end_users_that_vary_by_nature_hardly_ever_pass_the_limit() -> None:
    """Log-normal maxima with a daily swing: what is drawn as usual is called unusual less than once in 28 days of hours."""
    dice = random.Random(5)
    draws = [dice.lognormvariate(4.0 + 0.6 * (hour % 24 > 8), 0.5) for hour in range(8 * 672)]
    passed = 0
    for at in range(672, len(draws), 16):
        limit = usual(draws[at - 672 : at], floor=CALLS_FLOOR)
        assert limit is not None
        passed += draws[at] > limit.limit
    assert passed <= 1
    assert 20 * limit.median > limit.limit


def test_one_odd_hour_in_the_past_moves_the_limit_little() -> None:
    past = [50.0 + n % 7 for n in range(100)]
    before, after = usual(past, floor=1), usual([*past, 1e6], floor=1)
    assert before is not None and after is not None
    assert after.limit < 1.1 * before.limit
