"""What a sketch promises: the stated error, and that adding up is counting everything at once."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_shared.distinct import EMPTY, REGISTERS, RELATIVE_ERROR, estimate, mark_of, marked, united

pytestmark = pytest.mark.capability("A1")

KEY = b"a workspace"
names = st.sets(st.text(max_size=12), max_size=200)


def sketch_of(elements: set[str] | list[str], key: bytes = KEY) -> bytes:
    return marked(EMPTY, (mark_of(one, key=key) for one in elements))


@given(names, names)
def test_uniting_is_counting_everything_at_once_in_any_order_and_however_often(one: set[str], other: set[str]) -> None:
    both = sketch_of(one | other)
    assert (
        united([sketch_of(one), sketch_of(other), sketch_of(one)]) == both == marked(sketch_of(other), [mark_of(x, key=KEY) for x in one])
    )
    assert marked(both, [mark_of(x, key=KEY) for x in one]) is both


@given(names)
def test_few_are_counted_within_five_times_the_stated_error(elements: set[str]) -> None:
    assert abs(estimate(sketch_of(elements)) - len(elements)) <= math.ceil(5 * RELATIVE_ERROR * len(elements)) + 1


@pytest.mark.parametrize("count", [1_000, 10_000, 40_000])
def test_the_error_over_many_sets_is_the_stated_one(count: int) -> None:
    """Deterministic: the sets are the same in every run. The bound on a mean of squares of n errors is that of chi-square, 3 sigma."""
    sets = max(4, 60_000 // count)
    errors = [estimate(sketch_of([str(n) for n in range(count)], f"set {k}".encode())) / count - 1 for k in range(sets)]
    assert math.sqrt(sum(one * one for one in errors) / sets) <= RELATIVE_ERROR * math.sqrt(1 + 3 * math.sqrt(2 / sets))
    assert RELATIVE_ERROR < 0.0163 and len(EMPTY) == REGISTERS


def test_a_sketch_of_another_workspace_has_other_marks_and_nothing_is_zero() -> None:
    assert sketch_of(["ada"]) != sketch_of(["ada"], b"another")
    assert estimate(EMPTY) == 0 and estimate(united([])) == 0
    assert estimate(sketch_of(["ada"])) == 1
