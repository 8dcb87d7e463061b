"""Long computing that a unit of work needs is done outside of it: no connection and no lock is held meanwhile.

A unit of work reads, and asks for a result by what it is computed from (`result_of`). Where that is not known yet, the unit of work is
rolled back, the result is computed in a thread, and the unit of work is run again (`Outside.run`). It then reads anew, and takes the result
only where all that it was computed from is still the same; else it is computed again. What grows all the time it reads once for all its
attempts (`remember`), or it would never be the same.

It is run again, too, where it and another one waited for each other: the database ended it, and the other one goes on.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterable
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from weakref import WeakValueDictionary

from burnish_shared.errors import Busy, Deadlocked

LARGE_AT_ONCE: Final = 2
"""Uploads of items that are compared with one another at the same time: each may take seconds of a core and a gigabyte (measured for
16 MiB of long texts)."""

ATTEMPTS_MOST: Final = 10
"""So often a result may be missing for one turn. In one process those who change the same thing wait for each other, so only another
gateway can be in the way."""


DEADLOCKS_MOST: Final = 3
"""So often an attempt may be ended by the database as one of two that wait for each other. Each costs it a second (`deadlock_timeout`)."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Needed:
    """One result that is not there yet. `turn`: who changes the same thing waits for one another; None: nobody else does."""

    given: object
    compute: Callable[[], Any]
    turn: Hashable | None
    is_large: bool


class NeedsResult(Exception):
    """Raised in a unit of work that has to wait for results. `Outside.run` is who handles it, and `all_of`; nobody else may."""

    def __init__(self, *needed: Needed) -> None:
        super().__init__("A unit of work needs a result that is computed outside of it: run it by Outside.run.")
        self.needed = needed


@dataclass(slots=True)
class _Known:
    turn: Hashable | None
    given: object
    result: Any
    is_taken: bool = False


@dataclass(slots=True)
class _Run:
    """Of one `Outside.run`. `first_read`: see `remember`."""

    known: list[_Known] = field(default_factory=list)
    first_read: dict[Hashable, Any] = field(default_factory=dict)

    async def compute(self, needed: Needed) -> None:
        """An earlier result of the turn, which the attempt did not take, is nothing that another one would. One without a turn is for
        several things at once: all of them are kept."""
        self.known = [one for one in self.known if one.turn is None or one.turn != needed.turn or one.is_taken]
        self.known.append(_Known(needed.turn, needed.given, await asyncio.to_thread(needed.compute)))


_run: ContextVar[_Run | None] = ContextVar("burnish_run_outside", default=None)


def result_of(given: object) -> Any | None:
    """What was computed from just this (`==`) for the unit of work that runs. None: nothing yet; read what it takes, raise NeedsResult."""
    run = _run.get()
    for one in run.known if run is not None else ():
        if one.given == given:
            one.is_taken = True
            return one.result
    return None


def remembered(what: Hashable) -> Any | None:
    """What an earlier attempt of the run told to `remember`. None: this is the first one, or no run."""
    run = _run.get()
    return None if run is None else run.first_read.get(what)


def remember(what: Hashable, read: T) -> T:
    """`read`, for the later attempts of the run: what they compute from then stays the same. What must not be used once it is gone, such as
    somebody's words, they look up again. No run: nothing is kept.
    """
    run = _run.get()
    if run is not None:
        run.first_read[what] = read
    return read


async def all_of(steps: Iterable[Awaitable[T]]) -> list[T]:
    """What each of `steps` comes to, one after the other. Raises NeedsResult of all that they need, so that it is computed at one go."""
    found: list[T] = []
    needed: list[Needed] = []
    for step in steps:
        try:
            found.append(await step)
        except NeedsResult as missing:
            needed += missing.needed
    if needed:
        raise NeedsResult(*needed)
    return found


@dataclass(slots=True)
class Outside:
    """Of one process. `large`: who computes much at once takes a place in it."""

    large: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LARGE_AT_ONCE))
    _turns: WeakValueDictionary[Hashable, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def run(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """What `attempt` returns. It opens a unit of work of its own each time, and does nothing that a rollback would not take back.

        From the computing to the end of the unit of work that takes the result, others of this process wait for their turn at the same
        thing, without a connection. Raises what `attempt` raises, and Busy where others kept changing it, or kept it waiting in a circle.
        """
        run, tried, deadlocks = _Run(), Counter[Hashable | None](), 0
        token = _run.set(run)
        try:
            async with AsyncExitStack() as turns:
                has: tuple[frozenset[Hashable], bool] | None = None
                while True:
                    for known in run.known:
                        known.is_taken = False
                    try:
                        return await attempt()
                    except Deadlocked:
                        deadlocks += 1
                        if deadlocks >= DEADLOCKS_MOST:
                            raise
                        continue
                    except NeedsResult as missing:
                        needed = missing.needed
                    wants = {one.turn for one in needed}
                    tried.update(wants)
                    if any(tried[turn] > ATTEMPTS_MOST for turn in wants):
                        raise Busy("Others keep changing this at the moment; try again.", retry_after_s=1)
                    is_large = any(one.is_large for one in needed)
                    if has is None or not wants - {None} <= has[0] or is_large > has[1]:
                        await turns.aclose()  # all its turns at one go: two who wait for each other's would wait for ever
                        has = frozenset(wants - {None}), is_large
                        if await self._take(*has, turns):
                            continue  # what was read is what it was before the others
                    for one in needed:
                        await run.compute(one)
        finally:
            _run.reset(token)

    async def _take(self, wanted: frozenset[Hashable], is_large: bool, turns: AsyncExitStack) -> bool:
        """Whether somebody else had one of them until now. In one order for all who take several."""
        if is_large:
            await turns.enter_async_context(self.large)
        was_taken = False
        for lock in [self._turn(of) for of in sorted(wanted, key=repr)]:
            was_taken |= lock.locked()
            await turns.enter_async_context(lock)
        return was_taken

    def _turn(self, of: Hashable) -> asyncio.Lock:
        lock = self._turns.get(of)
        if lock is None:
            lock = self._turns[of] = asyncio.Lock()
        return lock
