"""A range of time in parts that hold no more rows than one statement adds up. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from burnish_analytics.core.rollup import Grain

ROWS_AT_ONCE: Final = 50_000
"""Rows of prompts that are added up at once, about: each has histograms of some hundred places."""

WIDTH: Final[Mapping[Grain, timedelta]] = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


def cut(grain: Grain, start: datetime, end: datetime, *, rows: int) -> list[tuple[datetime, datetime]]:
    """[start, end), which begins and ends with a bucket, as ranges of whole buckets that hold at most `rows` together: as many as rows of
    equal density need, one at least. A bucket is never cut.
    """
    buckets = max(1, round((end - start) / WIDTH[grain]))
    wide = ceil(buckets / max(1, min(buckets, ceil(rows / ROWS_AT_ONCE)))) * WIDTH[grain]
    starts = [start + number * wide for number in range(ceil((end - start) / wide))]
    return [(one, min(one + wide, end)) for one in starts]
