"""When schedules are due (PRODUCT O1)."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from burnish_gateway.schedules.rhythm import Rhythm, month_of
from burnish_shared.errors import InvalidField

pytestmark = pytest.mark.capability("O1")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "zone", "after", "times"),
    [
        ("0 * * * *", "UTC", "2026-11-20T10:30", ["2026-11-20T11:00", "2026-11-20T12:00"]),
        ("15 6 * * 1", "Europe/Vienna", "2026-11-20T10:30", ["2026-11-23T05:15", "2026-11-30T05:15"]),
        ("30 2 * * *", "Europe/Vienna", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),  # the clock skips 02:30
        ("30 2 * * *", "Europe/Vienna", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),  # 02:30 comes twice
        ("0 0 29 2 *", "UTC", "2026-11-20T00:00", ["2028-02-29T00:00", "2032-02-29T00:00"]),
    ],
)
def test_times_go_by_the_clock_of_the_zone(cron: str, zone: str, after: str, times: list[str]) -> None:
    assert Rhythm.of(cron, zone).times(at(after), most=2) == [at(one) for one in times]


@pytest.mark.parametrize(
    ("cron", "zone", "field"),
    [
        ("*/30 * * * *", "UTC", "cron"),
        ("0,5 3 * * *", "UTC", "cron"),
        ("0 0 0 * * *", "UTC", "cron"),
        ("0 25 * * *", "UTC", "cron"),
        ("0 0 30 2 *", "UTC", "cron"),
        ("@daily", "UTC", "cron"),
        ("0 3 * * *", "Mars/Olympus", "time_zone"),
        ("0 3 * * *", "../etc", "time_zone"),
    ],
)
def test_what_never_comes_or_comes_too_often_is_refused(cron: str, zone: str, field: str) -> None:
    with pytest.raises(InvalidField) as refused:
        Rhythm.of(cron, zone)
    assert refused.value.param == field


def test_what_comes_every_28_years_is_found_and_shown_in_no_long_time() -> None:
    began = time.process_time()
    sundays = Rhythm.of("0 0 29 2 */7", "Europe/Vienna")
    assert sundays.upcoming(at("2032-02-28T23:00")) == [at("2032-02-28T23:00")]
    assert sundays.next_after(at("2032-02-28T23:00")) == at("2060-02-28T23:00")
    with pytest.raises(InvalidField, match="more often"):
        Rhythm.of("0,30 0 29 2 */7", "UTC")
    assert time.process_time() - began < 0.25


def test_the_next_five_times_are_shown() -> None:
    assert len(Rhythm.kept("0 3 * * *", "UTC").upcoming(at("2026-11-20T03:00"))) == 5
    assert Rhythm.kept("0 0 29 2 *", "UTC").upcoming(at("2028-02-29T00:00")) == [at(f"{year}-02-29T00:00") for year in (2028, 2032, 2036)]


def test_times_that_passed_are_counted_up_to_a_bound() -> None:
    hourly = Rhythm.of("0 * * * *", "UTC")
    assert hourly.missed(at("2026-11-20T10:00"), by=at("2026-11-20T10:59")) == 0
    assert hourly.missed(at("2026-11-20T10:00"), by=at("2026-11-20T13:00")) == 3
    assert hourly.missed(at("2026-11-20T10:00"), by=at("2026-11-20T10:00") + timedelta(days=400)) == 200


def test_a_month_is_one_of_the_zone() -> None:
    assert month_of(at("2026-11-30T23:30"), ZoneInfo("Europe/Vienna")) == (at("2026-11-30T23:00"), at("2026-12-31T23:00"))
