"""How much of the best score is luck: whoever was chosen on some items looks better on them than on new ones."""

from collections.abc import Sequence
from typing import Final

import numpy as np

RESAMPLES: Final = 2_000


def optimism(scores: Sequence[Sequence[float]], *, rng: np.random.Generator) -> float:
    """By how much the winner's mean is expected to be above what it is worth; not below 0.

    `scores`: contenders × items, all on the same items. The items are drawn anew, with repetition, the best contender of the draw is
    chosen, and its mean there is compared with its mean on all items (the bootstrap's optimism, after Tibshirani and Tibshirani, Annals
    of Applied Statistics 3 (2009) 822-829). 0 with fewer than two contenders: nothing was chosen.
    """
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or len(table) < 2 or table.shape[1] == 0:
        return 0.0
    items = table.shape[1]
    drawn = rng.multinomial(items, np.full(items, 1 / items), size=RESAMPLES) / items @ table.T
    best = drawn.argmax(axis=1)
    return max(0.0, round(float((drawn[np.arange(RESAMPLES), best] - table.mean(axis=1)[best]).mean()), 6))
