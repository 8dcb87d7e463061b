"""What is measured of many executions, in forms that can be added up: a histogram of log buckets, and an interval for a share.

Both are pure. Analytics writes them into rollups; whoever reads rollups (gateway, page) turns them into percentiles and intervals here.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

RELATIVE_ERROR: Final = 0.02
"""Promised largest relative error of a percentile read from a histogram (DESIGN section 6)."""

GAMMA: Final = 1.04
"""Ratio of the borders of one bucket. Its middle, 2·upper/(1+γ), is off by at most (γ−1)/(γ+1) = 1.96 % (DDSketch, Masson et al.
2019, section 2)."""

LAST_BUCKET: Final = 600
"""Bucket for everything above γ^599 ≈ 1.6·10^10: in ms half a year, in nano-dollars 16 dollars. Beyond it the error is not promised."""

Z_95: Final = 1.959963984540054
"""Quantile of the normal distribution for a two-sided interval of 95 %."""

SUM_MOST: Final = 2**63 - 1
"""What a column of a sum holds. An execution may cost a million dollars (`MAX_AMOUNT_NUSD`), and it takes more than 9,000 of them, all paid
from credit (an import costs nothing), to come here: a sum of costs stays here then. It takes the figures of nobody along that stand in the
same batch, and can be read. No other sum comes near it."""

_LOG_GAMMA: Final = math.log(GAMMA)


def _borders() -> list[int]:
    """The largest whole number of each bucket but the last: γ^(i−1), rounded down; one that is a power of γ up to 10⁻⁹ belongs to it."""
    return [0, *(math.floor(math.exp((bucket - 1 + 1e-9) * _LOG_GAMMA)) for bucket in range(1, LAST_BUCKET))]


BORDERS: Final = _borders()
"""Value v lies in the bucket that is the number of borders below v."""


def bucket_of(value: int) -> int:
    """The bucket of a non-negative whole number: 0 holds values below 1, bucket i holds (γ^(i−2), γ^(i−1)], so that 1 lies in bucket 1."""
    return bisect_left(BORDERS, value)


def middle_of(bucket: int) -> float:
    """The value that stands for a bucket, with a relative error of at most RELATIVE_ERROR for any whole number in it."""
    if bucket <= 0:
        return 0.0
    return 2 * math.exp((bucket - 1) * _LOG_GAMMA) / (1 + GAMMA)


def histogram(values: Iterable[int]) -> list[int]:
    """Counts by bucket, as short as they can be: the last count is not zero. Empty for no values."""
    counts: list[int] = []
    for value in values:
        count_into(counts, bucket_of(value))
    return counts


def count_into(counts: list[int], bucket: int, *, times: int = 1) -> None:
    """Adds to one bucket in place, growing the list where needed."""
    if bucket >= len(counts):
        counts.extend([0] * (bucket + 1 - len(counts)))
    counts[bucket] += times


def merged(one: Sequence[int], other: Sequence[int]) -> list[int]:
    """The histogram of both sets of values together: exact, in any order."""
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    total = list(longer)
    for bucket, count in enumerate(shorter):
        total[bucket] += count
    return total


def quantile(counts: Sequence[int], share: float) -> float | None:
    """The value below which `share` (0..1) of the values lie, within RELATIVE_ERROR. None when there are no values: never NaN."""
    total = sum(counts)
    if total == 0:
        return None
    rank, seen = min(total - 1, math.floor(share * (total - 1) + 0.5)), 0
    for bucket, count in enumerate(counts):
        seen += count
        if seen > rank:
            return middle_of(bucket)
    return middle_of(len(counts) - 1)


def share_above(counts: Sequence[int], bucket: int) -> float:
    """How many of the values lie in buckets above this one, as a share. 0 when there are no values."""
    total = sum(counts)
    return sum(counts[bucket + 1 :]) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Interval:
    """A share and the bounds that hold it with 95 % confidence, all 0..1."""

    value: float
    low: float
    high: float


def wilson(successes: float, trials: int, *, z: float = Z_95) -> Interval | None:
    """Wilson's score interval (Wilson 1927) for a share. None when there are no trials.

    `successes` may be a sum of scores in 0..1: their variance is at most that of as many yes-or-no answers, so the interval is then
    too wide rather than too narrow. Raises ValueError when it lies outside 0..trials.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials: must lie between 0 and the trials")
    if trials == 0:
        return None
    share, square = successes / trials, z * z / trials
    centre = (share + square / 2) / (1 + square)
    half = z * math.sqrt(share * (1 - share) / trials + square / (4 * trials)) / (1 + square)
    return Interval(value=share, low=max(0.0, min(share, centre - half)), high=min(1.0, max(share, centre + half)))


EFFECTIVENESS_VERSION: Final = 1
"""Version of the formula below, shown beside every figure made by it (PRODUCT A1)."""


def effectiveness(
    *,
    satisfaction: float | None,
    success_rate: float | None,
    p95_ms: float | None,
    cost_nusd: float | None,
    target_ms: float | None = None,
    target_nusd: float | None = None,
) -> float | None:
    """How good a prompt is, 0..100 (PRODUCT A1): 0.5 satisfaction + 0.3 success + 0.1 speed + 0.1 thrift, against their targets.

    A term whose figure or target is missing drops out and the weights of the others are scaled up. None when all are missing.
    """
    speed = 1 - min(1.0, p95_ms / target_ms) if p95_ms is not None and target_ms else None
    thrift = 1 - min(1.0, cost_nusd / target_nusd) if cost_nusd is not None and target_nusd else None
    terms = [(0.5, satisfaction), (0.3, success_rate), (0.1, speed), (0.1, thrift)]
    known = [(weight, term) for weight, term in terms if term is not None]
    if not known:
        return None
    return 100 * sum(weight * term for weight, term in known) / sum(weight for weight, _ in known)
