"""Work whose cancellation got lost is cancelled again."""

import asyncio

import pytest

from burnish_optimizer import work


@pytest.mark.promise("O-01")
async def test_what_lost_its_cancellation_is_cancelled_again_and_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "CANCEL_AGAIN_S", 0.01)
    told = 0

    async def loses_one() -> None:
        nonlocal told
        while told < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                told += 1

    loses, fails = asyncio.ensure_future(loses_one()), asyncio.ensure_future(asyncio.sleep(0, ValueError()))
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await work._ended(loses, fails)
    assert told == 2 and loses.done() and fails.done()
