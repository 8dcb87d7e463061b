"""How fast a route is asked that said that it is asked too much. Pure: seconds are of any one clock."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final, Literal

STANDS_STILL_S: Final = 900.0
"""A route that was asked for so long and let nothing through is not slow: its quota is used up."""

FIRST_WAIT_S: Final = 1.0
WAIT_MOST_S: Final = 60.0
"""A route that says to come back soon, and then has no room again, is asked ever more seldom."""

KEPT_MOST: Final = 1_000
"""Routes; above it those are forgotten that nobody asked for long."""


Why = Literal["provider_limit", "provider_account"]
"""What a route waits for: a limit that ends by itself, or money in the account at the provider, which somebody has to put there."""


@dataclass(slots=True)
class _Slow:
    until: float = 0.0
    why: Why = "provider_limit"
    room: int = 1
    limits: int = 0
    """One after another, with no answer between; what was on its way together counts once."""
    stuck_since: float | None = None


@dataclass(slots=True)
class Pace:
    """One question at a time after a rest, and one more for each that gets through, as TCP begins slowly (RFC 5681, section 3.1).

    A route that was never limited, or that took `most` at a time since, is asked as fast as anybody likes.
    """

    most: int
    _slow: dict[Hashable, _Slow] = field(default_factory=dict)

    def limited(self, route: Hashable, *, now: float, wait_s: float, why: Why = "provider_limit") -> None:
        """It has no room for `wait_s` from now, 0 where it did not say; nor for as long as its last refusals make likely."""
        if len(self._slow) >= KEPT_MOST:
            self._slow = {one: slow for one, slow in self._slow.items() if now - slow.until < STANDS_STILL_S}
        slow = self._slow.setdefault(route, _Slow())
        if now >= slow.until:
            slow.limits += 1
        wait_s = max(wait_s, min(WAIT_MOST_S, FIRST_WAIT_S * 2.0 ** min(slow.limits - 1, 10)))
        slow.until, slow.room, slow.why = max(slow.until, now + wait_s), 1, why
        if slow.stuck_since is None:
            slow.stuck_since = now

    def answered(self, route: Hashable, *, now: float) -> None:
        """A question got through."""
        slow = self._slow.get(route)
        if slow is None:
            return
        slow.limits, slow.stuck_since = 0, None
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

    def waits_for(self, route: Hashable) -> tuple[Why, float] | None:
        """Why it is asked no faster, and when it is asked again, which may lie in the past; None once something got through."""
        slow = self._slow.get(route)
        return None if slow is None or slow.limits == 0 else (slow.why, slow.until)

    def moves(self, route: Hashable, *, now: float) -> bool:
        """False: since it was limited it has let nothing through for so long that waiting for it is no use."""
        slow = self._slow.get(route)
        return slow is None or slow.stuck_since is None or now - slow.stuck_since < STANDS_STILL_S
