"""When percentiles of latency are read anew: each time every answer is read, so not at every look (decision 63)."""

from typing import Final

from burnish_optimizer.core.experiment_orders import Seen
from burnish_shared.experiments.quantiles import COUNTED

LARGE: Final = 200_000
"""Answers from which on reading takes seconds: 500,000 took 4.4 to 5 s on a busy machine."""

GROWTH: Final = 1.1
GROWTH_OF_LARGE: Final = 1.2
"""How many times the answers of the last reading there have to be. Over an experiment's life some eleven, or six, times as many rows are
read as it has in the end."""


def answers_of(seen: Seen) -> int:
    """Of all arms, those that have a latency."""
    return round(sum(sums[COUNTED].x for epoch in seen.epochs for sums in epoch.sums.values() if COUNTED in sums))


def is_due(seen: Seen, read_at: tuple[int, int]) -> bool:
    """`read_at`: answers and epochs when they were read last, or when that was tried in vain; (0, 0) before."""
    answers, (read, epochs) = answers_of(seen), read_at
    growth = GROWTH if answers < LARGE else GROWTH_OF_LARGE
    return answers > 0 and (epochs != len(seen.epochs) or answers >= growth * read)


def is_due_before_deciding(seen: Seen, read_at: tuple[int, int]) -> bool:
    """Something is to be decided, for good: figures should be those of now. Where they only stand beside what is decided, and reading
    them takes long, nobody waits for them."""
    answers = answers_of(seen)
    return read_at[0] != answers and (seen.plan.is_of_quantile or answers < LARGE)
