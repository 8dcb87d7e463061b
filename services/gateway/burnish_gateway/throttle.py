"""How fast somebody may send, in this process: a bucket of tokens each. The time is an argument."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

KEYS_MOST: Final = 10_000


@dataclass(slots=True)
class Throttle:
    """`rate_per_s` tokens a second, at most `burst` saved up."""

    rate_per_s: float
    burst: float
    _known: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def take(self, key: str, *, now_s: float) -> float:
        """Takes a token: 0. Seconds until there is one, where there is none."""
        tokens = self._tokens(key, now_s)
        if tokens < 1:
            return (1 - tokens) / self.rate_per_s
        self._known[key] = (tokens - 1, now_s)
        self._known.move_to_end(key)
        if len(self._known) > KEYS_MOST:
            self._known.popitem(last=False)
        return 0.0

    def left(self, key: str, *, now_s: float) -> float:
        """Tokens that are there."""
        return self._tokens(key, now_s)

    def _tokens(self, key: str, now_s: float) -> float:
        tokens, at = self._known.get(key, (self.burst, now_s))
        return min(self.burst, tokens + max(0.0, now_s - at) * self.rate_per_s)
