"""A range of time is cut into whole buckets that are not too many rows together."""

from datetime import UTC, datetime, timedelta
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from burnish_analytics.core.cuts import ROWS_AT_ONCE, WIDTH, cut
from burnish_analytics.core.rollup import Grain, bucket_start

DAY = datetime(2026, 11, 28, tzinfo=UTC)


@given(st.sampled_from(list(WIDTH)), st.integers(1, 24), st.integers(0, 3_000 * ROWS_AT_ONCE))
def test_cuts_cover_a_range_once_and_are_no_wider_than_rows_allow(grain: Grain, hours: int, rows: int) -> None:
    end = DAY + (timedelta(days=1) if grain == "day" else timedelta(hours=hours))
    made = cut(grain, DAY, end, rows=rows)
    assert [since for since, _ in made] == [DAY, *(until for _, until in made)][:-1] and made[-1][1] == end
    assert all(bucket_start(since, grain) == since < until for since, until in made)
    buckets = (end - DAY) / WIDTH[grain]
    for since, until in made:
        held = (until - since) / WIDTH[grain]
        assert held == 1 or held * rows / buckets <= ROWS_AT_ONCE + rows / buckets
    assert len(made) <= max(1, ceil(rows / ROWS_AT_ONCE))


def test_few_rows_are_one_piece() -> None:
    assert cut("minute", DAY, DAY + timedelta(days=1), rows=ROWS_AT_ONCE) == [(DAY, DAY + timedelta(days=1))]
