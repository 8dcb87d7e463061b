"""How fast new units come to an experiment that runs: who comes back is no new one (SCIENCE section 5). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from burnish_shared.experiments.outlook import DAY_S

SPACING: Final = 0.03
"""Of the seconds that the epoch has lasted: so far apart points are noted, some two dozen over its second half."""

LEAST_S: Final = 60.0
"""Of an epoch; before that nobody says a pace."""

Point = tuple[float, int]
"""Seconds since the epoch began, and the units that it had then."""


@dataclass(frozen=True, slots=True)
class Course:
    """How many units one epoch had, as looks at it noted: the last point at or before its middle, and those after it. 0: none yet."""

    epoch: int = 0
    points: tuple[Point, ...] = ()

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> "Course":
        """From JSON; None where nothing was kept."""
        if not stored:
            return cls()
        return cls(stored["epoch"], tuple((float(seconds), int(units)) for seconds, units in stored["points"]))

    def stored(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "points": [[round(seconds, 1), units] for seconds, units in self.points]}

    def noted(self, epoch: int, *, seconds: float, units: int) -> "Course":
        """With this look. Of another epoch what was noted says nothing; a look that follows closely adds nothing."""
        points = self.points if epoch == self.epoch else ()
        if not points or seconds - points[-1][0] >= SPACING * seconds:
            points = (*points, (seconds, units))
        first = max((place for place, (at, _) in enumerate(points) if at <= seconds / 2), default=0)
        return Course(epoch, points[first:])

    def new_a_day(self, epoch: int, *, seconds: float, units: int) -> float | None:
        """New units a day in the second half of the epoch, which has lasted `seconds` and has `units`: by then those who come back often
        were seen in the first. 0.0 where nobody new came for a day or more; None where nobody did for less, since a night is no end, in its
        first minute, and while nobody has come.

        Where nobody noted its first half (it began before the release that notes it), from the first point on, once that is a day ago;
        before that as if units had come evenly until then.
        """
        if seconds < LEAST_S or not units:
            return None
        points = self.points if epoch == self.epoch else ()
        begin = seconds / 2
        if points and points[0][0] > begin and seconds - points[0][0] >= DAY_S:
            begin = points[0][0]
        before = _units_at(begin, [(0.0, 0), *(one for one in points if one[0] < seconds), (seconds, units)])
        came, over_s = max(0.0, units - before), seconds - begin
        return None if came == 0 and over_s < DAY_S else came / over_s * DAY_S


NOTHING_NOTED: Final = Course()


def _units_at(at: float, points: Sequence[Point]) -> float:
    """Along straight lines between the points, which are in order and reach from before `at` until after it."""
    for (left, had), (right, has) in pairwise(points):
        if left <= at <= right:
            return had + (has - had) * ((at - left) / (right - left) if right > left else 1.0)
    raise ValueError(f"no points around {at}")
