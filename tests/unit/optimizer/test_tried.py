"""What is listed of the texts that a search tried, and what is said of each (PRODUCT O6)."""

import pytest

from burnish_optimizer.search.tried import LEADS, NOT_ON_TRAIN, NOT_SURE, OVERTAKEN, TRIED_MOST, TRIED_MOST_CHARS, TriedSoFar

pytestmark = pytest.mark.capability("O6")


def of(count: int, *, taken: tuple[int, ...], chars: int = 1) -> TriedSoFar:
    tried = TriedSoFar()
    for number in range(count):
        tried.begin(f"{number}".rjust(chars, "-"), against="base").why = "" if number in taken else NOT_ON_TRAIN
    return tried


def test_what_is_suggested_is_listed_however_many_came_after_it() -> None:
    told = of(TRIED_MOST + 100, taken=(3,)).told(leader="3", chosen="3")
    assert (told[0].text, told[0].state, len(told)) == ("3", "chosen", TRIED_MOST + 1)


def test_long_texts_are_listed_as_far_as_a_row_bears() -> None:
    told = of(40, taken=(), chars=100_000).told()
    assert sum(len(one.text) for one in told) == TRIED_MOST_CHARS and told[-1].text.endswith("39")


def test_of_what_was_taken_only_the_last_look_says_that_it_was_not_sure() -> None:
    tried = of(5, taken=(1, 3))
    assert [one.reason for one in tried.told(leader="3")][1::2] == [OVERTAKEN, NOT_SURE]
    cut = tried.told(leader="base", is_over=False)
    assert [(one.reason, one.state) for one in cut][1::2] == [(OVERTAKEN, "dropped"), (LEADS, "alive")]
