"""When a digest is due, and what it covers: by the calendar and the clock of the people who read it. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from burnish_shared.errors import InvalidField

Every = Literal["daily", "weekly"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

WEEKDAYS: Final[tuple[Weekday, ...]] = Weekday.__args__  # type: ignore[attr-defined]
"""As Python counts them: Monday is 0."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """`weekday` counts for weekly ones only. `hour` is of the local clock, 0 to 23."""

    every: Every
    weekday: int
    hour: int
    zone: ZoneInfo


def zone_named(name: str) -> ZoneInfo:
    """A zone of the IANA database. Raises InvalidField where there is none of this name."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:  # unknown; a folder of zones; a path that leaves the database
        raise InvalidField(
            f"time_zone: {name[:60]!r} is no time zone; take one such as Europe/Berlin or UTC.", param="time_zone"
        ) from error


def next_due(rhythm: Rhythm, *, after: datetime) -> datetime:
    """The first moment later than `after`, in UTC. An hour that the clock skips is the one after it, one that comes twice is the first."""
    day = after.astimezone(rhythm.zone).date()
    while True:
        at = datetime.combine(day, time(rhythm.hour), tzinfo=rhythm.zone).astimezone(UTC)
        if at > after and (rhythm.every == "daily" or day.weekday() == rhythm.weekday):
            return at
        day += timedelta(days=1)


def last_due(rhythm: Rhythm, *, by: datetime) -> datetime:
    """The last moment not later than `by`, in UTC."""
    at = next_due(rhythm, after=by - timedelta(days=15))
    while (later := next_due(rhythm, after=at)) <= by:
        at = later
    return at


def period_before(rhythm: Rhythm, due: datetime) -> tuple[datetime, datetime]:
    """What the digest of this moment covers, in UTC: the local day before, or the seven days before.

    Reports are read from hours of UTC, so where midnight lies within one the day begins with that hour: 15 to 45 minutes earlier, and no
    hour is in two digests or in none.
    """
    today = due.astimezone(rhythm.zone).date()
    start = today - timedelta(days=1 if rhythm.every == "daily" else 7)
    first, last = (datetime.combine(day, time(), tzinfo=rhythm.zone).astimezone(UTC).replace(minute=0) for day in (start, today))
    return first, last
