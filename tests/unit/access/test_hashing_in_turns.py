"""At most two passwords are hashed at once, the others wait, and too many are turned away."""

import asyncio
import threading
import time

import pytest

from burnish_gateway.access.passwords import AT_ONCE, MOST_WAITING, Passwords
from burnish_shared.auth.passwords import PasswordHashing
from burnish_shared.errors import Unavailable

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T2")]


class Counting(PasswordHashing):
    """Counts who hashes at once; each waits until AT_ONCE are there."""

    def __init__(self) -> None:
        super().__init__(memory_kib=8, passes=1)
        self.now = self.most = 0
        self.lock, self.meet = threading.Lock(), threading.Barrier(AT_ONCE, timeout=30)

    def verify(self, stored: str | None, password: str) -> bool:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.meet.wait()
        with self.lock:
            self.now -= 1
        return False


async def test_two_are_hashed_at_once_and_what_comes_beyond_the_queue_is_turned_away() -> None:
    hashing = Counting()
    passwords = Passwords(hashing)
    waiting = [asyncio.create_task(passwords.verify(None, "x")) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as refused:
        await passwords.verify(None, "x")
    assert refused.value.retry_after_s
    assert await asyncio.gather(*waiting) == [False] * MOST_WAITING
    assert hashing.most == AT_ONCE


async def test_an_unknown_email_costs_as_much_as_a_wrong_password() -> None:
    """The fastest of a few, so that a busy machine does not matter; without the work it would be thousands of times faster."""
    hashing = PasswordHashing()
    stored = hashing.hash("correct horse")

    taken: dict[str | None, list[float]] = {None: [], stored: []}
    for _ in range(5):
        for one, times in taken.items():
            began = time.perf_counter()
            assert not hashing.verify(one, "wrong horse")
            times.append(time.perf_counter() - began)
    assert 0.3 < min(taken[None]) / min(taken[stored]) < 3
