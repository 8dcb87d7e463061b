"""When percentiles of latency are read anew, and when a decision waits for them (decision 63)."""

from datetime import UTC, datetime

import pytest

from burnish_optimizer.core.experiment_orders import EpochRow, Seen
from burnish_optimizer.core.percentiles_due import LARGE, answers_of, is_due, is_due_before_deciding
from burnish_shared.contracts.experiments import Settings
from burnish_shared.experiments.analysis import Epoch
from burnish_shared.experiments.plan import Plan
from burnish_shared.experiments.sums import ArmSums

pytestmark = pytest.mark.capability("X2")

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


def seen(answers: int, *, metric: str = "success", epochs: int = 1) -> Seen:
    """Half of them of each arm, all in the first epoch."""
    sums = {arm: {"latency_ms": ArmSums(10, answers / 2, 0, 0, 0, 0)} for arm in "ab"}
    rows = tuple(EpochRow(number, {"a": 5_000, "b": 5_000}, None, BEGAN) for number in range(1, epochs + 1))
    plan = Plan(("a", "b"), metric, "lower", "sequential", Settings())
    shares = {"a": 0.5, "b": 0.5}
    return Seen(
        "x", plan, None, None, None, False, BEGAN, rows, tuple(Epoch(one.number, shares, sums if one.number == 1 else {}) for one in rows)
    )


def test_a_tenth_more_answers_a_fifth_of_many_or_another_epoch() -> None:
    assert answers_of(seen(500)) == 500
    assert is_due(seen(500), (0, 0)) and not is_due(seen(0), (0, 0))
    assert not is_due(seen(1_098), (1_000, 1)) and is_due(seen(1_100), (1_000, 1))
    assert not is_due(seen(LARGE + LARGE // 10), (LARGE, 1)) and is_due(seen(LARGE + LARGE // 5), (LARGE, 1))
    assert is_due(seen(1_000, epochs=2), (1_000, 1))


def test_a_decision_waits_for_those_of_a_large_experiment_only_where_it_is_made_by_them() -> None:
    assert is_due_before_deciding(seen(1_002), (1_000, 1)) and not is_due_before_deciding(seen(1_000), (1_000, 1))
    assert not is_due_before_deciding(seen(LARGE), (1_000, 1))
    assert is_due_before_deciding(seen(LARGE, metric="latency_p95_ms"), (1_000, 1))
