"""Waiting for an event, for a while: whoever is cancelled in any moment of it is cancelled."""

import asyncio

import pytest

from burnish_shared.waiting import came, heeding

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


async def kept_to_itself(*, then: Exception | None = None) -> str:
    """Ends as usual, or fails, when it is cancelled: as a publish of nats-py does."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        if then is not None:
            raise then from None
    return "done"


@pytest.mark.parametrize("then", [None, OSError("the connection broke at that moment")])
async def test_a_cancellation_that_the_work_keeps_to_itself_is_raised(then: Exception | None) -> None:
    waiting = asyncio.create_task(heeding(kept_to_itself(then=then)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting}, timeout=10)
    assert waiting.cancelled()


async def test_a_limit_that_the_work_keeps_to_itself_is_held() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(10), asyncio.timeout(0.01):
            await heeding(kept_to_itself())


async def test_what_nobody_cancelled_comes_as_it_is() -> None:
    async def fails() -> None:
        raise OSError("away")

    assert await heeding(asyncio.sleep(0, "done")) == "done"
    with pytest.raises(OSError, match="away"):
        await heeding(fails())


async def test_one_that_goes_on_after_an_earlier_cancellation_is_not_cancelled_again() -> None:
    async def tidies_up() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return await heeding(asyncio.sleep(0, "said goodbye"))
        return "nobody came"

    leaving = asyncio.create_task(tidies_up())
    await asyncio.sleep(0)
    leaving.cancel()
    assert await leaving == "said goodbye"
