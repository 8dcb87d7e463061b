"""When a look asks anew how much wider intervals are for users who were in several epochs."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from burnish_optimizer.conclude_experiment import _is_to_widen
from burnish_optimizer.core.experiment_orders import Order, Told


@pytest.mark.capability("X1")
@pytest.mark.parametrize(
    ("units", "epochs", "order", "asks"),
    [(1_000, 2, None, False), (1_099, 2, None, False), (1_100, 2, None, True), (1_000, 3, None, True), (1_000, 2, "conclude", True)],
)
def test_it_asks_with_more_units_or_epochs_and_before_anything_is_decided(units: int, epochs: int, order: Any, asks: bool) -> None:
    """What was asked a few hundred users ago says too little of a promotion."""
    seen = SimpleNamespace(plan=SimpleNamespace(unit="end_user"), epochs=[SimpleNamespace(sums={"a": 1})] * epochs)
    watched = SimpleNamespace(seen=seen, widened_at=(1_000, 2), memory=SimpleNamespace(different={"a": 1.0}))
    told = Told("", [], Order(order, {}) if order else None)
    found = _is_to_widen(cast(Any, watched), cast(Any, SimpleNamespace(units=units)), told)
    assert found is asks
