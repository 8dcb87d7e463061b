"""The nearest examples: chosen the same way whoever asks, bounded, and never the asked one itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_shared.nearest_examples import Example, NearestExamples, asked_of, with_examples

pytestmark = pytest.mark.capability("O2")

POOL = [
    {"input": "my card is lost", "expected": "cards"},
    {"input": "a loan for a house", "expected": "loans"},
    {"input": "card was lost abroad", "expected": "cards"},
]


def ready(count: int = 2) -> NearestExamples:
    made = NearestExamples.of({"count": count, "pool": POOL})
    assert made is not None
    return made


def test_the_likest_stand_last_and_what_is_asked_is_no_example_for_itself() -> None:
    assert ready(1).nearest("my card is lost") == (Example("card was lost abroad", "cards"),)
    assert ready(2).nearest("house loans")[-1] == Example("a loan for a house", "loans")


def test_they_stand_at_the_end_of_the_system_message_and_nothing_else_changes() -> None:
    messages = [{"role": "user", "content": "first"}, {"role": "system", "content": "Sort it.\n"}, {"role": "user", "content": "lost card"}]
    changed = ready(1).put_into(messages, {})
    assert changed[1]["content"] == "Sort it.\n\nExamples:\n- my card is lost -> cards"
    assert [changed[0], changed[2]] == [messages[0], messages[2]] and messages[1]["content"] == "Sort it.\n"
    by_variable = ready(1).put_into([{"role": "user", "content": "Sort: house loan"}], {"ticket": "house loan", "n": 3})
    assert by_variable == [{"role": "user", "content": "Sort: house loan\n\nExamples:\n- a loan for a house -> loans"}]


def test_what_a_call_asks_is_what_its_variables_say_else_what_its_user_said_last() -> None:
    messages = [{"role": "user", "content": "old"}, {"role": "user", "content": "new"}]
    assert asked_of(messages, {"b": "two", "a": "one", "c": 3, "d": " "}) == "one\ntwo"
    assert asked_of(messages, {"n": 3}) == "new" and asked_of([], {}) == ""


def test_a_version_without_examples_has_none() -> None:
    assert NearestExamples.of(None) is None and NearestExamples.of({"count": 3, "pool": []}) is None
    assert with_examples("Sort it.", []) == "Sort it."


@given(st.text(max_size=300), st.lists(st.tuples(st.text(max_size=40), st.text(max_size=10)), min_size=1, max_size=12), st.integers(1, 20))
def test_there_are_never_more_than_asked_for_and_the_order_of_nothing_matters(asked: str, pool: list[tuple[str, str]], count: int) -> None:
    made = NearestExamples.of({"count": count, "pool": [{"input": a, "expected": b} for a, b in pool]})
    assert made is not None
    found = made.nearest(asked)
    assert len(found) <= count and found == made.nearest(asked)
    assert all(one.input.strip() != asked.strip() for one in found)
