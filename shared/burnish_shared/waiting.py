"""Waiting for an event, but not for ever.

`asyncio.wait_for` is not used in services: in Python 3.11 it forgets a cancellation that comes in the moment in which what it waits for is
there (https://github.com/python/cpython/issues/86296, mended in 3.12 by building it upon `asyncio.timeout`). A loop around it then goes on,
and whoever stopped its service waits for it without end.
"""

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any, Final, TypeVar

T = TypeVar("T")

ROUNDED_S: Final = 0.001
"""uvloop's clock and timers count whole milliseconds, so one may ring a fraction of one too soon."""


async def came(event: asyncio.Event, *, within_s: float | None) -> bool:
    """Whether `event` is set, after at most `within_s` (None: however long it takes). Never takes a cancellation for either."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()
    return event.is_set()


class Patience:
    """A limit on each of several waits that follow one another, by one timer: one that rings while a later wait has begun is set anew for
    what that one has left. `asyncio.timeout` sets and takes back one for each wait, at four times the price. Close it behind the last wait.
    """

    __slots__ = ("_rang", "_rings_at", "_task", "_timer", "_until")

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = self._until = 0.0
        self._task: asyncio.Task[Any] | None = None
        self._rang = False

    async def within(self, seconds: float | None, work: Awaitable[T]) -> T:
        """What `work` returns. After `seconds` (None: never) it is cancelled and TimeoutError raised, as by `asyncio.timeout`: what others
        cancel is cancelled. One wait at a time.
        """
        if seconds is None:
            return await work
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if task is None:
            raise RuntimeError("only a task can be patient")
        before = task.cancelling()
        self._until = loop.time() + seconds
        if self._timer is None or self._rings_at > self._until:  # uvloop's handle of less than a millisecond does not say when
            self.close()
            self._set(loop)
        self._task = task
        try:
            return await work
        except asyncio.CancelledError as error:
            if self._rang and task.cancelling() <= before + 1:
                raise TimeoutError from error
            raise
        finally:
            self._task = None
            if self._rang:
                self._rang = False
                task.uncancel()

    def close(self) -> None:
        """Takes the timer back. Idempotent; a further wait sets a new one."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, loop: asyncio.AbstractEventLoop) -> None:
        self._rings_at = self._until
        self._timer = loop.call_at(self._until, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._task is None:
            return
        loop = self._task.get_loop()
        if loop.time() + ROUNDED_S < self._until:
            self._set(loop)
        else:
            self._rang = True
            self._task.cancel()


async def heeding(work: Awaitable[T]) -> T:
    """What `work` returns. Raises a cancellation that came meanwhile, also where `work` kept it to itself and ended in another way.

    Every publish of nats-py needs it: beyond its limit of pending bytes the client waits until NATS reads, and takes what cancels it there
    for itself. A model went on answering past its deadline so, or after its caller had left.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        return await work
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError


def look_at_failure(task: "asyncio.Task[Any]") -> None:
    """To be called when a task is done that whoever waits for it may leave: how it failed is then no fault that nobody looked at."""
    if not task.cancelled():
        task.exception()
