"""What is usual at this hour: median and spread of a slot of the day, or of the week once there are four weeks (SCIENCE section 6). Pure.

A level that is frozen alarms every day on what swings with the hour. Medians of several weeks are hardly moved by one bad day.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

HOURS_A_DAY: Final = 24
HOURS_A_WEEK: Final = 168
WEEKS_FOR_A_WEEK: Final = 4

SWING_RATIO: Final = 0.3
"""Values swing with the hour when knowing the hour takes away this share of their spread."""

LEAST_SPREAD_RATIO: Final = 0.05
"""Of the median: what never varied is not odd when it does a little."""


@dataclass(frozen=True, slots=True)
class Season:
    """`slots`: median and spread (in standard deviations) for each slot of the day or week."""

    slots: tuple[tuple[float, float], ...]

    @classmethod
    def learnt(cls, at: Sequence[datetime], values: Sequence[float]) -> "Season":
        """By hour of the week where `at` covers four weeks, else by hour of the day. A slot without values has what all have."""
        weekly = (at[-1] - at[0]).total_seconds() >= WEEKS_FOR_A_WEEK * 7 * 86_400 - 3_600
        count = HOURS_A_WEEK if weekly else HOURS_A_DAY
        by_slot: list[list[float]] = [[] for _ in range(count)]
        for when, value in zip(at, values, strict=True):
            by_slot[slot_of(when, count)].append(value)
        overall = _centre(values)
        return cls(tuple(_centre(one) if one else overall for one in by_slot))

    def residual(self, at: datetime, value: float) -> float:
        """How far from what is usual at this hour, in robust standard deviations."""
        median, spread = self.slots[slot_of(at, len(self.slots))]
        return (value - median) / spread


def slot_of(at: datetime, count: int) -> int:
    """The hour of the day (0–23), or of the week (0–167, from Monday)."""
    return at.hour if count == HOURS_A_DAY else at.weekday() * HOURS_A_DAY + at.hour


def swings(at: Sequence[datetime], values: Sequence[float]) -> bool:
    """Whether values depend on the hour so much that a level for all hours would mislead."""
    season = Season.learnt(at, values)
    overall, _ = _centre(values)
    around_level = statistics.fmean(abs(value - overall) for value in values)
    around_season = statistics.fmean(
        abs(value - season.slots[slot_of(when, len(season.slots))][0]) for when, value in zip(at, values, strict=True)
    )
    return around_season < (1 - SWING_RATIO) * around_level


def _centre(values: Sequence[float]) -> tuple[float, float]:
    median = statistics.median(values)
    spread = 1.4826 * statistics.median(abs(one - median) for one in values)
    return median, max(spread, LEAST_SPREAD_RATIO * abs(median), 1e-9)


HOURS_LEAST: Final = 3
"""Of the four that an hour of the week has in four weeks: a median of fewer would be one of them."""

OBSERVATIONS_LEAST: Final = 30
"""In one hour, for its 95th percentile to mean something."""

LimitsByHour = tuple[int | None, ...]


def hourly_limits(hours: Sequence[tuple[datetime, Sequence[int]]]) -> LimitsByHour | None:
    """For each hour of the week the median of its 95th percentiles (buckets of a histogram), None where there was too little.

    None while `hours`, (begin, histogram) in order, do not cover four weeks.
    """
    if not hours or (hours[-1][0] - hours[0][0]).total_seconds() < WEEKS_FOR_A_WEEK * 7 * 86_400 - 86_400:
        return None
    by_slot: list[list[int]] = [[] for _ in range(HOURS_A_WEEK)]
    for at, counts in hours:
        if sum(counts) >= OBSERVATIONS_LEAST:
            by_slot[slot_of(at, HOURS_A_WEEK)].append(p95_bucket(counts))
    return tuple(statistics.median_high(one) if len(one) >= HOURS_LEAST else None for one in by_slot)


def p95_bucket(counts: Sequence[int]) -> int:
    """The bucket that the 95th percentile lies in."""
    wanted, seen = 0.95 * sum(counts), 0
    for bucket, count in enumerate(counts):
        seen += count
        if seen >= wanted:
            return bucket
    return max(0, len(counts) - 1)
