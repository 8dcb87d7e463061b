"""Waiting for an event, but not for ever.

`asyncio.wait_for` is not used in services: in Python 3.11 it forgets a cancellation that comes in the moment in which what it waits for is
there (https://github.com/python/cpython/issues/86296, mended in 3.12 by building it upon `asyncio.timeout`). A loop around it then goes on,
and whoever stopped its service waits for it without end.
"""

import asyncio
import contextlib
from typing import Any


async def came(event: asyncio.Event, *, within_s: float | None) -> bool:
    """Whether `event` is set, after at most `within_s` (None: however long it takes). Never takes a cancellation for either."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()
    return event.is_set()


def look_at_failure(task: "asyncio.Task[Any]") -> None:
    """To be called when a task is done that whoever waits for it may leave: how it failed is then no fault that nobody looked at."""
    if not task.cancelled():
        task.exception()
