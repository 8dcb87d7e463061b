"""Whether a batch commits in one round trip or in two (decision 128)."""

from typing import Any

import asyncpg
import pytest

from burnish_shared.books import turns as module
from burnish_shared.books.turns import FAST_S, IN_ONE_MOST, RECENT, STALLED_REST_S, STALLED_S, Turns, commit

QUICK_S, SLOW_S = FAST_S / 4, FAST_S * 4


def after(took_s: list[float]) -> Turns:
    turns = Turns()
    for one in took_s:
        turns.flushed(one)
    return turns


@pytest.mark.parametrize(
    ("took_s", "in_one"),
    [
        ([], False),
        ([QUICK_S] * (RECENT - 1), False),
        ([QUICK_S] * RECENT, True),
        ([SLOW_S] * RECENT, False),
        ([FAST_S] * RECENT, False),
        ([SLOW_S] * (RECENT - 1) + [QUICK_S], True),  # A busy process sees its flushes late; the quickest one tells of the disk.
        ([QUICK_S] * RECENT + [SLOW_S] * RECENT, False),
    ],
)
def test_the_quickest_of_the_last_flushes_decides(took_s: list[float], in_one: bool) -> None:
    assert after(took_s).in_one(alone=False, now=1.0) is in_one


def test_a_disk_that_becomes_slow_is_seen_after_as_many_looks_as_are_compared() -> None:
    turns, looks = after([QUICK_S] * RECENT), 0
    for _ in range(1_000):
        if not turns.in_one(alone=False, now=1.0):
            turns.flushed(SLOW_S)
            looks += 1
            if looks == RECENT:
                break
    assert [turns.in_one(alone=False, now=1.0) for _ in range(2 * IN_ONE_MOST)] == [False] * 2 * IN_ONE_MOST


def test_one_that_comes_alone_takes_one_turn_whatever_the_disk_is_like() -> None:
    assert Turns().in_one(alone=True, now=1.0)
    assert after([SLOW_S] * RECENT).in_one(alone=True, now=1.0)


def test_so_many_go_in_one_turn_between_two_looks() -> None:
    turns, apart = after([QUICK_S] * RECENT), []
    for number in range(3 * (IN_ONE_MOST + 1)):
        if not turns.in_one(alone=False, now=1.0):
            turns.flushed(QUICK_S)
            apart.append(number)
    assert apart == [IN_ONE_MOST, 2 * IN_ONE_MOST + 1, 3 * IN_ONE_MOST + 2]


def test_after_a_disk_stalled_no_locks_are_held_through_a_flush_for_some_minutes() -> None:
    turns = after([QUICK_S] * RECENT)
    turns.went_in_one(10 * STALLED_S, now=99.0)
    assert turns.in_one(alone=False, now=99.0), "the first one connects, which says nothing of the disk"
    turns.went_in_one(STALLED_S / 2, now=100.0)
    assert turns.in_one(alone=False, now=100.0), "a little late is no stall"
    assert turns.in_one(alone=True, now=100.0)
    turns.went_in_one(STALLED_S, now=101.0)
    assert not turns.in_one(alone=False, now=101.0)
    assert not turns.in_one(alone=True, now=101.0), "others wait for the locks of one that comes alone, too"
    turns.flushed(QUICK_S)
    assert not turns.in_one(alone=False, now=101.0 + STALLED_REST_S - 1), "quick again, and not trusted yet"
    assert turns.in_one(alone=False, now=101.0 + STALLED_REST_S)


class Connection:
    """Notes what it is asked, and takes its time by a clock of its own."""

    def __init__(self, clock: list[float], *, takes_s: float = 0.0, error: Exception | None = None) -> None:
        self.clock, self.takes_s, self.error = clock, takes_s, error
        self.asked: list[str] = []

    async def fetchrow(self, sql: str, *_: object) -> None:
        self.asked.append(sql)
        self.clock[0] += self.takes_s
        if self.error is not None:
            raise self.error

    async def flush(self) -> float:
        self.asked.append("flush")
        return QUICK_S


@pytest.mark.asyncio
@pytest.mark.parametrize("is_alone", [False, True])
@pytest.mark.parametrize("error", [None, asyncpg.LockNotAvailableError()])
async def test_a_batch_that_a_stall_held_up_lets_the_next_ones_go_in_two_turns(
    error: Exception | None, monkeypatch: pytest.MonkeyPatch, *, is_alone: bool
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(module, "monotonic", lambda: clock[0])
    turns = after([QUICK_S] * RECENT)
    early: Any = Connection(clock)
    disk: Any = Connection(clock)
    await commit(turns, early, disk, "to connect", alone=True)
    disk.takes_s, disk.error = 0.25, error
    try:
        await commit(turns, early, disk, "first", alone=is_alone)
    except asyncpg.LockNotAvailableError as raised:
        assert raised is error
    assert (early.asked, disk.asked) == ([], ["to connect", "first"])
    disk.error = None
    for alone in (False, True):
        await commit(turns, early, disk, "next", alone=alone)
    assert (early.asked, disk.asked[2:]) == (["next", "next"], ["flush", "flush"])
