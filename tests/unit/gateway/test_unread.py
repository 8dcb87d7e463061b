"""Bodies that are on their way while a gateway gives no more time."""

import asyncio

import pytest

from burnish_gateway.unread import Unread
from burnish_shared.errors import Unavailable


async def test_a_body_that_begins_to_be_read_afterwards_is_not_waited_for_either() -> None:
    """Its request was still being authenticated when the others were told."""
    unread = Unread()

    async def read() -> None:
        with unread.reading():
            await asyncio.Event().wait()

    early = asyncio.create_task(read())
    await asyncio.sleep(0)
    unread.end()
    for one in (early, asyncio.create_task(read())):
        with pytest.raises(Unavailable, match="nothing of it was done"):
            await asyncio.wait_for(one, 5)


async def test_what_somebody_else_cancels_stays_cancelled() -> None:
    unread = Unread()

    async def read() -> None:
        with unread.reading():
            await asyncio.Event().wait()

    task = asyncio.create_task(read())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
