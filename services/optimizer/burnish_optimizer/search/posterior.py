"""Which edit deserves the credit: a linear-Gaussian model with one effect per edit and one per item (SCIENCE section 3).

score = item + Σ effects of the edits in the prompt + noise. Several prompts answer the same item, so the item's own effect is removed by
centring (a flat prior on it), and what is left is Bayesian linear regression with prior effect ~ N(prior_mean, prior_sd²). Edits that came
of one reflection are correlated beforehand (decision 71).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DECIMALS = 9
"""Results are rounded here, so that another order of summation in a linear-algebra library changes no decision (PROMISES O-04)."""


VARIANCES: Final = (0.02, 0.035, 0.05, 0.08, 0.11, 0.14, 0.18)
SCALES: Final = (0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2)
MEAN_OF_SCALE: Final = 0.25
"""The prior mean of an effect, in prior standard deviations: reflections help a little on average."""

SHARED_FATE: Final = 0.3
"""Prior correlation of the edits of one reflection: one that saw what was missing rarely says one thing right and the next one wrong."""


@dataclass(slots=True)
class EffectModel:
    """Sufficient statistics of all rounds so far. Edits are columns in the order in which they entered."""

    observation_variance: float
    prior_mean: float
    prior_sd: float
    _sources: list[int] = field(default_factory=list)
    _gram: Array = field(default_factory=lambda: np.zeros((0, 0)))
    _moment: Array = field(default_factory=lambda: np.zeros(0))
    _square: float = 0.0
    _sums: Array = field(default_factory=lambda: np.zeros((0, 0)))
    _counts: list[int] = field(default_factory=list)
    _totals: list[float] = field(default_factory=list)
    _rows: dict[str, int] = field(default_factory=dict)
    _seen: set[tuple[str, tuple[int, ...]]] = field(default_factory=set)
    _products: Array = field(default_factory=lambda: np.zeros((0, 0)))
    _weighted: Array = field(default_factory=lambda: np.zeros(0))
    _squares: float = 0.0
    _freedom: int = 0
    mean: Array = field(default_factory=lambda: np.zeros(0))
    covariance: Array = field(default_factory=lambda: np.zeros((0, 0)))

    def add_edits(self, sources: Sequence[int]) -> None:
        """Makes room for new edits, known by their prior alone. `sources`: what each came of; the same number: of the same reflection."""
        if not sources:
            return
        old, count = len(self._moment), len(sources)
        self._sources += sources
        grown = np.zeros((old + count, old + count))
        grown[:old, :old] = self._gram
        self._gram = grown
        self._moment = np.concatenate([self._moment, np.zeros(count)])
        self._sums = np.hstack([self._sums, np.zeros((len(self._sums), count))])
        self._solve()

    def observe(self, item: str, arms: Sequence[tuple[int, ...]], scores: Sequence[float]) -> int:
        """Answers of several combinations to one item. What was seen before of the same two is no news; returns how many were.

        All answers to an item, of whatever round, share its effect: so they are compared with one another. Call `update` after a round.
        """
        if item not in self._rows:
            self._rows[item] = len(self._counts)
            self._counts.append(0)
            self._totals.append(0.0)
            self._sums = np.vstack([self._sums, np.zeros((1, len(self._moment)))])
        row, fresh = self._rows[item], 0
        for arm, score in zip(arms, scores, strict=True):
            if (item, arm) in self._seen:
                continue
            self._seen.add((item, arm))
            fresh += 1
            columns = list(arm)
            self._gram[np.ix_(columns, columns)] += 1
            self._moment[columns] += score
            self._sums[row, columns] += 1
            self._square += score * score
            self._counts[row] += 1
            self._totals[row] += score
        return fresh

    def has_met(self, item: str) -> bool:
        """Whether any answer to this item was observed."""
        return item in self._rows

    def update(self) -> None:
        """Takes in what was observed: item effects are removed by centring each item's answers."""
        counts, totals = np.array(self._counts, dtype=float), np.array(self._totals)
        shares = self._sums / np.maximum(counts, 1)[:, None]
        self._products = self._gram - shares.T @ self._sums
        self._weighted = self._moment - shares.T @ totals
        self._squares = self._square - float((totals**2 / np.maximum(counts, 1)).sum())
        self._freedom = int((counts - (counts > 0)).sum())
        self._solve()

    def observations(self) -> list[int]:
        """How many different answers each edit had a part in."""
        return [int(count) for count in np.diag(self._gram)]

    def adapt(self) -> None:
        """Takes the size of effects and of noise that make what was seen most likely (empirical Bayes, over a grid)."""
        if len(self._weighted) == 0 or self._freedom == 0:
            return
        root = self._root(len(self._weighted))
        values, vectors = np.linalg.eigh(root.T @ self._products @ root)
        turned, ones = vectors.T @ root.T @ self._weighted, vectors.T @ np.linalg.solve(root, np.ones(len(root)))
        values = np.maximum(values, 0)
        evidence = {
            (variance, scale): round(self._evidence(values, turned, ones, variance=variance, scale=scale), 6)
            for variance in VARIANCES
            for scale in SCALES
        }
        self.observation_variance, self.prior_sd = max(evidence, key=lambda pair: evidence[pair])
        self.prior_mean = MEAN_OF_SCALE * self.prior_sd
        self._solve()

    def _evidence(self, values: Array, turned: Array, ones: Array, *, variance: float, scale: float) -> float:
        """Log of the marginal likelihood, in the eigenbasis of the design once the prior is white; constants left out."""
        mean = MEAN_OF_SCALE * scale
        precision = values / variance + scale**-2
        weighted = turned / variance + mean * ones / scale**2
        before = 2 * len(values) * np.log(scale) + float(ones @ ones) * mean**2 / scale**2
        fit = -self._freedom * np.log(variance) - self._squares / variance - before
        return float(fit - np.log(precision).sum() + (weighted**2 / precision).sum()) / 2

    def _solve(self) -> None:
        size = len(self._moment)
        if len(self._weighted) < size:
            missing = size - len(self._weighted)
            self._products = np.pad(self._products, ((0, missing), (0, missing)))
            self._weighted = np.concatenate([self._weighted, np.zeros(missing)])
        white = np.linalg.inv(self._root(size))
        prior = white.T @ white * self.prior_sd**-2
        precision = self._products / self.observation_variance + prior
        weighted = self._weighted / self.observation_variance + prior @ np.full(size, self.prior_mean)
        covariance = np.linalg.inv(precision)
        self.covariance = np.round((covariance + covariance.T) / 2, DECIMALS + 3)
        self.mean = np.round(self.covariance @ weighted, DECIMALS)

    def _root(self, size: int) -> Array:
        """Lower root of the prior correlation of the first `size` edits."""
        sources = np.array(self._sources[:size])
        together = (sources[:, None] == sources[None, :]).astype(float)
        return np.linalg.cholesky(SHARED_FATE * together + (1 - SHARED_FATE) * np.eye(size))

    def contrast(self, arm: tuple[int, ...], other: tuple[int, ...]) -> tuple[float, float]:
        """Expected difference of two combinations, and its standard deviation."""
        weights = np.zeros(len(self.mean))
        weights[list(arm)] += 1
        weights[list(other)] -= 1
        variance = float(weights @ self.covariance @ weights)
        return round(float(weights @ self.mean), DECIMALS), round(max(variance, 1e-18) ** 0.5, DECIMALS)

    @property
    def sd(self) -> Array:
        return np.asarray(np.round(np.sqrt(np.maximum(np.diag(self.covariance), 1e-18)), DECIMALS), dtype=np.float64)

    def draw(self, rng: np.random.Generator, count: int) -> Array:
        """Thompson samples, count × edits, by Cholesky and our own normals (SVD-based sampling is not reproducible across libraries).

        They come in pairs, each the mirror image of the other at the mean: what is undecided is in one of the two (decision 71).
        """
        size = len(self.mean)
        lower = np.linalg.cholesky(self.covariance + 1e-9 * np.eye(size))
        half = rng.standard_normal(((count + 1) // 2, size))
        normals = np.stack([half, -half], axis=1).reshape(-1, size)[:count]
        return np.round(self.mean + normals @ lower.T, DECIMALS)
