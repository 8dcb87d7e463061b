"""How many units an experiment needs that is decided by a percentile of latency: decision 63 turned round, with the days before in the
place of its arms. How far a percentile may lie follows from how the share of answers at or below it varies between units, and from how
latencies lie around it; both are taken from answers that were given before the start."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, inf, sqrt
from statistics import NormalDist
from typing import Final

from burnish_shared.experiments.quantiles import RESOLUTION_MS, at_share
from burnish_shared.experiments.sample_size import POWER, least_units
from burnish_shared.experiments.sequence import boundary

WINDOW_ANSWERS: Final = 20
"""Nearer to the percentile than so many answers of the past the course is chance: there it goes in proportion."""

WINDOW_LEAST, WINDOW_MOST = 0.01, 0.03
"""The same as a share, where very many answers are known, and where few are: beyond it the course is that of the very slowest."""


@dataclass(frozen=True, slots=True)
class Latencies:
    """Of answers of the past. `course`: (share, percentile in ms) rising, around the one that is wanted, whose share is `share`.

    `answers` were known; a unit gave `size` of them on average. `variance`: between units, of the share at or below the percentile.
    """

    share: float
    course: Sequence[tuple[float, float]]
    answers: int
    variance: float
    size: float

    @property
    def value(self) -> float:
        """The percentile itself."""
        return at_share(self.course, self.share)

    def reaches(self, by: float) -> tuple[float, float]:
        """How far below and above the percentile lie those at the share ± `by`, in ms. Infinite where so few answers tell nothing."""
        wide = max(by, min(max(WINDOW_ANSWERS / self.answers, WINDOW_LEAST), WINDOW_MOST))
        low, high = self.share - wide, self.share + wide
        if low < self.course[0][0] or high > self.course[-1][0]:
            return inf, inf
        part = by / wide
        return part * (self.value - at_share(self.course, low)), part * (at_share(self.course, high) - self.value)


def percentile_units(of: Latencies, *, effect: float, alpha: float, horizon: float, power: float = POWER) -> int:
    """Units in both arms of an even split after which a sequence has found `effect` (ms) with this chance; `sample_size.MOST` where no
    number of them would: whole milliseconds are never told apart more finely. One arm is taken to vary as the past did, and the other
    by as much more as it is slower."""
    z, slower = NormalDist().inv_cdf(power), 1 + effect / max(of.value, RESOLUTION_MS)

    def is_enough(units: int) -> bool:
        n = units / 2
        # As `quantiles.percentile_of`: never surer than answers one by one.
        error = sqrt(max(of.variance / n, of.share * (1 - of.share) / (n * of.size)))
        by = boundary(units, alpha=alpha, horizon=horizon) * error
        if (1 - of.share - by) * n * of.size < 1:
            return False
        below, above = (max(side, RESOLUTION_MS) for side in of.reaches(by))
        chance = sum(of.reaches(error)) / 2
        half = max(hypot(below * slower, above), hypot(below, above * slower))
        return half + z * hypot(1, slower) * chance <= effect

    return least_units(is_enough)
