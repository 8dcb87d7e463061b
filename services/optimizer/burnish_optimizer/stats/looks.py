"""What a look at a test split may claim, when it is not the first (SCIENCE 3, "Looks at the test split")."""

from typing import Final

ALPHA: Final = 0.05
"""Error budget of one version of a dataset, over all looks at its test split, one-sided."""

MAX_LOOKS: Final = 5
"""After so many looks fresh test items are asked for."""


def alpha_of_look(number: int, *, alpha: float = ALPHA) -> float:
    """The share of `alpha` that look `number` (from 1) may spend: α/(k(k+1)). All shares together are α, which bounds a false gain."""
    if number < 1:
        raise ValueError(f"looks are counted from 1, not {number}")
    return alpha / (number * (number + 1))
