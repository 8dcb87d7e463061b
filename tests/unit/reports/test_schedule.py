"""Digests come by the clock on the wall of those who read them, also where that clock is turned."""

from datetime import UTC, datetime, timedelta

import pytest

from burnish_gateway.insights.figures import figures_of
from burnish_gateway.insights.store import SUMS, Totals
from burnish_gateway.reports.answers import ReportContent
from burnish_gateway.reports.in_words import changes_between, summary_of
from burnish_gateway.reports.make_report import period_of
from burnish_gateway.reports.schedule import Rhythm, next_due, period_before, zone_named
from burnish_gateway.reports.target import target_of
from burnish_shared.errors import InvalidField

pytestmark = pytest.mark.capability("A3")

BERLIN = zone_named("Europe/Berlin")
DAILY = Rhythm("daily", 0, 8, BERLIN)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("rhythm", "after", "due"),
    [
        (DAILY, "2026-11-20T06:59", "2026-11-20T07:00"),
        (DAILY, "2026-11-20T07:00", "2026-11-21T07:00"),
        (DAILY, "2026-07-01T00:00", "2026-07-01T06:00"),
        (Rhythm("weekly", 0, 8, BERLIN), "2026-11-20T12:00", "2026-11-23T07:00"),
        (Rhythm("weekly", 4, 13, zone_named("UTC")), "2026-11-20T12:00", "2026-11-20T13:00"),
        (Rhythm("daily", 0, 23, zone_named("Pacific/Auckland")), "2026-11-20T09:00", "2026-11-20T10:00"),
        (Rhythm("daily", 0, 2, BERLIN), "2026-03-28T12:00", "2026-03-29T01:00"),
        (Rhythm("daily", 0, 2, BERLIN), "2026-10-24T12:00", "2026-10-25T00:00"),
    ],
    ids=["today", "not twice", "summer", "next monday", "this friday", "another day there", "an hour that is skipped", "the first of two"],
)
def test_the_next_moment_is_that_of_the_local_clock(rhythm: Rhythm, after: str, due: str) -> None:
    assert next_due(rhythm, after=at(after)) == at(due)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia"])
def test_each_local_day_of_a_year_has_one_digest_and_days_follow_without_gap(zone: str) -> None:
    rhythm = Rhythm("daily", 0, 2, zone_named(zone))
    moment, end = at("2026-01-01T00:00"), None
    days = []
    for _ in range(366):
        moment = next_due(rhythm, after=moment)
        first, last = period_before(rhythm, moment)
        assert end is None or first == end
        assert timedelta(hours=23) <= last - first <= timedelta(hours=25)
        assert first.minute == 0, "reports are read from hours of UTC: what lies within one would be in two digests"
        end = last
        days.append(moment.astimezone(rhythm.zone).date())
    assert len(set(days)) == 366


def test_a_weekly_digest_covers_seven_local_days() -> None:
    first, last = period_before(Rhythm("weekly", 0, 8, BERLIN), at("2026-03-30T06:00"))
    assert (first, last) == (at("2026-03-22T23:00"), at("2026-03-29T22:00"))


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "/etc/passwd", "Europe", "a" * 300, "Europe/Berlin\x00"])
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(InvalidField):
        zone_named(name)


def test_a_day_that_begins_within_an_hour_of_utc_is_a_day_long_in_its_report() -> None:
    """Midnight in Kathmandu is 18:15 UTC."""
    rhythm = Rhythm("daily", 0, 8, zone_named("Asia/Kathmandu"))
    first, last = period_before(rhythm, at("2026-11-20T02:15"))
    told = period_of(first, last, target_of("workspace", None), now=at("2026-11-20T02:15"))
    assert (told.wanted.start, told.wanted.end) == (at("2026-11-18T18:00"), at("2026-11-19T18:00"))
    assert told.before.end == told.wanted.start


@pytest.mark.parametrize(("executions", "said"), [(1, "1 execution ("), (2, "2 executions ("), (0, "No executions in this time.")])
def test_one_execution_is_one(executions: int, said: str) -> None:
    figures = figures_of(Totals(sums=dict.fromkeys(SUMS, 0) | {"executions": executions}))
    content = ReportContent.model_construct(figures=figures, changes=changes_between(figures, figures), alert_count=0)
    assert summary_of(content).startswith(said)
