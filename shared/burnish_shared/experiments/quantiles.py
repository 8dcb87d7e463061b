"""Percentiles of latency as figures that may be compared: decision 63.

A percentile is no mean, so sums do not know it; the share of answers at or below it is one. That share has a variance between units by the
delta method, as every share here (sums.py), and the percentiles at the share ± so many of its standard errors (`reach`: the boundary of the
sequence at that moment) say how far the percentile itself may lie to either side (Woodruff, "Confidence Intervals for Medians and Other
Position Measures", JASA 47, 1952; the same inversion as in Howard and Ramdas, "Sequential estimation of quantiles with applications to A/B
testing and best-arm identification", Bernoulli 28, 2022). Of two arms the sides that face each other are put together as squares (Zou and
Donner, "Construction of confidence limits about effect measures", Statistics in Medicine 27, 2008), and what comes out is a contrast like
any other: epochs and sequences are those of means.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, floor, isfinite
from operator import itemgetter
from typing import Any, Final

from burnish_shared.experiments.contrast import Share, Weighting, contrast, weight_of
from burnish_shared.experiments.sequence import boundary
from burnish_shared.experiments.sums import ArmSums, Mean, mean_of

QUANTILES: Final[Mapping[str, float]] = {"latency_p50_ms": 0.5, "latency_p95_ms": 0.95}
"""Figure → the share of answers that are no slower."""

COURSES: Final[Mapping[str, tuple[float, ...]]] = {
    "latency_p50_ms": tuple(n / 100 for n in range(10, 91)),
    "latency_p95_ms": tuple(n / 2_000 for n in range(1_600, 2_000)),
}
"""Shares at which percentiles are read around each: wide enough for the fewest answers that say anything."""

COUNTED: Final = "latency_ms"
"""The sums of the same answers: successes that did not come from the cache."""

WHOLE: Final = 0
"""In the place of an epoch: all of them together."""

RESOLUTION_MS: Final = 1.0
"""Latencies are whole milliseconds: a percentile is never surer than that."""


@dataclass(frozen=True, slots=True)
class Percentile:
    """One percentile of one arm in one epoch (`WHOLE`: in all), in ms. `below`, `above`: how far it may lie to either side, at `reach`
    standard errors of the share, whose own standard error is `share_error`. `units` gave `answers`."""

    metric: str
    epoch: int
    arm: str
    value: float
    below: float
    above: float
    share_error: float
    units: int
    answers: int
    reach: float

    def mean(self, side: float) -> Mean:
        """As a contrast takes it, with the variance that this side says."""
        return Mean(self.value, (side / self.reach) ** 2 * self.units, self.units, self.answers / self.units)

    @property
    def widest(self) -> Mean:
        return self.mean(max(self.below, self.above))

    def stored(self) -> list[Any]:
        return [
            self.metric,
            self.epoch,
            self.arm,
            self.value,
            self.below,
            self.above,
            self.share_error,
            self.units,
            self.answers,
            self.reach,
        ]


def stored(found: Iterable[Percentile]) -> list[list[Any]]:
    """As JSON."""
    return [one.stored() for one in found]


def of_stored(rows: Iterable[Sequence[Any]]) -> tuple[Percentile, ...]:
    """From JSON; rows of a length that this release does not know are left out, and read anew at the next look."""
    return tuple(Percentile(*row) for row in rows if len(row) == 10)


def reach_of(pairs: Iterable[tuple[int, int]], *, alpha: float, horizon: float) -> float:
    """At how many standard errors a sequence decides now: of (control, treatment) units of each comparison the farthest. With the sides
    taken there, whoever is called different is so by percentiles that were seen, also where latencies jump from one value to another."""
    even = [4 * one * other / (one + other) for one, other in pairs if one and other]
    return max((boundary(units, alpha=alpha, horizon=horizon) for units in even), default=boundary(horizon, alpha=alpha, horizon=horizon))


def percentile_of(
    metric: str, epoch: int, arm: str, *, course: Sequence[tuple[float, float]], sums: ArmSums, reach: float
) -> Percentile | None:
    """`course`: (share, percentile) rising, around the one that is wanted. `sums`: of each unit its answers (x) and those at or below the
    percentile (y). None while too few answers are beyond it to say how far it may lie: about 220 of an arm for the 95th."""
    share, mean = QUANTILES[metric], mean_of(sums)
    if mean is None or not course:
        return None
    # Where latencies jump there, many more than the share are at or below it, and all but equal: never surer than answers one by one.
    error = max(mean.error_squared, share * (1 - share) / sums.x) ** 0.5
    low, high = share - reach * error, share + reach * error
    if (1 - high) * sums.x < 1 or low * sums.x < 1 or low < course[0][0] or high > course[-1][0]:
        return None
    at, under, over = (at_share(course, one) for one in (share, low, high))
    sides = max(at - under, RESOLUTION_MS), max(over - at, RESOLUTION_MS)
    return Percentile(metric, epoch, arm, at, *sides, error, sums.units, round(sums.x), reach) if isfinite(at) else None


def find(found: Iterable[Percentile], metric: str, *, arm: str, epoch: int = WHOLE) -> Percentile | None:
    return next((one for one in found if (one.metric, one.arm, one.epoch) == (metric, arm, epoch)), None)


def quantile_shares(
    found: Sequence[Percentile], metric: str, *, control: str, arm: str, epochs: Sequence[int], weighting: Weighting
) -> list[Share]:
    """What each epoch puts into the difference of an arm, as `contrast.shares_of` for means.

    The nearer end of the interval takes the sides that face each other, the farther end the others; both ends get the wider of the two.
    """
    pairs = []
    for epoch in epochs:
        beside, treated = (find(found, metric, arm=name, epoch=epoch) for name in (control, arm))
        if beside is not None and treated is not None:
            pairs.append((epoch, weight_of(beside.units, treated.units, weighting=weighting), beside, treated))
    facing = [Share(epoch, weight, a.mean(a.above), b.mean(b.below)) for epoch, weight, a, b in pairs]
    turned = [Share(epoch, weight, a.mean(a.below), b.mean(b.above)) for epoch, weight, a, b in pairs]
    one, other = contrast(facing), contrast(turned)
    return turned if one is not None and other is not None and other.spread > one.spread else facing


def stretches(
    found: Sequence[Percentile], metric: str, shares: Sequence[Share], *, names: Mapping[str, str]
) -> dict[tuple[int, str], float]:
    """(epoch, "control" | "treatment") → milliseconds for a whole of the share, there: what a unit's answers move the percentile by.
    `names`: which arm is which."""
    told = {}
    for one in shares:
        for side, mean in (("control", one.control), ("treatment", one.treatment)):
            read = find(found, metric, arm=names[side], epoch=one.epoch)
            if read is not None:
                told[(one.epoch, side)] = mean.error_squared**0.5 / read.share_error
    return told


def course_of(counts: Mapping[int, int], shares: Sequence[float]) -> list[tuple[float, float]]:
    """(share, percentile) of answers that were counted by their latency: between two of them in proportion, as PostgreSQL's
    percentile_cont. `shares` rise, in [0, 1]."""
    values = sorted(counts)
    upto = list(accumulate(counts[value] for value in values))
    found = []
    for share in shares:
        place = share * (upto[-1] - 1)
        low = floor(place)
        under, over = (values[bisect_right(upto, one)] for one in (low, ceil(place)))
        found.append((share, under + (over - under) * (place - low)))
    return found


def at_share(course: Sequence[tuple[float, float]], share: float) -> float:
    """Between two points of the course, in proportion; outside of it, what is at its end."""
    at = bisect_left(course, share, key=itemgetter(0))
    if at == 0 or at == len(course):
        return course[at - 1 if at else 0][1]
    (low, under), (high, over) = course[at - 1], course[at]
    return under + (over - under) * (share - low) / (high - low)
