"""How fast a route is asked that said that it is asked too much. Pure: seconds are of any one clock."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final

STANDS_STILL_S: Final = 900.0
"""A route that answered nothing for so long is not slow: its quota is used up, or it is not there."""


@dataclass(slots=True)
class _Slow:
    until: float
    room: int
    answered_at: float


@dataclass(slots=True)
class Pace:
    """One question at a time after a rest, and one more for each that gets through, as TCP begins slowly (RFC 5681, section 3.1).

    A route that was never limited, or that took `most` at a time since, is asked as fast as anybody likes.
    """

    most: int
    _slow: dict[Hashable, _Slow] = field(default_factory=dict)

    def limited(self, route: Hashable, *, now: float, wait_s: float) -> None:
        """It has no room for `wait_s` from now."""
        slow = self._slow.setdefault(route, _Slow(0.0, 1, now))
        slow.until, slow.room = max(slow.until, now + wait_s), 1

    def answered(self, route: Hashable, *, now: float) -> None:
        """A question got through."""
        slow = self._slow.get(route)
        if slow is None:
            return
        slow.answered_at = now
        if now >= slow.until:
            slow.room += 1
        if slow.room >= self.most:
            del self._slow[route]

    def room(self, route: Hashable, *, now: float) -> int:
        """So many may be on their way there: none while it rests."""
        slow = self._slow.get(route)
        if slow is None:
            return self.most
        return slow.room if now >= slow.until else 0

    def rests_until(self, route: Hashable) -> float:
        """May lie in the past."""
        slow = self._slow.get(route)
        return 0.0 if slow is None else slow.until

    def moves(self, route: Hashable, *, now: float) -> bool:
        """False: it has been limited for so long, and answered nothing, that waiting for it is no use."""
        slow = self._slow.get(route)
        return slow is None or now - slow.answered_at < STANDS_STILL_S
