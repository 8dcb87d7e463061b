"""What people complain about, as clusters: words weighted by rarity, k-means on the sphere, the number of clusters by silhouette."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish_optimizer.search.words import STOP_STEMS
from burnish_shared.word_stems import stems

Array = NDArray[np.float64]
CLUSTERS_MOST = 8
LEAST_IN_CLUSTER = 3
VOCABULARY_MOST = 2_000
LEAST_SILHOUETTE = 0.05


@dataclass(frozen=True, slots=True)
class Theme:
    """Texts that speak of one thing. `words` tell it from the others, the most telling first."""

    words: tuple[str, ...]
    members: tuple[int, ...]
    cohesion: float


def themes(texts: Sequence[str], *, seed: int = 0) -> tuple[Theme, ...]:
    """Themes of these texts, the largest first. Empty where the texts have nothing in common that divides them.

    A second or more for a thousand texts, at the processor: not for an event loop.
    """
    table, words = _weighted(texts)
    if len(texts) < 2 * LEAST_IN_CLUSTER or not words:
        return ()
    rng = np.random.Generator(np.random.PCG64(seed))
    distance = 1 - table @ table.T
    best: tuple[float, NDArray[np.int64]] | None = None
    for count in range(2, min(CLUSTERS_MOST, len(texts) // LEAST_IN_CLUSTER) + 1):
        labels = _clusters(table, count, rng)
        value = _silhouette(distance, labels)
        if best is None or value > best[0] + 1e-9:
            best = (value, labels)
    if best is None or best[0] < LEAST_SILHOUETTE:
        return ()
    found = [_theme(table, words, np.flatnonzero(best[1] == label)) for label in np.unique(best[1])]
    return tuple(sorted((one for one in found if len(one.members) >= LEAST_IN_CLUSTER), key=lambda one: (-len(one.members), one.members)))


def _weighted(texts: Sequence[str]) -> tuple[Array, list[str]]:
    bags = [stems(text) - STOP_STEMS for text in texts]
    counts = Counter(word for bag in bags for word in bag)
    words = [word for word, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])) if count >= 2][:VOCABULARY_MOST]
    index = {word: n for n, word in enumerate(words)}
    table = np.zeros((len(texts), len(words)))
    for row, bag in enumerate(bags):
        for word in bag & index.keys():
            table[row, index[word]] = np.log((1 + len(texts)) / (1 + counts[word])) + 1
    norms = np.linalg.norm(table, axis=1, keepdims=True)
    return table / np.where(norms > 0, norms, 1), words


def _clusters(table: Array, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Spherical k-means from the best of five spread beginnings."""
    best = (-np.inf, np.zeros(len(table), dtype=np.int64))
    for _ in range(5):
        centres = table[_spread(table, count, rng)]
        labels = np.zeros(len(table), dtype=np.int64)
        for _ in range(30):
            closeness = np.round(table @ centres.T, 9)
            fresh = closeness.argmax(axis=1)
            sums = np.array([table[fresh == label].sum(axis=0) for label in range(count)])
            norms = np.linalg.norm(sums, axis=1, keepdims=True)
            centres = np.where(norms > 0, sums / np.where(norms > 0, norms, 1), centres)
            if (fresh == labels).all():
                break
            labels = fresh
        fit = float(closeness.max(axis=1).sum())
        if fit > best[0] + 1e-9:
            best = (fit, labels)
    return best[1]


def _spread(table: Array, count: int, rng: np.random.Generator) -> list[int]:
    chosen = [int(rng.integers(len(table)))]
    while len(chosen) < count:
        far = np.round(1 - (table @ table[chosen].T).max(axis=1), 9)
        chosen.append(int(far.argmax()))
    return chosen


def _silhouette(distance: Array, labels: NDArray[np.int64]) -> float:
    """Mean silhouette by cosine distance; -1 where all are in one cluster."""
    kinds = np.unique(labels)
    if len(kinds) < 2:
        return -1.0
    member = np.array([labels == kind for kind in kinds], dtype=np.float64)
    sizes = member.sum(axis=1)
    sums = distance @ member.T
    own = np.searchsorted(kinds, labels)
    rows = np.arange(len(labels))
    inside = sums[rows, own] / np.maximum(sizes[own] - 1, 1)
    outside = sums / sizes
    outside[rows, own] = np.inf
    nearest = outside.min(axis=1)
    value = np.where(sizes[own] > 1, (nearest - inside) / np.maximum(np.maximum(nearest, inside), 1e-12), 0)
    return round(float(value.mean()), 9)


def _theme(table: Array, words: list[str], members: NDArray[np.int64]) -> Theme:
    inside = table[members].mean(axis=0)
    telling = inside - np.delete(table, members, axis=0).mean(axis=0)
    centre = inside / max(float(np.linalg.norm(inside)), 1e-12)
    top = sorted(range(len(words)), key=lambda n: (-round(float(telling[n]), 9), words[n]))[:6]
    return Theme(tuple(words[n] for n in top), tuple(int(n) for n in members), round(float((table[members] @ centre).mean()), 6))
