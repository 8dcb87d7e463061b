"""Did one end user use far more than the busiest end user of this workspace does in an hour? Pure.

The busiest end user of each closed hour makes a history of one number an hour, which names nobody. An hour is unusual when its logarithm
lies more than Z robust standard deviations (1.4826 times the median absolute deviation) above the median of the history; a floor keeps
small workspaces quiet, and a least deviation those that are always alike.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

HOURS_LEAST: Final = 24
"""Hours with use before anything is said."""

HOURS_MOST: Final = 28 * 24
Z: Final = 5.0
LEAST_DEVIATION: Final = 0.3
"""Of the natural logarithm: e^(5·0.3) = 4.5 times the median at least."""

CALLS_FLOOR: Final = 100
COST_FLOOR_NUSD: Final = 500_000_000
"""Half a dollar an hour."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What one end user uses at most in a usual hour, and above what it is unusual."""

    median: float
    limit: float


def usual(history: Sequence[float], *, floor: float) -> Usual | None:
    """None while the history is too short to say. Order does not matter."""
    used = [math.log1p(one) for one in history if one > 0]
    if len(used) < HOURS_LEAST:
        return None
    median = statistics.median(used)
    deviation = max(LEAST_DEVIATION, 1.4826 * statistics.median(abs(one - median) for one in used))
    return Usual(math.expm1(median), max(floor, math.expm1(median + Z * deviation)))
