"""A change of a figure that was nearly nothing is no row of digits."""

import pytest

from burnish_shared.relative_change import relative_change

pytestmark = pytest.mark.capability("X1")


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (0.06, "+6%"),
        (-0.12, "−12%"),
        (8.99, "+899%"),
        (66.0, "×67"),
        (998.9, "×1,000"),
        (999_999_999.0, "more than ×1,000"),
        (-2_000.0, "below −100,000%"),
    ],
)
def test_a_relative_change_is_said_so_that_it_tells_something(ratio: float, said: str) -> None:
    assert relative_change(ratio) == said


def test_digits_and_the_unit_are_those_of_the_sentence() -> None:
    assert relative_change(0.0346, digits=1, unit=" %") == "+3.5 %"
