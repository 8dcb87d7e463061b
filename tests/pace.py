"""Bounds in seconds which count only the time that this process was given.

A virtual machine with noisy neighbours stands still for half a second now and then. What must hold "within a second" is judged
by a clock that leaves such gaps out: a thread looks every few milliseconds, and where it came back much too late, nobody ran.
A wait of the product's own (for a poll, a lock, a timeout) leaves no gap, and counts in full.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

LOOK_S = 0.005
GAP_S = 0.04
"""Later than this, the thread was not merely waiting for its turn beside another one (`sys.getswitchinterval` is 5 ms)."""

HANGS_AFTER_S = 30.0

STILL_MOST_S = 15.0
"""Left out of one bound at most: code of ours that keeps the interpreter from all threads looks like a machine that stands still."""


class Looking:
    """What a thread sees that looks at the time every few milliseconds, until `end`."""

    def __init__(self) -> None:
        self.longest_gap_s = 0.0
        self._seen = 0.0, time.monotonic()
        """In all that the machine stood still, and when that was looked at: replaced together, for whoever reads it meanwhile."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="fair-clock", daemon=True)
        self._thread.start()

    def now(self) -> float:
        """Also right after a gap, before the thread came back to see it."""
        (stood_still_s, last), now = self._seen, time.monotonic()
        return now - stood_still_s - _gap_s(now - last)

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(LOOK_S):
            (stood_still_s, last), now = self._seen, time.monotonic()
            gap_s = _gap_s(now - last)
            self.longest_gap_s = max(self.longest_gap_s, gap_s)
            self._seen = stood_still_s + gap_s, now


def _gap_s(since_s: float) -> float:
    return since_s - LOOK_S if since_s > GAP_S else 0.0


@contextmanager
def looking() -> Iterator[Looking]:
    one = Looking()
    try:
        yield one
    finally:
        one.end()


@contextmanager
def fair_clock() -> Iterator[Callable[[], float]]:
    """A clock in seconds like `time.monotonic`, less the time since its start in which the machine stood still."""
    with looking() as clock:
        yield clock.now


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What is inside takes less than so many seconds of a machine that runs, and no more than STILL_MOST_S beside; else AssertionError."""
    with fair_clock() as clock:
        began, began_at = clock(), time.monotonic()
        yield
        took_s, all_s = clock() - began, time.monotonic() - began_at
    assert all_s < seconds + STILL_MOST_S, (
        f"took {all_s:.2f} s, in {all_s - took_s:.2f} of which this process did nothing that could be seen"
    )
    assert took_s < seconds, f"took {took_s:.2f} s where {seconds} s are allowed"


async def fair_sleep(seconds: float) -> None:
    """Until so much time has passed in which the machine ran."""
    with fair_clock() as clock:
        began = clock()
        while (left_s := began + seconds - clock()) > 0:
            await asyncio.sleep(left_s)


@asynccontextmanager
async def comes_within(seconds: float) -> AsyncIterator[None]:
    """As `within`, for a wait that may never end: TimeoutError where it hangs."""
    with within(seconds):
        async with asyncio.timeout(seconds + HANGS_AFTER_S):
            yield


async def undisturbed(attempt: Callable[[], Awaitable[None]], *, still_most_s: float, tries: int = 5) -> None:
    """For what is decided by clocks of servers, which know nothing of gaps: an attempt that failed while the machine stood still for longer
    than `still_most_s` in one go says nothing, and is made again. Any other failure counts."""
    for left in reversed(range(tries)):
        with looking() as seen:
            try:
                await attempt()
                break
            except (AssertionError, TimeoutError):
                if not left or seen.longest_gap_s <= still_most_s:
                    raise
