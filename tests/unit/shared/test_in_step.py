"""Rounds of one process begin together: whenever each was begun, one rest brings it to a moment that all of them share."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_shared import in_step as steps
from burnish_shared.in_step import EARLY_S, SOONEST, STEP_S, in_step, rest_s

SHIFTS = st.floats(0, STEP_S, exclude_max=True)
NOWS = st.floats(0, 1e6)
INTERVALS = st.floats(STEP_S, 3600)


def is_common(moment: float, shift_s: float) -> bool:
    past = (moment - shift_s) % STEP_S
    return min(past, STEP_S - past) < 1e-6


@given(NOWS, INTERVALS, SHIFTS)
def test_a_rest_ends_at_a_common_moment_near_what_was_asked(now: float, seconds: float, shift_s: float) -> None:
    rest = rest_s(seconds, now=now, shift_s=shift_s)
    assert is_common(now + rest, shift_s)
    assert SOONEST * STEP_S <= rest + 1e-9
    assert seconds - STEP_S < rest + 1e-9
    assert rest <= (seconds if seconds >= (1 + SOONEST) * STEP_S + EARLY_S else STEP_S * (1 + SOONEST)) + EARLY_S + 1e-9


@given(st.floats(0, STEP_S, exclude_max=True), SHIFTS)
def test_less_than_a_step_is_as_it_was_asked(seconds: float, shift_s: float) -> None:
    assert rest_s(seconds, now=12.3, shift_s=shift_s) == seconds


@pytest.mark.parametrize("ring_s", [-0.001, 0.0, 0.002, 0.09])
@pytest.mark.parametrize("seconds", [0.5, 1.0, 5.0])
def test_rounds_in_step_stay_as_far_apart_as_asked(seconds: float, ring_s: float) -> None:
    """Also where a timer rings a millisecond too soon, which would else be a round more, and where a round takes its time."""
    at = 100.0 * STEP_S + 0.2
    for _ in range(5):
        following = at + ring_s + rest_s(seconds, now=at + ring_s, shift_s=0.2)
        assert following == pytest.approx(at + seconds)
        at = following


async def test_the_moments_are_those_of_the_process() -> None:
    past = (asyncio.get_running_loop().time() + in_step(30.0) - steps._SHIFT_S) % STEP_S
    assert min(past, STEP_S - past) < 0.05
