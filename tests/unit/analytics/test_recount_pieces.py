"""A day is counted again in pieces that hold each bucket and prompt once, and none is much larger than a piece may be."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from burnish_analytics.recount import AT_ONCE, pieces

DAY = datetime(2026, 11, 28, tzinfo=UTC)


@given(st.lists(st.integers(0, 5 * AT_ONCE), min_size=24, max_size=24), st.sampled_from(["minute", "hour", "day"]))
def test_pieces_cover_a_day_once_and_hold_no_more_than_they_may(by_hour: list[int], grain: str) -> None:
    made = pieces(DAY, grain, by_hour)  # type: ignore[arg-type]
    spans = dict.fromkeys((one.since, one.until) for one in made)
    assert [since for since, _ in spans] == [DAY, *(until for _, until in spans)][:-1] and list(spans)[-1][1] == DAY + timedelta(days=1)
    for since, until in spans:
        parts = [one for one in made if one.since == since]
        assert [one.part for one in parts] == list(range(len(parts))) and {one.parts for one in parts} == {len(parts)}
        hours = [int((moment - DAY) / timedelta(hours=1)) for moment in (since, until)]
        assert sum(by_hour[hours[0] : hours[1]]) <= len(parts) * AT_ONCE
