"""A model of what makes a prompt good, fitted on what was scored before. It speaks only while it shows that it can predict.

Ridge regression on which lines and words stand in a prompt, how long it is, how many examples it has, and which model answered.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish_shared.prompt_contract import tokens_in

Array = NDArray[np.float64]
LEAST_ROWS = 30
LEAST_SPEARMAN = 0.3
"""Out-of-fold rank correlation below which there is no signal (SCIENCE section 3)."""

FOLDS = 5
FEATURES_MOST = 200
RIDGE = 3.0


@dataclass(frozen=True, slots=True)
class Row:
    """One prompt with its mean score under one model. `weight`: how many evaluations stand behind it."""

    prompt: str
    score: float
    model: str = ""
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a feature adds to the score when it is there, with a 95 % interval of the posterior."""

    feature: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Learned:
    """A fitted model. `spearman` is what it reached on prompts it had not seen."""

    features: tuple[str, ...]
    spearman: float
    rows: int
    _mean: float
    _centre: tuple[float, ...]
    _weights: tuple[float, ...]
    _sds: tuple[float, ...]

    def predict(self, prompt: str, model: str = "") -> float:
        vector = _vector(prompt, model, self.features) - np.array(self._centre)
        return round(float(self._mean + vector @ np.array(self._weights)), 9)

    def order(self, prompts: Sequence[str], model: str = "") -> list[str]:
        """The most promising first; equal ones as they came."""
        return sorted(prompts, key=lambda one: -self.predict(one, model))

    def explain(self) -> tuple[Contribution, ...]:
        """The strongest contributions first."""
        rows = zip(self.features, self._weights, self._sds, strict=True)
        found = [Contribution(name, weight, weight - 1.96 * sd, weight + 1.96 * sd) for name, weight, sd in rows]
        return tuple(sorted(found, key=lambda one: (-abs(one.value), one.feature))[:20])


@dataclass(frozen=True, slots=True)
class NoSignal:
    """Why nothing was learned. `spearman` is None where there was too little to try."""

    reason: str
    spearman: float | None
    rows: int


def learn(rows: Sequence[Row], *, seed: int = 0) -> Learned | NoSignal:
    """A model of these rows, or an honest no. All rows of one prompt stay in one fold."""
    prompts = sorted({row.prompt for row in rows})
    if len(prompts) < LEAST_ROWS:
        return NoSignal(f"fewer than {LEAST_ROWS} different prompts were scored", None, len(rows))
    features = _features(rows)
    table = np.array([_vector(row.prompt, row.model, features) for row in rows])
    scores, weights = np.array([row.score for row in rows]), np.array([float(row.weight) for row in rows])
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(prompts))
    fold_of = {prompts[index]: n % FOLDS for n, index in enumerate(order)}
    folds = np.array([fold_of[row.prompt] for row in rows])
    predicted = np.zeros(len(rows))
    for fold in range(FOLDS):
        inside = folds != fold
        mean, centre, slope, _ = _ridge(table[inside], scores[inside], weights[inside])
        predicted[~inside] = mean + (table[~inside] - centre) @ slope
    value = _spearman(np.round(predicted, 9), scores)
    if value < LEAST_SPEARMAN:
        return NoSignal(f"it does not predict prompts it has not seen (rank correlation {value:.2f})", value, len(rows))
    mean, centre, slope, sds = _ridge(table, scores, weights)
    return Learned(features, value, len(rows), mean, tuple(centre.tolist()), tuple(slope.tolist()), tuple(sds.tolist()))


def _features(rows: Sequence[Row]) -> tuple[str, ...]:
    counts: Counter[str] = Counter()
    for prompt in {row.prompt for row in rows}:
        counts.update(_present(prompt))
    size = len({row.prompt for row in rows})
    common = [name for name, n in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])) if 3 <= n <= size - 3][:FEATURES_MOST]
    models = sorted({f"model: {row.model}" for row in rows if row.model})
    return ("length", "examples", *models[1:], *common)


def _present(prompt: str) -> set[str]:
    lines = {f"line: {line.strip()}" for line in prompt.split("\n") if line.strip()}
    return lines | {f"word: {word}" for word in re.findall(r"[^\W\d_]{4,}", prompt.lower())}


def _vector(prompt: str, model: str, features: Sequence[str]) -> Array:
    present = _present(prompt) | {f"model: {model}"}
    values = {"length": np.log1p(tokens_in(prompt)), "examples": float(sum("->" in line for line in prompt.split("\n")))}
    return np.array([values.get(name, float(name in present)) for name in features])


def _ridge(table: Array, scores: Array, weights: Array) -> tuple[float, Array, Array, Array]:
    share = weights / weights.sum()
    centre, mean = share @ table, float(share @ scores)
    centred, residual = table - centre, scores - mean
    scaled = centred * (weights / weights.mean())[:, None]
    inverse = np.linalg.inv(scaled.T @ centred + RIDGE * np.eye(table.shape[1]))
    slope = inverse @ (scaled.T @ residual)
    left = residual - centred @ slope
    variance = float((share * left**2).sum())
    return mean, centre, slope, np.sqrt(np.maximum(np.diag(inverse), 0) * variance)


def _spearman(one: Array, other: Array) -> float:
    a, b = _ranks(one), _ranks(other)
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return round(float(np.corrcoef(a, b)[0, 1]), 6)


def _ranks(values: Array) -> Array:
    """Mean ranks, ties shared."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[inverse], dtype=np.float64)
