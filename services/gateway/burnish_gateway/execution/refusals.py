"""Rates that said no a moment ago."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field

from burnish_shared.books.admission import Answer, RateLimit, Verdict
from burnish_shared.errors import RateLimited

REFUSALS_MOST = 10_000
"""Rates remembered; beyond it the oldest are asked again."""


@dataclass(slots=True)
class Refusals:
    """Rates that said no, and until when: a flood is refused from memory. Exact, because a rate only recovers with time."""

    until: "OrderedDict[int, float]" = field(default_factory=OrderedDict)

    def check(self, rates: list[RateLimit]) -> None:
        """Raises RateLimited while a rate is known to say no."""
        now = time.monotonic()
        for rate in rates:
            until = self.until.get(rate.rate_id, 0.0)
            if until > now:
                raise RateLimited("Too many requests; wait as long as Retry-After says.", retry_after_s=until - now)

    def note(self, answer: Answer) -> None:
        if answer.verdict is Verdict.RATE and answer.limit_id is not None:
            self.until[answer.limit_id] = time.monotonic() + answer.retry_after_s
            while len(self.until) > REFUSALS_MOST:
                self.until.popitem(last=False)
