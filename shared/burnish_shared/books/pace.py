"""How far apart batches of a statement are (docs/decisions/0052)."""

import asyncio
import math
from dataclasses import dataclass
from typing import Final

APART_S: Final = 0.005
"""Between the beginnings of two batches, where requests come in crowds. A statement has a price of its own, whoever shares it."""


@dataclass(slots=True)
class Pace:
    """Lets a batch grow for a moment where the one before held several. Whoever comes alone waits for nothing."""

    apart_s: float = APART_S
    _began_at: float = -math.inf
    _was_shared: bool = False

    async def wait(self) -> None:
        """Before the next batch is put together."""
        rest_s = self._began_at + self.apart_s - asyncio.get_running_loop().time()
        if self._was_shared and rest_s > 0:
            await asyncio.sleep(rest_s)

    def begin(self, size: int) -> None:
        """A batch of `size` begins now."""
        self._began_at, self._was_shared = asyncio.get_running_loop().time(), size > 1
