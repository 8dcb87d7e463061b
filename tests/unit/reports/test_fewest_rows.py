"""From which rollup rows sums over a range are read."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.insights.ranges import LENGTHS, Grain, Range, fewest_rows

pytestmark = pytest.mark.capability("A1")

MIDNIGHT = datetime(2026, 3, 4, tzinfo=UTC)


@given(first=st.integers(0, 100), hours=st.integers(1, 200))
def test_the_parts_of_a_range_of_hours_follow_one_another_and_leave_no_whole_day_to_hours(first: int, hours: int) -> None:
    start = MIDNIGHT + timedelta(hours=first)
    wanted = Range(start, start + timedelta(hours=hours), "hour")
    parts = fewest_rows(wanted)
    assert (parts[0].start, parts[-1].end) == (wanted.start, wanted.end)
    assert all(one.end == other.start for one, other in pairwise(parts))
    for one in parts:
        assert (one.start - MIDNIGHT) % LENGTHS[one.grain] == (one.end - MIDNIGHT) % LENGTHS[one.grain] == timedelta(0)
        whole = (one.start + timedelta(hours=23)).date(), one.end.date()
        assert one.grain == "day" or whole[0] >= whole[1]


@pytest.mark.parametrize("grain", ["minute", "day"])
def test_minutes_and_days_are_read_as_they_are(grain: Grain) -> None:
    wanted = Range(MIDNIGHT, MIDNIGHT + timedelta(days=2), grain)
    assert fewest_rows(wanted) == (wanted,)
