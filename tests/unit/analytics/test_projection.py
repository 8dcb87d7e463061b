"""Costs to come: as wide as the past was uncertain, the same every time, and nothing where nothing is known."""

import math
from random import Random

import pytest

from burnish_gateway.insights.projection import CONFIDENCE, backtest, project

pytestmark = pytest.mark.capability("A3")

WEEK = (1.2, 1.2, 1.1, 1.1, 1.0, 0.4, 0.3)


def world(days: int, *, seed: int, drift: float = 0.0) -> list[int]:
    """Days with a weekly swing, noise of a fifth, and a level that wanders by `drift` a day."""
    dice, level, found = Random(seed), 1e9, []
    for n in range(days):
        level *= math.exp(dice.gauss(0, drift))
        found.append(int(level * WEEK[n % 7] * math.exp(dice.gauss(0, 0.2))))
    return found


@pytest.mark.parametrize("drift", [0.0, 0.03])
def test_the_interval_holds_about_as_many_months_as_it_says(drift: float) -> None:
    inside = 0
    for seed in range(60):
        days = world(70 + 14, seed=seed, drift=drift)
        ahead = project(days[:70], first_weekday=0, horizon_days=14, paths=100)
        assert ahead is not None
        inside += ahead.low <= sum(days[70:]) <= ahead.high
    assert CONFIDENCE - 0.2 <= inside / 60 <= 0.97  # of 60 months, 80 % are 48 ± 3


def test_weekends_are_known_to_be_weekends() -> None:
    days = world(70, seed=1)
    weekdays, weekend = project(days, first_weekday=0, horizon_days=5), project(days[:-2], first_weekday=0, horizon_days=2)
    assert weekdays is not None and weekend is not None
    assert weekend.expected / 2 < 0.5 * weekdays.expected / 5


def test_the_same_days_give_the_same_answer_and_a_shorter_rest_costs_less() -> None:
    days = world(40, seed=2)
    assert project(days, first_weekday=3, horizon_days=9.5) == project(days, first_weekday=3, horizon_days=9.5)
    shorter, longer = project(days, first_weekday=3, horizon_days=0.25), project(days, first_weekday=3, horizon_days=20.25)
    assert shorter is not None and longer is not None and 0 < shorter.expected < longer.expected / 20


@pytest.mark.parametrize("days", [[], [0] * 90, [0] * 80 + [5] * 6])
def test_too_few_days_with_use_project_nothing(days: list[int]) -> None:
    assert project(days, first_weekday=0, horizon_days=10) is None and backtest(days, first_weekday=0, horizon_days=10) is None


def test_a_pause_or_a_single_day_of_use_does_not_break_it() -> None:
    for days in ([5] + [0] * 30, [9, 0, 0] * 20, [0, 0, 1_000_000_000_000] + [0] * 60 + [1]):
        ahead = project(days, first_weekday=0, horizon_days=12.5)
        assert ahead is not None and 0 <= ahead.low <= ahead.high < math.inf


def test_a_backtest_knows_nothing_of_what_came_after() -> None:
    quiet = world(56, seed=4)
    tested = backtest(quiet, first_weekday=0, horizon_days=10)
    assert tested is not None and tested.projections > 5 and tested.median_error < 0.15
    doubled = backtest([*quiet[:-10], *(20 * one for one in quiet[-10:])], first_weekday=0, horizon_days=10)
    assert doubled is not None and doubled.bias < -0.1 and doubled.coverage < tested.coverage
