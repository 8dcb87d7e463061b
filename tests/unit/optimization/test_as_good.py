"""Whether a prompt is as good with another model, by right answers and by what evaluators say (PRODUCT E5, D3)."""

from typing import Any
from uuid import UUID

import pytest

from burnish_gateway.model_migrations.advance import BECAUSE_MOST, because_of, is_as_good
from burnish_gateway.optimization.compare_runs import RunComparison
from burnish_gateway.optimization.compare_scores import ScoreDifference
from burnish_gateway.optimization.summary import Share

pytestmark = pytest.mark.capability("E5", "D3")


def scored(verdict: Any, value: float) -> ScoreDifference:
    return ScoreDifference(
        id=UUID(int=1), name="kind", version=1, items=90, base=0.5, run=0.5 + value, higher=0, lower=0,
        difference=Share(value=value, low=value, high=value), test="sign_flip", p_value=0.5, verdict=verdict, smallest_difference=0.1,
        items_needed=None,
    )  # fmt: skip


def found(value: float | None, *evaluators: ScoreDifference, verdict: str = "too_small") -> RunComparison:
    difference = None if value is None else Share(value=value, low=value, high=value)
    return RunComparison.model_construct(difference=difference, verdict=verdict, in_words="Seen.", evaluators=list(evaluators))


WORSE, SAME = scored("worse", -0.4), scored("no_difference", 0.0)


@pytest.mark.parametrize(
    ("one", "open_ended", "is_good"),
    [
        (found(0.0), False, True),
        (found(-0.2), False, False),
        (found(0.0, verdict="worse"), False, False),
        (found(0.0, WORSE), False, True),  # items with right answers are compared by them
        (found(0.0, WORSE), True, False),  # 1 right answer among 90 letters says nothing of the letters
        (found(0.0, SAME), True, True),
        (found(-0.2, SAME), True, False),
        (found(None, SAME), True, True),
        (found(None, SAME, WORSE), True, False),
        (found(None, scored("too_small", -0.2)), True, False),
        (found(None), True, False),
    ],
)
def test_what_has_no_right_answer_is_as_good_as_its_evaluators_say(one: RunComparison, open_ended: bool, is_good: bool) -> None:
    assert is_as_good(one, margin=0.05, open_ended=open_ended) is is_good
    told = because_of(one, open_ended=open_ended)
    assert ("kind: " in told) == bool(open_ended and one.difference is not None and one.evaluators)


def test_the_reason_is_bounded() -> None:
    assert len(because_of(found(0.0, *[WORSE] * 100), open_ended=True)) == BECAUSE_MOST
