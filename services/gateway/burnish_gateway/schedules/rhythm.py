"""When a schedule is due: five fields of cron, read by the clock of a time zone. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from burnish_gateway.reports.schedule import zone_named
from burnish_shared.errors import InvalidField

SHORTEST: Final = timedelta(minutes=55)
"""Once an hour is the most often; an hour that the clock skips may come a little sooner."""

LOOKED_AT: Final = 200
"""So many times ahead the distance is checked, and so many missed ones are counted."""

LOOKED_FROM: Final = datetime(2026, 1, 1, tzinfo=UTC)
LOOKED_UNTIL: Final = LOOKED_FROM + timedelta(days=8 * 366)
"""As far ahead. A Sunday that is the 29th of February comes every 28 years: 200 of those take seconds to find, in an event loop."""

SHOWN_AHEAD: Final = timedelta(days=8 * 366)
"""What comes later than this is not shown among the next times."""

NEXT_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Rhythm:
    """`cron`: minute, hour, day of month, month, day of week. An hour that the clock skips is the next, one that comes twice the first."""

    cron: str
    zone: ZoneInfo

    @classmethod
    def of(cls, cron: str, time_zone: str) -> "Rhythm":
        """Raises InvalidField for what is no cron line, comes more often than hourly, or never, and for an unknown zone."""
        made = cls(" ".join(cron.split()), zone_named(time_zone))
        if len(made.cron.split(" ")) != 5:
            raise InvalidField("cron: five fields are needed: minute, hour, day of month, month, day of week.", param="cron")
        try:
            times = made.times(LOOKED_FROM, most=LOOKED_AT, by=LOOKED_UNTIL) or made.times(LOOKED_FROM, most=2)
        except CronSimError as error:
            raise InvalidField(
                f"cron: {cron[:60]!r} is no cron line ({error}); '0 6 * * 1' is every Monday at six.", param="cron"
            ) from error
        if not times:
            raise InvalidField(f"cron: {cron[:60]!r} never comes.", param="cron")
        if any(later - one < SHORTEST for one, later in pairwise(times)):
            raise InvalidField("cron: more often than once an hour is not possible.", param="cron")
        return made

    @classmethod
    def kept(cls, cron: str, time_zone: str) -> "Rhythm":
        """One that was looked at when it was stored. Raises InvalidField for a zone that is not known any more."""
        return cls(cron, zone_named(time_zone))

    def upcoming(self, next_at: datetime) -> list[datetime]:
        """The next times, of which the first is known: NEXT_SHOWN of them, fewer where years lie between."""
        return [next_at, *self.times(next_at, most=NEXT_SHOWN - 1, by=next_at + SHOWN_AHEAD)]

    def times(self, after: datetime, *, most: int, by: datetime | None = None) -> list[datetime]:
        """The next times later than `after`, in UTC, in order; with `by` those until then."""
        found: list[datetime] = []
        line = CronSim(self.cron, after.astimezone(self.zone))
        while len(found) < most:
            at = next(line, None)
            if at is None:
                break
            moment = at.astimezone(UTC)
            if by is not None and moment > by:
                break
            if moment > after and (not found or moment > found[-1]):
                found.append(moment)
        return found

    def next_after(self, moment: datetime) -> datetime:
        """Raises InvalidField where it never comes any more."""
        times = self.times(moment, most=1)
        if not times:
            raise InvalidField("cron: it never comes again.", param="cron")
        return times[0]

    def missed(self, due: datetime, *, by: datetime) -> int:
        """How many times after `due` passed too, LOOKED_AT at most."""
        return len(self.times(due, most=LOOKED_AT, by=by))


def month_of(moment: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The calendar month that a moment lies in, by the zone's clock, in UTC: its beginning, and the beginning of the next."""
    first = moment.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    later = (first + timedelta(days=32)).replace(day=1)
    return first.astimezone(UTC), later.astimezone(UTC)
