"""When a failed message comes again, and when a consumer must pause."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError, field_validator

from burnish_shared.bus.retry import MAX_CONSECUTIVE_DEAD, WINDOW_MESSAGES, PoisonGuard, misfit, retry_delay_s
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
    for seq in range(MAX_CONSECUTIVE_DEAD):
        guard.record(is_dead=True, stream_seq=seq)
    assert not guard.is_tripped
    guard.record(is_dead=True, stream_seq=MAX_CONSECUTIVE_DEAD)
    assert guard.is_tripped


@pytest.mark.promise("M-08")
@pytest.mark.parametrize(("good", "trips"), [({60}, True), ({55}, True), ({30, 55}, False)])
def test_a_good_message_that_is_done_before_its_turn_does_not_hide_the_row(good: set[int], trips: bool) -> None:
    """Of a batch the good ones are done first, and its dead ones from its end."""
    guard = PoisonGuard()
    for batch in (range(MAX_CONSECUTIVE_DEAD), range(MAX_CONSECUTIVE_DEAD, 61)):
        for seq in sorted(good & set(batch)):
            guard.record(is_dead=False, stream_seq=seq)
        for seq in sorted(set(batch) - good, reverse=True):
            guard.record(is_dead=True, stream_seq=seq)
    assert guard.is_tripped is trips


def test_messages_that_come_again_late_count_in_the_order_in_which_they_end() -> None:
    """Many of those between them had ended well long before."""
    guard = PoisonGuard()
    for seq in range(0, 90, 2):
        guard.record(is_dead=False, stream_seq=seq)
    for seq in range(1, 2 * MAX_CONSECUTIVE_DEAD + 2, 2):
        assert not guard.is_tripped
        guard.record(is_dead=True, stream_seq=seq)
    assert guard.is_tripped


def test_a_message_that_comes_again_stands_where_it_ended_last() -> None:
    guard = PoisonGuard()
    for seq in (1, *range(2, WINDOW_MESSAGES + 1), 1, WINDOW_MESSAGES + 1):
        guard.record(is_dead=False, stream_seq=seq)
    assert 1 in guard.recent and 2 not in guard.recent


@given(st.lists(st.booleans(), max_size=600))
def test_no_more_is_kept_than_the_window(outcomes: list[bool]) -> None:
    guard = PoisonGuard()
    for seq, is_dead in enumerate(outcomes):
        guard.record(is_dead=is_dead, stream_seq=seq)
    assert len(guard.recent) == min(len(outcomes), WINDOW_MESSAGES)


def messages_until_tripped(guard: PoisonGuard, *, every: int) -> int | None:
    for number in range(1, 1_000):
        guard.record(is_dead=number % every == 0, stream_seq=number)
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
    for seq in range(5):
        pauses.append(guard.pause_s(first_s=60, longest_s=600))
        guard.resume()
        guard.record(is_dead=True, stream_seq=seq)
        assert guard.is_tripped
    assert pauses == [60, 120, 240, 480, 600]


def test_one_success_ends_the_probation() -> None:
    guard = PoisonGuard(is_tripped=True)
    guard.resume()
    guard.record(is_dead=False, stream_seq=1)
    guard.record(is_dead=True, stream_seq=2)
    assert not guard.is_tripped
    assert guard.pause_s(first_s=60, longest_s=600) == 60


@given(st.lists(st.booleans(), max_size=400))
def test_a_stream_that_is_never_mostly_dead_never_trips(outcomes: list[bool]) -> None:
    guard = PoisonGuard()
    for number, is_dead in enumerate(outcomes):
        guard.record(is_dead=is_dead, stream_seq=6 * number)
        for behind in range(1, 6):
            guard.record(is_dead=False, stream_seq=6 * number + behind)
    assert not guard.is_tripped


def test_a_misfit_says_what_and_where_and_nothing_of_the_message() -> None:
    """An operator sees this word alone: "1 problems" led nowhere."""

    class Part(BaseModel):
        score: float
        said: dict[str, int] = {}

        @field_validator("score")
        @classmethod
        def _small(cls, value: float) -> float:
            if value > 1:
                raise ValueError(f"{value} is too much")
            return value

    class Whole(BaseModel):
        items: list[Part]

    def said_of(body: str) -> str:
        with pytest.raises(ValidationError) as caught:
            Whole.model_validate_json(body)
        return misfit(caught.value)

    assert said_of("{}") == "items: Field required"
    assert said_of('{"items": [{"score": "secret"}, {}]}').startswith("items[0].score: Input should be a valid number")
    assert said_of('{"items": [{"score": "secret"}, {}]}').endswith(" (and 1 more)")
    assert said_of('{"items": [{"score": 4711}]}') == "items[0].score: does not fit"
    assert said_of('{"items": [{"score": 1, "said": {"Ann Example": "secret"}}]}').startswith("items[0].said.…: Input should be")
    assert said_of("[").startswith("Invalid JSON")
