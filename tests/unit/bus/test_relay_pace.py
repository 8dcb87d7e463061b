"""How long the relay waits for neighbours of a row: not long behind a pause, longer where rows keep coming."""

import asyncio
from typing import Any, cast

import pytest

from burnish_shared.bus import relay as relays
from burnish_shared.bus.relay import Relay
from burnish_shared.waiting import came


@pytest.fixture
def stop() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch, stop: asyncio.Event) -> list[float | None]:
    """How long it would have waited for neighbours, each time."""
    waits: list[float | None] = []

    async def noted(event: asyncio.Event, *, within_s: float | None) -> bool:
        if event is not stop:
            return await came(event, within_s=within_s)
        waits.append(within_s)
        return event.is_set()

    monkeypatch.setattr(relays, "came", noted)
    return waits


def relay(**options: Any) -> Relay:
    return Relay(cast(Any, None), cast(Any, None), service="executor", wait_ms=20, **options)


async def test_a_row_behind_a_pause_goes_at_once_though_the_relay_looks_more_often_than_it_is_busy(
    stop: asyncio.Event, waits: list[float | None]
) -> None:
    """As the executor's does: it looks each half second by itself, and turns of a busy one are as far apart."""
    pace = relay(busy_ms=1_000, poll_s=0.02)
    for _ in range(2):
        pace.wake()
        await pace._rest(stop)
    now_s = asyncio.get_running_loop().time
    until_s = now_s() + 1.05
    while now_s() < until_s:  # a pause, in which it looks by itself and finds nothing
        await pace._rest(stop)
    pace.wake()
    await pace._rest(stop)
    assert waits == [0.02, 1.0, 0.02]


async def test_nobody_who_stops_waits_for_neighbours_of_a_row() -> None:
    stop, pace = asyncio.Event(), relay(busy_ms=600_000)
    pace.wake()
    await asyncio.wait_for(pace._rest(stop), 20)
    pace.wake()
    resting = asyncio.create_task(pace._rest(stop))
    assert await asyncio.wait({resting}, timeout=0.1) == (set(), {resting})
    stop.set()
    await asyncio.wait_for(resting, 20)
