"""Whose word makes an answer right, and how much one voice may say."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.datasets.from_feedback import VOICE_LEAST, VOICE_SHARE, Word, allowance, what_is_right
from burnish_gateway.datasets.item import gives


def word(execution: int, voice: str = "", right: str | None = None, *, liked: bool = False) -> Word:
    return Word(UUID(int=execution), voice, voice.removeprefix("user:") if voice.startswith("user:") else "", right, liked)


def said(*words: Word) -> dict[int, tuple[str | None, str]]:
    return {execution.int: (one.expected, one.said_by) for execution, one in what_is_right(words).items()}


@pytest.mark.parametrize(
    ("words", "right"),
    [
        ([word(1, right="a")], {1: ("a", "")}),
        ([word(1, liked=True)], {1: (None, "")}),
        ([word(1)], {}),
        ([word(1, right="a"), word(1, right="b")], {1: ("b", "")}),
        ([word(1, liked=True), word(1)], {}),
        ([word(1), word(1, right="a")], {1: ("a", "")}),
        ([word(1, right="a"), word(1, liked=True)], {1: ("a", "")}),
        ([word(1, liked=True), word(1, right="a")], {1: ("a", "")}),
        ([word(1, "user:ann", "a"), word(2, "user:bob", liked=True)], {1: ("a", "ann"), 2: (None, "bob")}),
    ],
    ids=[
        "corrected", "liked", "disliked", "corrected again", "liked and disliked", "disliked and corrected", "liked after all",
        "corrected later", "by whom",
    ],
)  # fmt: skip
def test_the_newest_correction_counts_else_that_it_was_liked(words: list[Word], right: dict[int, tuple[str | None, str]]) -> None:
    assert said(*words) == right


@pytest.mark.promise("O-08")
def test_a_key_that_names_everybody_changes_little_of_what_others_said() -> None:
    people = [word(n, f"user:u{n}", "right") for n in range(60)]
    poison = [word(n, "key:stolen", "wrong") for n in range(60)]
    found = said(*people, *poison)
    assert len(found) == 60 and sum(expected == "wrong" for expected, _ in found.values()) == VOICE_LEAST


@pytest.mark.promise("O-08")
def test_what_a_voice_may_say_stays_what_it_was_when_it_says_more() -> None:
    others = [word(1000 + n, "", "x") for n in range(100)]
    loud = [word(n, "user:loud", "y") for n in range(200)]
    before, after = said(*others, *loud[:100]), said(*others, *loud)
    of_loud = [{n for n in found if n < 1000} for found in (before, after)]
    assert of_loud[0] == of_loud[1] and len(of_loud[0]) <= VOICE_SHARE * len(after)


def test_one_voice_that_says_everything_is_whoever_keeps_the_books() -> None:
    assert len(said(*(word(n, "key:team", "x") for n in range(50)))) == 50
    assert len(said(word(99, "", "x"), *(word(n, "key:team", "x") for n in range(50)))) == 1 + VOICE_LEAST


@given(counts=st.lists(st.integers(1, 400), min_size=2, max_size=60), beside=st.integers(0, 500))
def test_no_voice_is_more_than_its_share_of_what_is_left(counts: list[int], beside: int) -> None:
    most = allowance(counts, beside=beside)
    assert most is not None and most >= VOICE_LEAST
    kept = beside + sum(min(one, most) for one in counts)
    assert most == VOICE_LEAST or most <= VOICE_SHARE * kept
    larger = [m for m in range(most + 1, max(counts) + 1) if m <= VOICE_SHARE * (beside + sum(min(one, m) for one in counts))]
    assert larger == []


@pytest.mark.parametrize(
    ("given_input", "variables", "fits"),
    [
        ({"t": "x"}, {"t"}, True), ({"t": "x"}, {"u"}, False), ({"t": "x", "u": ""}, {"t"}, True), ("x", {"t"}, True),
        ("x", {"t", "u"}, False), ("x", {"input", "u"}, True), ("x", set(), True), ({}, set(), True),
    ],
)  # fmt: skip
def test_an_item_gives_what_the_version_needs(given_input: str | dict[str, str], variables: set[str], fits: bool) -> None:
    assert gives(given_input, variables) is fits


def test_nothing_that_was_said_is_nothing_right() -> None:
    assert what_is_right([]) == {}
