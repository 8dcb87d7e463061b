"""When the next batch of a busy statement is sent: at once where little comes, a little later where much comes, for more of it. Pure."""

import math
from dataclasses import dataclass
from typing import Final

EACH_S: Final = 0.001
"""Of waiting for each that the last batch held: so much a batch that is larger by one saves all processes (docs/decisions/0060)."""

MOST_S: Final = 0.006

RECENT_S: Final = 0.05
"""A batch that was answered longer ago says nothing of how many come now."""

ENOUGH: Final = 16
"""So many waiting are sent at once: a batch of twice the size saves little more."""

SKIPPED_MOST: Final = 3
"""Pauses that are left out after several in which nobody came: few callers who go on together would pay for each, and gain nothing."""


@dataclass(slots=True)
class Gathering:
    """Batches of one statement, sent one after another. Where the last one held a single request, or was long ago, nobody waits; where
    nobody came during a pause, twice as many of the next ones are left out as the time before.

    `each_s`, `most_s`: how long one that waits is put off, for each that the last batch held, and at most.
    """

    each_s: float = EACH_S
    most_s: float = MOST_S
    _skips: int = 0
    _skipped: int = 0
    _size: int = 1
    _sent_at: float = -math.inf

    def sent(self, size: int, *, now: float) -> None:
        """A batch of `size` was answered. `now`: seconds, of the event loop's clock."""
        self._size, self._sent_at = size, now

    def brought(self, more: int) -> None:
        """So many more wait after a pause; fewer where callers gave up."""
        self._skips = 0 if more > 0 else min(2 * self._skips + 1, SKIPPED_MOST)
        self._skipped = self._skips

    def wait_s(self, waiting: int, *, now: float) -> float:
        """How long the next one, for which so many wait, is put off; 0: not at all."""
        if self._size <= 1 or waiting >= ENOUGH or now - self._sent_at > RECENT_S:
            return 0.0
        if self._skipped:
            self._skipped -= 1
            return 0.0
        return min(self.each_s * self._size, self.most_s)
