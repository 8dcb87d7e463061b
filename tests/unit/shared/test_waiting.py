"""Waiting for an event, for a while: whoever is cancelled in any moment of it is cancelled."""

import asyncio

import pytest

from burnish_shared.waiting import came

pytestmark = pytest.mark.promise("G-18")


async def test_it_says_whether_the_event_is_set() -> None:
    event = asyncio.Event()
    assert not await came(event, within_s=0.001)
    asyncio.get_running_loop().call_soon(event.set)
    assert await came(event, within_s=60)
    assert await came(event, within_s=0), "one that is set already needs no time"


@pytest.mark.parametrize("turns", range(8))
async def test_a_cancellation_is_heard_however_close_to_the_event_it_comes(turns: int) -> None:
    """A service's loop that missed it went on, and its gateway's stop waited for it until somebody killed it."""
    event, rounds = asyncio.Event(), 0

    async def loop() -> None:
        nonlocal rounds
        while rounds < 3:
            await came(event, within_s=60)
            event.clear()
            rounds += 1

    running = asyncio.create_task(loop())
    await asyncio.sleep(0)
    event.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await running
    assert rounds < 3
