"""Waiting for an event, for a while: whoever is cancelled in any moment of it is cancelled."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import uvloop

from burnish_shared.waiting import Patience, came, heeding

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


class Turns:
    """Counts the timers that a loop is asked for. Its clock stands still until it is moved on, and rings what is due then."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s, self.set = 100.0, list[float]()
        self._waiting: list[tuple[float, asyncio.TimerHandle, Callable[[], None]]] = []
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "time", lambda: self.now_s)
        monkeypatch.setattr(loop, "call_at", self._call_at)

    def _call_at(self, when: float, callback: Callable[..., None], *args: Any, context: Any = None) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, asyncio.get_running_loop(), context)
        self.set.append(when)
        self._waiting.append((when, timer, partial(callback, *args)))
        return timer

    async def pass_s(self, seconds: float) -> None:
        self.now_s += seconds
        due, self._waiting = [one for one in self._waiting if one[0] <= self.now_s], [one for one in self._waiting if one[0] > self.now_s]
        for _, timer, ring in due:
            if not timer.cancelled():
                ring()
        for _ in range(5):
            await asyncio.sleep(0)


async def test_many_waits_are_limited_by_one_timer_and_each_to_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, patience = Turns(monkeypatch), Patience()
    for _ in range(50):
        assert await patience.within(15, asyncio.sleep(0, "part")) == "part"
        await turns.pass_s(0.125)
    assert turns.set == [115.0], "6 s of parts, and one timer"
    silent = asyncio.create_task(patience.within(15, asyncio.Event().wait()))  # from 106.25 on
    await asyncio.sleep(0)
    await turns.pass_s(8.75)
    assert not silent.done() and turns.set == [115.0, 121.25], "it rang for the first, and is set anew for what this one has left"
    await turns.pass_s(6.0)
    assert not silent.done()
    await turns.pass_s(0.25)
    with pytest.raises(TimeoutError):
        await silent
    shorter = asyncio.create_task(patience.within(3, asyncio.Event().wait()))
    await asyncio.sleep(0)
    await turns.pass_s(3.0)
    with pytest.raises(TimeoutError):
        await shorter


async def test_a_shorter_wait_is_not_held_up_by_the_timer_of_a_longer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, patience = Turns(monkeypatch), Patience()
    await patience.within(60, asyncio.sleep(0))
    waiting = asyncio.create_task(patience.within(0.25, asyncio.Event().wait()))
    await asyncio.sleep(0)
    await turns.pass_s(0.25)
    with pytest.raises(TimeoutError):
        await waiting


async def test_what_takes_long_between_two_waits_is_nobodys_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, patience = Turns(monkeypatch), Patience()

    async def reads() -> str:
        await patience.within(1, asyncio.sleep(0))
        await asyncio.get_running_loop().create_task(turns.pass_s(30))
        return await patience.within(1, asyncio.sleep(0, "read"))

    assert await reads() == "read"


@pytest.mark.parametrize("seconds", [0.0, -1.0, 0.01])
async def test_a_wait_ends_in_time_by_the_clock_itself(seconds: float) -> None:
    patience = Patience()
    async with asyncio.timeout(10):
        with pytest.raises(TimeoutError):
            await patience.within(seconds, asyncio.Event().wait())
        assert await patience.within(None, asyncio.sleep(0.02, "whoever has no limit waits")) == "whoever has no limit waits"
    task = asyncio.current_task()
    assert task is not None and task.cancelling() == 0


def test_a_wait_of_no_time_leaves_the_next_one_its_limit() -> None:
    """uvloop, which services run on, has no timer of less than a millisecond: its handle does not say when it rings."""

    async def there() -> str:
        return "there"

    async def waits() -> None:
        patience = Patience()
        for seconds in (0.0, 0.0001, 60.0):
            assert await patience.within(seconds, there()) == "there"
        with pytest.raises(TimeoutError):
            await patience.within(0.005, asyncio.Event().wait())

    uvloop.run(waits())


@pytest.mark.promise("G-11")
async def test_a_cancellation_by_others_is_no_silence_even_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, patience = Turns(monkeypatch), Patience()
    waiting = asyncio.create_task(patience.within(1, asyncio.Event().wait()))
    await asyncio.sleep(0)
    waiting.cancel()
    await turns.pass_s(1.0)
    assert waiting.cancelled()
    outer = asyncio.create_task(limited(patience))
    await asyncio.sleep(0)
    await turns.pass_s(1.0)
    assert await outer == "the inner one"


async def limited(patience: Patience) -> str:
    try:
        async with asyncio.timeout(None):
            await patience.within(1, asyncio.Event().wait())
    except TimeoutError:
        return "the inner one"
    return "nobody"


async def test_a_failure_of_the_work_is_told_as_it_is_and_the_limit_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, patience = Turns(monkeypatch), Patience()
    late = asyncio.create_task(patience.within(1, kept_to_itself(then=OSError("away"))))
    await asyncio.sleep(0)
    await turns.pass_s(1.0)
    with pytest.raises(OSError, match="away"):
        await late
    assert await patience.within(1, asyncio.sleep(0, "and again")) == "and again"


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
