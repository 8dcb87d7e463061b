"""A cumulative sum of log-likelihood ratios (Page 1954) over counts of bad observations.

Settings and their figures: h = 7 alarms falsely once in 43,000 to 56,000 observations and sees a share of good ones fall from .85 to .75
after 182 on average; drop .10 for sudden harm, .05 beside it for small harm.
Fed by counts of a whole period the sum is cut off at zero once per period instead of once per observation. Measured for .85 → .75 with
h = 7 and 150 runs: of 1, 5, 20, 50, 100 observations a period a false alarm comes every 34, 64, 147, 214, 304 thousand observations, and
the fall is seen after 170, 187, 209, 236, 280 (95 % within 354, 380, 400, 450, 500): rarer false alarms, a little later.
"""

import math
from dataclasses import dataclass
from typing import Final

THRESHOLD: Final = 7.0
"""h: alarm when the sum reaches it."""

LEAST_SHARE: Final = 0.005
"""A baseline of no bad observation at all is taken for this share, else the first bad one would be infinitely unlikely."""


def updated(value: float, *, n: float, bad: float, expected: float, rise: float) -> float:
    """The sum after `n` more observations of which `bad` were bad, when a share of `expected` is normal and `expected + rise` is harm.

    `bad` may be a sum of fractions (1 − score). Never below 0.
    """
    normal = min(max(expected, LEAST_SHARE), 1 - LEAST_SHARE)
    harm = min(max(normal + rise, LEAST_SHARE), 1 - LEAST_SHARE)
    if harm <= normal:
        return 0.0
    step = bad * math.log(harm / normal) + (n - bad) * math.log((1 - harm) / (1 - normal))
    return max(0.0, value + step)


@dataclass(frozen=True, slots=True)
class Sums:
    """The fast sum (sudden, large harm) and the slow one (small, lasting harm)."""

    fast: float = 0.0
    slow: float = 0.0

    def updated(self, *, n: float, bad: float, expected: float, fast_rise: float, slow_rise: float | None) -> "Sums":
        return Sums(
            fast=updated(self.fast, n=n, bad=bad, expected=expected, rise=fast_rise),
            slow=updated(self.slow, n=n, bad=bad, expected=expected, rise=slow_rise) if slow_rise is not None else 0.0,
        )

    def reaches(self, threshold: float) -> bool:
        return self.fast >= threshold or self.slow >= threshold


def threshold_for(monitors: int, *, base: float = THRESHOLD) -> float:
    """h for one of many monitors, so that all together alarm falsely about as rarely: h + ln(M/10), a rule of thumb."""
    return base + max(0.0, math.log(monitors / 10)) if monitors > 0 else base
