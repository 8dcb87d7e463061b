"""Long computing that a unit of work needs is done outside of it: no connection and no lock is held meanwhile.

A unit of work reads, and asks for a result by what it is computed from (`result_of`). Where that is not known yet, the unit of work is
rolled back, the result is computed in a thread, and the unit of work is run again (`Outside.run`). It then reads anew, and takes the result
only where all that it was computed from is still the same; else it is computed again.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from weakref import WeakValueDictionary

from burnish_shared.errors import Unavailable

LARGE_AT_ONCE: Final = 2
"""Uploads of items that are compared with one another at the same time: each may take seconds of a core and a gigabyte (measured for
16 MiB of long texts)."""

ATTEMPTS_MOST: Final = 10
"""So often a result may be missing for one turn. In one process those who change the same thing wait for each other, so only another
gateway can be in the way."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Known:
    given: object
    result: Any


_known: ContextVar[list[_Known] | None] = ContextVar("burnish_known_outside", default=None)


class NeedsResult(Exception):
    """Raised in a unit of work that has to wait for a result. `Outside.run` is who handles it; nobody else may."""

    def __init__(self, given: object, compute: Callable[[], Any], *, turn: Hashable | None, is_large: bool) -> None:
        super().__init__("A unit of work needs a result that is computed outside of it: run it by Outside.run.")
        self.given, self.compute, self.turn, self.is_large = given, compute, turn, is_large


def result_of(given: object) -> Any | None:
    """What was computed from just this (`==`) for the unit of work that runs. None: nothing yet; read what it takes, raise NeedsResult."""
    return next((one.result for one in _known.get() or () if one.given == given), None)


@dataclass(slots=True)
class Outside:
    """Of one process. `large`: who computes much at once takes a place in it."""

    large: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LARGE_AT_ONCE))
    _turns: WeakValueDictionary[Hashable, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def run(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """What `attempt` returns. It opens a unit of work of its own each time, and does nothing that a rollback would not take back.

        From the computing to the end of the unit of work that takes the result, others of this process wait for their turn at the same
        thing, without a connection. Raises what `attempt` raises, and Unavailable where others kept changing it.
        """
        results: list[_Known] = []
        tried = Counter[Hashable | None]()
        token = _known.set(results)
        try:
            async with AsyncExitStack() as turns:
                has: tuple[Hashable | None, bool] | None = None
                while True:
                    try:
                        return await attempt()
                    except NeedsResult as needed:
                        missing = needed
                    tried[missing.turn] += 1
                    if tried[missing.turn] > ATTEMPTS_MOST:
                        raise Unavailable("Others keep changing this at the moment; try again.", retry_after_s=1)
                    if has != (missing.turn, missing.is_large):
                        await turns.aclose()  # one turn at a time: two who wait for each other's would wait for ever
                        has = missing.turn, missing.is_large
                        if await self._take(missing, turns):
                            continue  # what was read is what it was before the others
                    results.append(_Known(missing.given, await asyncio.to_thread(missing.compute)))
        finally:
            _known.reset(token)

    async def _take(self, missing: NeedsResult, turns: AsyncExitStack) -> bool:
        """Whether somebody else had the turn until now."""
        if missing.is_large:
            await turns.enter_async_context(self.large)
        if missing.turn is None:
            return False
        lock = self._turn(missing.turn)
        is_taken = lock.locked()
        await turns.enter_async_context(lock)
        return is_taken

    def _turn(self, of: Hashable) -> asyncio.Lock:
        lock = self._turns.get(of)
        if lock is None:
            lock = self._turns[of] = asyncio.Lock()
        return lock
