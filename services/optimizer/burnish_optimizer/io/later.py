"""Questions that are asked again after a while."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from burnish_optimizer.io.asked import Asked


@dataclass(slots=True)
class Later:
    """`again`: takes a question whose time has come."""

    again: Callable[[Asked], None]
    _waiting: dict["asyncio.TimerHandle", Asked] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, asked: Asked, *, wait_s: float) -> None:
        def due() -> None:
            self._waiting.pop(timer, None)
            self.again(asked)

        timer = asyncio.get_running_loop().call_later(wait_s, due)
        self._waiting[timer] = asked

    def let_all_go(self) -> list[Asked]:
        """What waits, which does so no longer."""
        waiting = list(self._waiting.values())
        self.cancel()
        return waiting

    def cancel(self) -> None:
        for timer in self._waiting:
            timer.cancel()
        self._waiting.clear()
