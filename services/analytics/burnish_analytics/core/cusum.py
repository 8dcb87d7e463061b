"""A cumulative sum of log-likelihood ratios (Page 1954) over counts of bad observations.

Two sums run side by side, for a drop of .10 (sudden harm) and of .05 (small harm). Fed by counts of a whole period they are cut off at
zero, and looked at, once per period instead of once per observation: at the same threshold false alarms become rarer and harm is seen
later. What is lost is the overshoot that a finer look would have cut, 1.166 standard deviations of a step (Siegmund 1985, chapter 10), so
the threshold is lower by that for a step of many: `threshold_in_steps`.
Measured as watched (both sums, the recent window, the least drop), .85 → .75, 1,000 to 2,000 runs: of 1, 5, 20, 50, 100 observations a
period a false alarm comes every 46, 45, 47, 51, 52 thousand observations, and the fall is seen after 178, 187, 185, 196, 214 on average
(95 % within 414, 416, 400, 450, 400). With one threshold of 7 for all it was 50 and 71 thousand for 1 and 20, and 182 and 214.
"""

import math
from dataclasses import dataclass
from typing import Final

THRESHOLD: Final = 6.9
"""h: alarm when the sum reaches it, for one observation a step."""

OVERSHOOT: Final = 1.166
"""Standard deviations of a step: twice 0.5826, what a walk that is looked at in steps goes beyond a border on average."""

LEAST_RATIO: Final = 0.5
"""Of the threshold, for steps however large: the correction is one for steps that are small beside it."""

LEAST_SHARE: Final = 0.005
"""A baseline of no bad observation at all is taken for this share, else the first bad one would be infinitely unlikely."""


def updated(value: float, *, n: float, bad: float, expected: float, rise: float) -> float:
    """The sum after `n` more observations of which `bad` were bad, when a share of `expected` is normal and `expected + rise` is harm.

    `bad` may be a sum of fractions (1 − score). Never below 0.
    """
    step = _step(n=n, bad=bad, expected=expected, rise=rise)
    return 0.0 if step is None else max(0.0, value + step)


def relieved(value: float, *, n: float, bad: float, expected: float, rise: float) -> float:
    """The same sum turned round: what speaks for a share of `expected` and against `expected + rise`. Never below 0."""
    step = _step(n=n, bad=bad, expected=expected, rise=rise)
    return value if step is None else max(0.0, value - step)


def _step(*, n: float, bad: float, expected: float, rise: float) -> float | None:
    """The log-likelihood ratio of harm to what is normal; None where there is no room above what is normal."""
    normal = min(max(expected, LEAST_SHARE), 1 - LEAST_SHARE)
    harm = min(max(normal + rise, LEAST_SHARE), 1 - LEAST_SHARE)
    if harm <= normal:
        return None
    return bad * math.log(harm / normal) + (n - bad) * math.log((1 - harm) / (1 - normal))


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

    def reaches(self, threshold: float, *, n: float, expected: float, fast_rise: float, slow_rise: float | None) -> bool:
        """Whether one of them is at the threshold, after a step of `n` observations."""
        if self.fast >= threshold_in_steps(threshold, n=n, expected=expected, rise=fast_rise):
            return True
        return slow_rise is not None and self.slow >= threshold_in_steps(threshold, n=n, expected=expected, rise=slow_rise)


def threshold_in_steps(threshold: float, *, n: float, expected: float, rise: float) -> float:
    """What stands for `threshold` where the sum is looked at after every `n` observations."""
    normal = min(max(expected, LEAST_SHARE), 1 - LEAST_SHARE)
    harm = min(max(normal + rise, LEAST_SHARE), 1 - LEAST_SHARE)
    if n <= 1 or harm <= normal:
        return threshold
    deviation = math.sqrt(normal * (1 - normal)) * (math.log(harm / normal) - math.log((1 - harm) / (1 - normal)))
    return max(threshold - OVERSHOOT * deviation * (math.sqrt(n) - 1), LEAST_RATIO * threshold)


def threshold_for(monitors: int, *, base: float = THRESHOLD) -> float:
    """h for one of many monitors, so that all together alarm falsely about as rarely: h + ln(M/10), a rule of thumb."""
    return base + max(0.0, math.log(monitors / 10)) if monitors > 0 else base
