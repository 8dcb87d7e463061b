"""Whether a batch commits in one round trip or in two (decision 128)."""

import pytest

from burnish_shared.books.turns import FAST_S, IN_ONE_MOST, RECENT, STALLED_REST_S, STALLED_S, Turns

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
    assert after(took_s).in_one(now=1.0) is in_one


def test_a_disk_that_becomes_slow_is_seen_after_as_many_looks_as_are_compared() -> None:
    turns, looks = after([QUICK_S] * RECENT), 0
    for _ in range(1_000):
        if not turns.in_one(now=1.0):
            turns.flushed(SLOW_S)
            looks += 1
            if looks == RECENT:
                break
    assert [turns.in_one(now=1.0) for _ in range(2 * IN_ONE_MOST)] == [False] * 2 * IN_ONE_MOST


def test_so_many_go_in_one_turn_between_two_looks() -> None:
    turns, apart = after([QUICK_S] * RECENT), []
    for number in range(3 * (IN_ONE_MOST + 1)):
        if not turns.in_one(now=1.0):
            turns.flushed(QUICK_S)
            apart.append(number)
    assert apart == [IN_ONE_MOST, 2 * IN_ONE_MOST + 1, 3 * IN_ONE_MOST + 2]


def test_after_a_disk_stalled_no_locks_are_held_through_a_flush_for_some_minutes() -> None:
    turns = after([QUICK_S] * RECENT)
    turns.went_in_one(STALLED_S / 2, now=100.0)
    assert turns.in_one(now=100.0), "a little late is no stall"
    turns.went_in_one(STALLED_S, now=101.0)
    assert not turns.in_one(now=101.0)
    turns.flushed(QUICK_S)
    assert not turns.in_one(now=101.0 + STALLED_REST_S - 1), "quick again, and not trusted yet"
    assert turns.in_one(now=101.0 + STALLED_REST_S)
