"""Days left of an experiment that runs go by units that are new to it, not by those who come back (PRODUCT X2, X3)."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from burnish_optimizer.core.new_units import Course
from burnish_shared.experiments.outlook import NOBODY_NEW
from tests.unit.experiments.test_orders import BEGAN, PLAN, arm, seen, told

pytestmark = pytest.mark.capability("X2", "X3")

DAY_S, MINUTE_S = 86_400.0, 60.0


def came(units_at: dict[float, int], *, every_s: float = 10 * MINUTE_S, until_s: float = 0.0) -> Course:
    """Looks at an epoch whose units grow along straight lines between those of `units_at` (seconds → units)."""
    course, points = Course(), sorted(units_at.items())
    at = 0.0
    while at <= (until_s or points[-1][0]):
        left = max(one for one in points if one[0] <= at)
        right = next((one for one in points if one[0] > at), left)
        share = 0.0 if right == left else (at - left[0]) / (right[0] - left[0])
        course = course.noted(1, seconds=at, units=round(left[1] + share * (right[1] - left[1])))
        at += every_s
    return course


def test_a_crowd_that_comes_back_makes_no_experiment_shorter() -> None:
    course = came({0.0: 0, DAY_S: 1000, 10 * DAY_S: 1090})
    pace = course.new_a_day(1, seconds=10 * DAY_S, units=1090)
    assert pace == pytest.approx(10.0, rel=0.1), "ten new ones a day, and not a hundred and nine"


def test_where_only_known_ones_come_back_the_pace_is_nothing() -> None:
    course = came({0.0: 0, DAY_S: 1000, 4 * DAY_S: 1000})
    assert course.new_a_day(1, seconds=4 * DAY_S, units=1000) == 0.0


def test_a_night_in_which_nobody_comes_is_no_end() -> None:
    hour = DAY_S / 24
    course = came({0.0: 0, 8 * hour: 40, 20 * hour: 40})
    assert course.new_a_day(1, seconds=20 * hour, units=40) is None, "nobody knows what the day brings"
    assert course.new_a_day(1, seconds=20 * hour, units=41) == pytest.approx(2.4, rel=0.01)
    assert Course().noted(1, seconds=5 * MINUTE_S, units=2).new_a_day(1, seconds=11 * MINUTE_S, units=2) is None, "too soon to say"


def test_where_everybody_is_new_the_pace_is_that_of_all() -> None:
    course = came({0.0: 0, 5 * DAY_S: 5000})
    assert course.new_a_day(1, seconds=5 * DAY_S, units=5000) == pytest.approx(1000.0, rel=0.01)
    assert Course().new_a_day(1, seconds=5 * DAY_S, units=5000) == 1000.0, "nothing was noted"


def test_an_epoch_of_a_minute_and_one_of_nobody_have_no_pace() -> None:
    assert Course().new_a_day(1, seconds=59.0, units=10) is None and Course().new_a_day(1, seconds=DAY_S, units=0) is None


def test_a_new_epoch_begins_anew() -> None:
    course = came({0.0: 0, DAY_S: 1000, 4 * DAY_S: 1000}).noted(2, seconds=MINUTE_S, units=7)
    assert course == Course(2, ((MINUTE_S, 7),))
    assert course.new_a_day(3, seconds=DAY_S, units=100) == 100.0, "what was noted of another epoch says nothing"


def test_few_points_are_kept_and_one_of_them_is_before_the_middle() -> None:
    course = Course()
    for minute in range(1, 60 * 24 * 60):  # sixty days
        course = course.noted(1, seconds=minute * MINUTE_S, units=minute)
        assert len(course.points) <= 30 and course.points[0][0] <= max(minute / 2, 1) * MINUTE_S
    assert all(left < right for left, right in pairwise(course.points)) and Course.of(course.stored()) == course
    assert Course.of(None) == Course() == Course.of({})


def test_an_epoch_that_began_before_it_was_noted_goes_by_what_was_noted_once_that_is_a_day() -> None:
    late = Course().noted(1, seconds=9.5 * DAY_S, units=1000)
    assert late.new_a_day(1, seconds=10 * DAY_S, units=1000) == pytest.approx((1000 - 1000 * 5 / 9.5) / 5), "evenly until then"
    assert late.new_a_day(1, seconds=11 * DAY_S, units=1015) == pytest.approx(10.0)


def test_a_look_says_so_where_nobody_new_comes_and_counts_days_by_new_ones() -> None:
    plan = replace(PLAN, unit="end_user")
    one = seen(plan, {"a": arm(600, 420), "b": arm(640, 461)})
    slow = told(replace(one, course=came({0.0: 0, DAY_S: 1040, 4 * DAY_S: 1240})), hours=96)
    [left], [even] = slow.outlook, told(one, hours=96).outlook
    assert left.needed == even.needed and left.days_left == pytest.approx((even.days_left or 0) * 310 / 66.7, rel=0.05)
    assert NOBODY_NEW not in slow.sentence and not left.nobody_new
    known = told(replace(one, course=came({0.0: 0, DAY_S: 1240, 4 * DAY_S: 1240})), hours=96)
    assert known.sentence.endswith(NOBODY_NEW) and "left" not in known.sentence
    assert known.outlook[0].nobody_new and known.outlook[0].days_left is None and known.order is None


def test_calls_are_new_each_time_and_nothing_is_noted_of_them() -> None:
    one = seen(replace(PLAN, unit="execution"), {"a": arm(600, 420), "b": arm(640, 461)})
    assert one.noted(BEGAN + timedelta(days=1)) == Course()
    assert replace(one, plan=replace(PLAN, unit="session")).noted(BEGAN + timedelta(days=1)) == Course(1, ((DAY_S, 1240),))
