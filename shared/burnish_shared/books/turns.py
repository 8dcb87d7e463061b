"""Whether a batch commits durably by itself, in one round trip, or is flushed by another one when its locks are free. Pure."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

FAST_S: Final = 0.001
"""A disk that takes less holds nobody up: its locks are kept no longer than the statement itself takes (docs/decisions/0128)."""

RECENT: Final = 8
"""So many flushes are compared. The quickest of them tells of the disk, the others of how busy this process is."""

IN_ONE_MOST: Final = 31
"""Batches in one turn between two that are flushed apart, which is where the disk's time is seen."""


@dataclass(slots=True)
class Turns:
    """Of one statement's batches, one after another. Until RECENT flushes were seen, and where the disk is slow, each takes two turns."""

    _took_s: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    _in_one: int = 0

    def in_one(self) -> bool:
        """Of the next batch."""
        if self._in_one == 0:
            return False
        self._in_one -= 1
        return True

    def flushed(self, took_s: float) -> None:
        """A flush took so long, seconds, as its caller saw it."""
        self._took_s.append(took_s)
        is_quick = len(self._took_s) == RECENT and min(self._took_s) < FAST_S
        self._in_one = IN_ONE_MOST if is_quick else 0
