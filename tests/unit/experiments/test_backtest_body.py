"""What a backtest may ask for: each version and model once, because each is asked and paid (PRODUCT X1)."""

from typing import Any

import pytest

from burnish_gateway.experiments.backtest_bodies import NewBacktest
from burnish_shared.errors import InvalidField


@pytest.mark.capability("X1")
@pytest.mark.parametrize(("given", "param"), [({"versions": [2, 1, 2]}, "versions"), ({"models": ["a", "b", "a"]}, "models")])
def test_nothing_is_asked_twice(given: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidField, match="twice") as refused:
        NewBacktest.model_validate({"prompt": "p", **given})
    assert refused.value.param == param


def test_versions_whose_numbers_begin_alike_are_different() -> None:
    assert NewBacktest.model_validate({"prompt": "p", "versions": [1, 11]}).versions == [1, 11]
