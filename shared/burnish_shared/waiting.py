"""Waiting for an event, but not for ever.

`asyncio.wait_for` is not used in services: in Python 3.11 it forgets a cancellation that comes in the moment in which what it waits for is
there (https://github.com/python/cpython/issues/86296, mended in 3.12 by building it upon `asyncio.timeout`). A loop around it then goes on,
and whoever stopped its service waits for it without end.
"""

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


async def came(event: asyncio.Event, *, within_s: float | None) -> bool:
    """Whether `event` is set, after at most `within_s` (None: however long it takes). Never takes a cancellation for either."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()
    return event.is_set()


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
