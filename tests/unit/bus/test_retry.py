"""When a failed message comes again, and when a consumer must pause."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_shared.bus.retry import MAX_CONSECUTIVE_DEAD, PoisonGuard, retry_delay_s
from burnish_shared.errors import Unavailable


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 1), (2, 5), (3, 30), (4, 120), (5, 300), (6, 900), (7, 900), (99, 900)])
def test_a_retry_waits_as_long_as_the_schedule_says(attempt: int, seconds: float) -> None:
    assert retry_delay_s(attempt, ValueError()) == seconds


def test_an_error_that_asks_for_a_longer_wait_gets_it_and_a_shorter_one_does_not() -> None:
    assert retry_delay_s(1, Unavailable("later", retry_after_s=17)) == 17
    assert retry_delay_s(3, Unavailable("later", retry_after_s=17)) == 30


@pytest.mark.promise("M-08")
def test_the_guard_trips_at_the_fifty_first_dead_letter_in_a_row() -> None:
    guard = PoisonGuard()
    for _ in range(MAX_CONSECUTIVE_DEAD):
        guard.record(is_dead=True)
    assert not guard.is_tripped
    guard.record(is_dead=True)
    assert guard.is_tripped


def messages_until_tripped(guard: PoisonGuard, *, every: int) -> int | None:
    for number in range(1, 1_000):
        guard.record(is_dead=number % every == 0)
        if guard.is_tripped:
            return number
    return None


@pytest.mark.promise("M-08")
def test_the_guard_trips_when_more_than_a_fifth_is_dead_even_if_never_in_a_row() -> None:
    tripped_after = []
    for every in (4, 6):
        guard = PoisonGuard()
        tripped_after.append(messages_until_tripped(guard, every=every))
    assert tripped_after == [100, None]  # 25% at the first count that is large enough; 17% never


def test_on_probation_one_dead_letter_trips_again_and_the_pause_doubles() -> None:
    guard = PoisonGuard(is_tripped=True)
    pauses = []
    for _ in range(5):
        pauses.append(guard.pause_s(first_s=60, longest_s=600))
        guard.resume()
        guard.record(is_dead=True)
        assert guard.is_tripped
    assert pauses == [60, 120, 240, 480, 600]


def test_one_success_ends_the_probation() -> None:
    guard = PoisonGuard(is_tripped=True)
    guard.resume()
    guard.record(is_dead=False)
    guard.record(is_dead=True)
    assert not guard.is_tripped
    assert guard.pause_s(first_s=60, longest_s=600) == 60


@given(st.lists(st.booleans(), max_size=400))
def test_a_stream_that_is_never_mostly_dead_never_trips(outcomes: list[bool]) -> None:
    guard = PoisonGuard()
    for is_dead in outcomes:
        guard.record(is_dead=is_dead)
        for _ in range(5):
            guard.record(is_dead=False)
    assert not guard.is_tripped
