"""Whether a batch commits durably by itself, in one round trip, or is flushed by another one when its locks are free."""

import math
from collections import deque
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncpg

    from burnish_shared.db.session import DurableConnection

FAST_S: Final = 0.001
"""A disk that takes less holds nobody up: its locks are kept no longer than the statement itself takes (docs/decisions/0128)."""

RECENT: Final = 8
"""So many flushes are compared. The quickest of them tells of the disk, the others of how busy this process is."""

IN_ONE_MOST: Final = 31
"""Batches in one turn between two that are flushed apart, which is where the disk's time is seen."""

STALLED_S: Final = 0.15
"""Who waits for a lock gives up after 0.25 s: a batch that took so long in one turn was near to making others do so."""

STALLED_REST_S: Final = 600.0
"""A disk that stalled may do so again, as at each checkpoint (every 5 minutes)."""


@dataclass(slots=True)
class Turns:
    """Of one statement's batches, one after another; pure. Until RECENT flushes were seen, and where the disk is slow, each takes two
    turns, but for one that comes alone; for STALLED_REST_S after the disk stalled, that one too. `now` and `took_s`: seconds, of one
    clock that only goes forward."""

    _took_s: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    _in_one: int = 0
    _two_until: float = -math.inf
    _is_warm: bool = False

    def in_one(self, *, alone: bool, now: float) -> bool:
        """Of the next batch. `alone`: nobody of this process waits for its locks."""
        if now < self._two_until:
            return False
        if alone:
            return True
        if self._in_one == 0:
            return False
        self._in_one -= 1
        return True

    def flushed(self, took_s: float) -> None:
        """A flush took so long, as its caller saw it."""
        self._took_s.append(took_s)
        is_quick = len(self._took_s) == RECENT and min(self._took_s) < FAST_S
        self._in_one = IN_ONE_MOST if is_quick else 0

    def went_in_one(self, took_s: float, *, now: float) -> None:
        """A batch waited for its locks and held them, through its flush, for so long. Of the first one most is its connection's start."""
        if took_s >= STALLED_S and self._is_warm:
            self._two_until = now + STALLED_REST_S
        self._is_warm = True


async def commit(
    turns: Turns, early: "DurableConnection", disk: "DurableConnection", sql: str, *arguments: object, alone: bool
) -> "asyncpg.Record | None":
    """The row of a statement, on disk. Raises what DurableConnection.fetchrow raises.

    `early` commits without waiting for the disk, `disk` waits for it. `alone`: as in Turns.
    """
    since = monotonic()
    if turns.in_one(alone=alone, now=since):
        try:
            return await disk.fetchrow(sql, *arguments)
        finally:  # One that gave up waiting for locks, too: somebody else holds them through a flush that takes its time.
            ended = monotonic()
            turns.went_in_one(ended - since, now=ended)
    row = await early.fetchrow(sql, *arguments)
    turns.flushed(await disk.flush())
    return row
