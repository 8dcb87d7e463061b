"""How long an address is left alone because its provider asked for patience: without a workspace's own key, which has a row for that."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.core.waterfall import COOLDOWN_MOST_S

RESTS_MOST: Final = 10_000

NOT_SAID_S: Final = 1.0
"""After a 429 that does not say how long: many callers share the operator's key, so it is tried again soon."""

NEWS_S: Final = 0.5
"""A rest that ends so little later than the one that is known is no news."""


@dataclass(slots=True)
class Rests:
    """In this process. Others hear of it (share_limits.py). `most_s`: longest that anything rests."""

    most_s: float = COOLDOWN_MOST_S
    _until: dict[str, float] = field(default_factory=dict)

    def note(self, place: str, failure: Failure) -> float | None:
        """The provider asked for patience. Returns how long the place rests, where others should hear of it."""
        return self.rest(place, NOT_SAID_S if failure.retry_after_s is None else failure.retry_after_s)

    def rest(self, place: str, seconds: float) -> float | None:
        """Nobody calls there for so long. None: that was known, nearly."""
        now, rests_s = asyncio.get_running_loop().time(), min(seconds, self.most_s)
        before = self._until.get(place, 0.0)
        self._until[place] = max(before, now + rests_s)
        if len(self._until) > RESTS_MOST:
            self._until = {one: until for one, until in self._until.items() if until > now}
        return rests_s if now + rests_s - before >= NEWS_S else None

    @property
    def are_any(self) -> bool:
        """Does any place rest?"""
        return bool(self._until)

    def refusal(self, place: str) -> Failure | None:
        """Why nobody is called there now."""
        until = self._until.get(place)
        if until is None:
            return None
        rests_s = until - asyncio.get_running_loop().time()
        if rests_s <= 0:
            del self._until[place]
            return None
        return Failure(FailureKind.RATE_LIMITED, "The provider asked for patience a moment ago.", retry_after_s=rests_s)
