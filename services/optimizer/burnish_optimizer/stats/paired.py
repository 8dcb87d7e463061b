"""Two prompts on the same items: how sure can one be that the second is better?"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, comb, exp, sqrt

import numpy as np
from scipy.special import ndtr, ndtri

from burnish_optimizer.stats.proportion import wilson_interval

BOOTSTRAP_DRAWS = 4_000
"""Resamples of a paired bootstrap: the end points then move by about ±0.002 between seeds at n = 200."""

DRAWS_FOR_ALPHA = 10
DRAWS_MOST = 200_000
"""A level α that is smaller needs more draws: so many times 1/α, as long as that takes no more than seconds."""

LEAST_P = 1e-300


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval for candidate − baseline, as a share of items."""

    low: float
    high: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Discordance:
    """The four cells of a paired comparison: right under both, fixed by the candidate, broken by it, wrong under both."""

    both: int
    fixed: int
    broken: int
    neither: int

    @property
    def n(self) -> int:
        return self.both + self.fixed + self.broken + self.neither

    @property
    def delta(self) -> float:
        """Candidate minus baseline accuracy; 0 where there are no items."""
        return (self.fixed - self.broken) / self.n if self.n else 0.0


def discordance(baseline: Sequence[bool], candidate: Sequence[bool]) -> Discordance:
    """Counts the cells. Both sequences are in the same order of items."""
    pairs = list(zip(baseline, candidate, strict=True))
    return Discordance(
        both=sum(a and b for a, b in pairs),
        fixed=sum(b and not a for a, b in pairs),
        broken=sum(a and not b for a, b in pairs),
        neither=sum(not a and not b for a, b in pairs),
    )


def mcnemar_one_sided(*, fixed: int, broken: int) -> float:
    """Exact McNemar: P(at least `fixed` of the discordant items | a fair coin), in integers to the end. 1.0 without discordance."""
    n = fixed + broken
    if n == 0:
        return 1.0
    return sum(comb(n, k) for k in range(fixed, n + 1)) / (1 << n)


def draws_for(alpha: float) -> int:
    """How many draws tell whether a chance is at most `alpha`."""
    return max(BOOTSTRAP_DRAWS, min(DRAWS_MOST, ceil(DRAWS_FOR_ALPHA / alpha)))


def sign_flip_one_sided(
    baseline: Sequence[float], candidate: Sequence[float], *, rng: np.random.Generator, draws: int = BOOTSTRAP_DRAWS
) -> float:
    """Sign-flip permutation test for scores that need not be 0 or 1: P(a mean difference so large | signs are coins).

    By `draws` random flips, the observed one counted in, so it is never 0. 1.0 where nothing differs. Where no flip is as large, it is
    at most what Hoeffding's inequality says of all of them (JASA 58, 1963): exp(−(Σd)²/2Σd²).
    """
    differences = np.asarray(candidate, dtype=float) - np.asarray(baseline, dtype=float)
    differences = differences[differences != 0]
    if len(differences) == 0:
        return 1.0
    seen, as_large = float(differences.sum()), 0
    for size in _parts(draws):
        signs = rng.integers(0, 2, size=(size, len(differences))) * 2 - 1
        as_large += int((np.round(signs @ differences, 9) >= round(seen, 9)).sum())
    drawn = (as_large + 1) / (draws + 1)
    return drawn if as_large else min(drawn, max(LEAST_P, exp(-(seen**2) / (2 * float(np.square(differences).sum())))))


def _parts(draws: int) -> list[int]:
    """So many draws a few thousand at a time: all of them at once would take gigabytes."""
    return [min(BOOTSTRAP_DRAWS, draws - begun) for begun in range(0, draws, BOOTSTRAP_DRAWS)]


def newcombe_interval(cells: Discordance, *, confidence: float = 0.95) -> Interval:
    """Newcombe's hybrid score interval for paired proportions, his method 10 (Statistics in Medicine 17, 1998, 2635–2650).

    Keeps its coverage with few discordant items, where a bootstrap collapses to a point. (−1, 1) without items.
    """
    n = cells.n
    if n == 0:
        return Interval(-1.0, 1.0, confidence)
    right_after, right_before = cells.both + cells.fixed, cells.both + cells.broken
    after, before = right_after / n, right_before / n
    low_after, high_after = wilson_interval(right_after, n, confidence=confidence)
    low_before, high_before = wilson_interval(right_before, n, confidence=confidence)
    phi = _phi(cells)
    down = (after - low_after) ** 2 - 2 * phi * (after - low_after) * (high_before - before) + (high_before - before) ** 2
    up = (high_after - after) ** 2 - 2 * phi * (high_after - after) * (before - low_before) + (before - low_before) ** 2
    return Interval(max(-1.0, cells.delta - sqrt(max(0.0, down))), min(1.0, cells.delta + sqrt(max(0.0, up))), confidence)


def _phi(cells: Discordance) -> float:
    """Newcombe's corrected correlation of the two outcomes: the product moment is lowered by n/2, but not below 0."""
    margins = (cells.both + cells.fixed) * (cells.broken + cells.neither) * (cells.both + cells.broken) * (cells.fixed + cells.neither)
    if margins == 0:
        return 0.0
    moment = float(cells.both * cells.neither - cells.fixed * cells.broken)
    if moment > 0:
        moment = max(moment - cells.n / 2, 0.0)
    return moment / sqrt(float(margins))


def bootstrap_interval(
    baseline: Sequence[float],
    candidate: Sequence[float],
    *,
    rng: np.random.Generator,
    confidence: float = 0.95,
    draws: int = BOOTSTRAP_DRAWS,
) -> Interval:
    """Percentile bootstrap over items of the mean difference, for scores that need not be 0 or 1. The same dice give the same interval.

    Where all differences are alike it is a point, whatever n is: who asks whether nothing was lost takes `steadied_interval`.
    """
    differences = np.asarray(candidate, dtype=float) - np.asarray(baseline, dtype=float)
    if len(differences) == 0:
        return Interval(-1.0, 1.0, confidence)
    means = [differences[rng.integers(0, len(differences), size=(size, len(differences)))].mean(axis=1) for size in _parts(draws)]
    low, high = np.quantile(np.concatenate(means), [0.5 - confidence / 2, 0.5 + confidence / 2])
    return Interval(float(low), float(high), confidence)


def steadied_interval(
    baseline: Sequence[float],
    candidate: Sequence[float],
    *,
    rng: np.random.Generator,
    confidence: float = 0.95,
    draws: int = BOOTSTRAP_DRAWS,
) -> Interval:
    """The bootstrap's, or where that is narrower Agresti and Min's for matched pairs (Statistics in Medicine 24, 2005), which counts in
    one item that was lost and one that was won, half of each: a few items that agree do not prove that no other would be lost.
    """
    differences = np.asarray(candidate, dtype=float) - np.asarray(baseline, dtype=float)
    drawn = bootstrap_interval(baseline, candidate, rng=rng, confidence=confidence, draws=draws)
    if len(differences) == 0:
        return drawn
    weight, total, squares = len(differences) + 2, float(differences.sum()), float(np.square(differences).sum()) + 1
    half = float(ndtri(0.5 + confidence / 2)) * sqrt(max(0.0, squares / weight - (total / weight) ** 2) / weight)
    low, high = min(drawn.low, total / weight - half), max(drawn.high, total / weight + half)
    return Interval(max(-1.0, low), min(1.0, high), confidence)


def power_of_mcnemar(n: int, *, discordant_ratio: float, delta: float, alpha: float) -> float:
    """Chance that the one-sided McNemar test finds a true gain of `delta` (normal approximation, Connor, Biometrics 43, 1987).

    `discordant_ratio` is the share of items on which the two prompts differ. Says "underpowered" in words of numbers; decides nothing.
    """
    if n == 0 or delta <= 0:
        return alpha
    discordant = max(discordant_ratio, delta)
    z = (delta * sqrt(n) - float(ndtri(1 - alpha)) * sqrt(discordant)) / sqrt(max(discordant - delta * delta, 1e-12))
    return float(ndtr(z))
