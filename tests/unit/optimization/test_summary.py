"""Test runs side by side: bounds are of items, however often each was asked."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from burnish_gateway.optimization.summary import compared, paired, to_pair
from burnish_shared.measures import wilson


def run(number: int, *, correct: int, items: int | None, repeats: int = 1) -> dict[str, Any]:
    total = (items or 72) * repeats
    metrics = {"correct": correct, "total": total, "errors": 0} | ({} if items is None else {"items": items})
    return {
        "test_run_id": UUID(int=number), "slug": "tickets", "version": number, "model": "m", "dataset_id": UUID(int=0), "dataset": "cases",
        "dataset_version": 1, "split": "validation", "repeats": repeats, "simulated": False, "finished_at": datetime.now(UTC),
        "metrics": metrics, "cost_nusd": 1, "latency_ms": {}, "evaluators": [], "runs": 1,
    }  # fmt: skip


def test_asking_each_item_twenty_times_narrows_no_bounds() -> None:
    once = wilson(26, 72)
    assert once is not None
    for items in (72, None):
        [found] = compared([run(1, correct=520, items=items, repeats=20), run(2, correct=540, items=items, repeats=20)])
        best, other = found.runs
        assert (best.version, other.items) == (2, 72) and other.accuracy is not None
        assert abs(other.accuracy.low - once.low) < 1e-9 and abs(other.accuracy.high - once.high) < 1e-9
        assert other.could_be_best, "one item more of 72 may be chance"


def test_runs_over_the_same_items_are_compared_item_by_item() -> None:
    worse, best = run(1, correct=57, items=99), run(2, correct=68, items=99)
    alone = compared([worse, best])
    assert to_pair(alone) == [(UUID(int=2), UUID(int=1))]
    assert alone[0].runs[1].could_be_best, "as if the items were not the same, 11 of 99 may be chance"
    cells = [(1, 1, 54), (0, 1, 14), (1, 0, 3), (0, 0, 28)]
    rows = [
        {"other": UUID(int=1), "own_right": own, "own_n": 1, "best_right": right, "best_n": 1, "items": items}
        for own, right, items in cells
    ]  # fmt: skip
    [first, second] = paired(alone, rows)[0].runs
    assert first.behind_best is None and second.behind_best is not None and not second.could_be_best
    assert (round(second.behind_best.low, 3), round(second.behind_best.high, 3)) == (0.030, 0.190)
    assert paired(alone, rows[:2]) == alone, "not all answers are kept"
