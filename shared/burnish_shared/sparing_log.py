"""Lines of the log that somebody outside, or a server that is away, can cause: told once, and then as a count."""

import time
from collections.abc import Callable, Hashable
from typing import Final

INTERVAL_S: Final = 60.0

MOST_KEPT: Final = 1_000
"""Kinds that are remembered. Beyond it the oldest is forgotten, which may cost a line more."""


class SparingLog:
    """Says when a line of some kind is due: at once, and then every `interval_s` at most, with how many came since the line before."""

    def __init__(self, *, interval_s: float = INTERVAL_S, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._interval_s = interval_s
        self._kinds: dict[Hashable, tuple[float, int]] = {}
        """Kind → when its line was told last, and how many came since."""

    def due(self, kind: Hashable) -> int | None:
        """One more of this kind. How many the line stands for; None: it is not due, and this one is counted for the next."""
        now = self._now()
        told_at, untold = self._kinds.pop(kind, (None, 0))
        if told_at is not None and now - told_at < self._interval_s:
            self._kinds[kind] = (told_at, untold + 1)
            return None
        self._kinds[kind] = (now, 0)
        if len(self._kinds) > MOST_KEPT:
            del self._kinds[next(iter(self._kinds))]
        return untold + 1
