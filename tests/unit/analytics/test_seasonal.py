"""What is usual at an hour."""

import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from burnish_analytics.core.degradation import PLANS, DetectorLimits, Seen, SeriesState, begin_version, from_stored, observed, to_stored
from burnish_analytics.core.seasonal import HOURS_A_DAY, HOURS_A_WEEK, Season, hourly_limits, swings

pytestmark = pytest.mark.capability("A4")

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


def hours(days: int, *, swing: float, dice: random.Random) -> tuple[list[datetime], list[float]]:
    at = [MONDAY + timedelta(hours=n) for n in range(days * 24)]
    return at, [100 + swing * math.sin(when.hour / 24 * 2 * math.pi) + dice.gauss(0, 5) for when in at]


def test_what_is_high_at_noon_is_odd_at_midnight_and_usual_at_noon() -> None:
    at, values = hours(14, swing=60, dice=random.Random(1))
    season = Season.learnt(at, values)
    assert len(season.slots) == HOURS_A_DAY
    assert abs(season.residual(MONDAY.replace(hour=6), 160)) < 3
    assert season.residual(MONDAY.replace(hour=18), 160) > 10


def test_four_weeks_make_a_season_of_the_week_and_one_bad_day_moves_it_little() -> None:
    at, values = hours(28, swing=60, dice=random.Random(2))
    bad = [value + (300 if when.date() == MONDAY.date() else 0) for when, value in zip(at, values, strict=True)]
    season = Season.learnt(at, bad)
    assert len(season.slots) == HOURS_A_WEEK
    assert season.residual(MONDAY.replace(hour=12), 400) > 3


def test_only_what_depends_on_the_hour_swings() -> None:
    assert swings(*hours(14, swing=60, dice=random.Random(3)))
    assert not swings(*hours(14, swing=0, dice=random.Random(3)))


def histogram(bucket: int, n: int = 100) -> list[int]:
    """Most in one bucket, a few beyond, the most beyond it in the next."""
    return [*[0] * bucket, n - 4, 4]


def weeks(count: int) -> list[tuple[datetime, list[int]]]:
    """Latencies that are higher by eight buckets from six in the evening."""
    return [(at, histogram(10 + 8 * (at.hour >= 18))) for n in range(count * 168) if (at := MONDAY + timedelta(hours=n))]


def test_limits_by_hour_exist_once_four_weeks_do_and_bad_hours_move_them_little() -> None:
    assert hourly_limits(weeks(3)) is None
    hours = weeks(4)
    hours[12] = (hours[12][0], histogram(60))
    hours[13:15] = [(at, histogram(60, n=20)) for at, _ in hours[13:15]]
    limits = hourly_limits(hours)
    assert limits is not None
    assert (limits[12], limits[13], limits[18], limits[17]) == (10, 10, 18, 10)


def watched(*, season: bool, slower: int = 0, metric: str = "latency", asked: float | None = None) -> list[str]:
    """Verdicts of a detector of latency or cost over a week, after a baseline of daytime."""
    plan = next(one for one in PLANS if one.metric == metric)
    plan = plan if asked is None else replace(plan, least_rise=asked, is_asked=True)
    state = begin_version(SeriesState(), 1, plan=plan, limits=DetectorLimits())
    for n in range(20):
        state, _ = observed(
            state, Seen(MONDAY + timedelta(minutes=n), 1, n=100, bad=0, counts=histogram(10)), plan=plan, limits=DetectorLimits()
        )
    if season:
        state = from_stored(to_stored(replace(state, season=hourly_limits(weeks(4)), season_at=MONDAY)))
    said = []
    for n in range(1, 7 * 24):
        at = MONDAY + timedelta(hours=n)
        counts = histogram(10 + 8 * (at.hour >= 18) + (slower if n > 100 else 0))
        state, verdict = observed(state, Seen(at, 1, n=100, bad=0, counts=counts), plan=plan, limits=DetectorLimits())
        said += [type(verdict).__name__] if verdict is not None else []
    return said


@pytest.mark.parametrize("metric", ["latency", "cost"])
def test_evenings_that_are_always_slower_or_dearer_alarm_every_day_until_the_season_is_known(metric: str) -> None:
    assert len(watched(season=False, metric=metric)) > 4
    assert watched(season=True, metric=metric) == []
    assert watched(season=True, slower=4, metric=metric) == ["Degraded"]
    assert watched(season=True, slower=4, metric=metric, asked=1.5) == [], "what somebody asked for is not lowered by what was learned"


def test_a_version_that_became_normal_is_not_dear_for_weeks_because_the_one_before_was_cheaper() -> None:
    """The season is that of the weeks before, the baseline that of the version which served last: latency is told, cost is not."""
    verdicts = {}
    for metric in ("latency", "cost"):
        plan = next(one for one in PLANS if one.metric == metric)
        state = begin_version(SeriesState(), 1, plan=plan, limits=DetectorLimits())
        dear = Seen(MONDAY, 1, n=2000, bad=0, counts=histogram(30, n=2000))
        state, _ = observed(state, dear, plan=plan, limits=DetectorLimits())
        state = replace(state, season=hourly_limits(weeks(4)), season_at=MONDAY)
        _, verdicts[metric] = observed(state, dear, plan=plan, limits=DetectorLimits())
    assert (verdicts["latency"] is not None, verdicts["cost"]) == (True, None)
