"""Which rollup rows a range of time is read from. Pure."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from burnish_shared.errors import InvalidField

Grain = Literal["minute", "hour", "day"]

LENGTHS: Final[dict[Grain, timedelta]] = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
BUCKETS_MOST: Final = 1_000
"""Any answer is read from at most so many steps, however long its range."""

BUCKETS_WANTED: Final = 400
DEFAULT_RANGE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Range:
    """From `start` (included) to `end` (not included), both on borders of `grain`, in UTC."""

    start: datetime
    end: datetime
    grain: Grain
    is_asked: bool = False
    """Whether somebody asked for just this grain."""

    @property
    def steps(self) -> int:
        return (self.end - self.start) // LENGTHS[self.grain]


def by_the_hour(wanted: Range) -> Range:
    """The same range for what is not kept by the minute. Raises InvalidField where minutes were asked for."""
    if wanted.grain != "minute":
        return wanted
    if wanted.is_asked:
        raise InvalidField("grain: providers, their keys, arms of experiments and end users are told by hour and day only.", param="grain")
    return Range(_floor(wanted.start, "hour"), _ceiling(wanted.end, "hour"), "hour")


def fewest_rows(wanted: Range) -> tuple[Range, ...]:
    """The same range for sums over all of it: of hours, the whole days among them as days, which are a twenty-fourth of the rows."""
    first, last = _ceiling(wanted.start, "day"), _floor(wanted.end, "day")
    if wanted.grain != "hour" or first >= last:
        return (wanted,)
    parts = (replace(wanted, end=first), Range(first, last, "day"), replace(wanted, start=last))
    return tuple(one for one in parts if one.start < one.end)


HOURS_KEPT: Final = timedelta(days=19)
"""How far back end users are told by the hour; before that by the day."""


def of_end_users(wanted: Range, *, now: datetime) -> Range:
    """The same range for what is kept of end users. Raises InvalidField where a finer one was asked for than is kept."""
    hours = by_the_hour(wanted)
    if hours.grain == "day" or hours.start >= now - HOURS_KEPT:
        return hours
    if wanted.is_asked:
        raise InvalidField(f"grain: end users are told by the hour for {HOURS_KEPT.days} days; take day.", param="grain")
    return Range(_floor(hours.start, "day"), _ceiling(hours.end, "day"), "day")


def range_of(start: datetime | None, end: datetime | None, *, grain: Grain | None, now: datetime) -> Range:
    """The range as rollups can answer it: widened to whole steps, and in the finest grain that needs at most BUCKETS_WANTED of them.

    Without `start` the last 24 hours before `end`; without `end` until now. Raises InvalidField for a range that is none or too fine.
    """
    try:
        return _widened(start, end, grain=grain, now=now)
    except OverflowError as error:
        raise InvalidField("from: the range reaches beyond the calendar.", param="from") from error


def _widened(start: datetime | None, end: datetime | None, *, grain: Grain | None, now: datetime) -> Range:
    end = end.astimezone(UTC) if end is not None else now.astimezone(UTC)
    start = start.astimezone(UTC) if start is not None else end - DEFAULT_RANGE
    if start >= end:
        raise InvalidField("from: must lie before `to`.", param="from")
    chosen = grain or _finest(end - start)
    widened = Range(_floor(start, chosen), _ceiling(end, chosen), chosen, is_asked=grain is not None)
    if (widened.end - widened.start) / LENGTHS[chosen] > BUCKETS_MOST:
        raise InvalidField(f"grain: {chosen} makes more than {BUCKETS_MOST} steps; take a coarser one or a shorter range.", param="grain")
    return widened


def _finest(length: timedelta) -> Grain:
    for grain, step in LENGTHS.items():
        if length / step <= BUCKETS_WANTED:
            return grain
    return "day"


def _floor(at: datetime, grain: Grain) -> datetime:
    at = at.replace(second=0, microsecond=0)
    if grain == "minute":
        return at
    return at.replace(minute=0) if grain == "hour" else at.replace(minute=0, hour=0)


def _ceiling(at: datetime, grain: Grain) -> datetime:
    floor = _floor(at, grain)
    return floor if floor == at else floor + LENGTHS[grain]
