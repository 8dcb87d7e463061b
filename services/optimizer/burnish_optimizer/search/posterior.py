"""Which edit deserves the credit: a linear-Gaussian model with one effect per edit and one per item (SCIENCE section 3).

score = item + Σ effects of the edits in the prompt + noise. Several prompts answer the same item, so the item's own effect is removed by
centring (a flat prior on it), and what is left is Bayesian linear regression with prior effect ~ N(prior_mean, prior_sd²).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DECIMALS = 9
"""Results are rounded here, so that another order of summation in a linear-algebra library changes no decision (PROMISES O-04)."""


@dataclass(slots=True)
class EffectModel:
    """Sufficient statistics of all rounds so far. Edits are columns in the order in which they entered."""

    observation_variance: float
    prior_mean: float
    prior_sd: float
    _precision: Array = field(default_factory=lambda: np.zeros((0, 0)))
    _weighted: Array = field(default_factory=lambda: np.zeros(0))
    mean: Array = field(default_factory=lambda: np.zeros(0))
    covariance: Array = field(default_factory=lambda: np.zeros((0, 0)))

    def add_edits(self, count: int) -> None:
        """Makes room for `count` new edits, known by their prior alone."""
        if count == 0:
            return
        old = len(self._weighted)
        grown = np.zeros((old + count, old + count))
        grown[:old, :old] = self._precision
        grown[range(old, old + count), range(old, old + count)] = self.prior_sd**-2
        self._precision = grown
        self._weighted = np.concatenate([self._weighted, np.full(count, self.prior_mean * self.prior_sd**-2)])
        self._solve()

    def observe(self, design: Array, scores: Array) -> None:
        """One round. `design` is prompts × edits of 0 and 1; `scores` is prompts × items."""
        centred = design - design.mean(axis=0)
        residual = scores - scores.mean(axis=0)
        self._precision += scores.shape[1] * (centred.T @ centred) / self.observation_variance
        self._weighted += centred.T @ residual.sum(axis=1) / self.observation_variance
        self._solve()

    def _solve(self) -> None:
        covariance = np.linalg.inv(self._precision)
        self.covariance = np.round((covariance + covariance.T) / 2, DECIMALS + 3)
        self.mean = np.round(self.covariance @ self._weighted, DECIMALS)

    @property
    def sd(self) -> Array:
        return np.asarray(np.round(np.sqrt(np.maximum(np.diag(self.covariance), 1e-18)), DECIMALS), dtype=np.float64)

    def draw(self, rng: np.random.Generator, count: int) -> Array:
        """Thompson samples, count × edits, by Cholesky and our own normals (SVD-based sampling is not reproducible across libraries)."""
        size = len(self.mean)
        lower = np.linalg.cholesky(self.covariance + 1e-9 * np.eye(size))
        return np.round(self.mean + rng.standard_normal((count, size)) @ lower.T, DECIMALS)
