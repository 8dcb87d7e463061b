"""Test runs side by side: what can be compared, which did best, and whether the difference could be chance. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from math import sqrt
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, Field

from burnish_shared.measures import Interval, wilson
from burnish_shared.paired import compare

ANSWERS_MOST: Final = 100_000
"""Of runs with so many answers in all, the newest, differences are taken item by item."""


class Share(BaseModel):
    """A share with its 95 % bounds (Wilson), of items: repeats of one item say little about other items."""

    value: float
    low: float
    high: float


class EvaluatorMean(BaseModel):
    id: UUID
    name: str
    n: int
    mean_score: float | None
    passed: int


class ComparedRun(BaseModel):
    """The newest completed test run of one version of a prompt by one model, or of one of a chain."""

    test_run_id: UUID
    prompt: str | None = Field(description="Null: a chain was tested.")
    chain: str | None = Field(default=None, description="Slug of the chain; `version` is its.")
    version: int
    model: str | None
    runs: int = Field(description="Completed runs of the same; this is the newest.")
    repeats: int
    items: int = Field(description="Bounds are of these, however often each was asked.")
    total: int
    correct: int
    errors: int
    accuracy: Share | None
    behind_best: Share | None = Field(
        default=None,
        description="How much less accurate than the best, with 95 % bounds: item by item, as the comparison of two runs has them; beyond "
        "100,000 answers, or where some are not kept, as if the items were not the same, so rather too wide. Null for the best.",
    )
    could_be_best: bool = Field(description="False where the difference to the best is more than chance.")
    cost_nusd: int
    mean_cost_nusd: int | None = Field(description="For each answer, rounded down.")
    p50_ms: int | None
    p95_ms: int | None
    evaluators: list[EvaluatorMean]
    simulated: bool
    finished_at: datetime


class Comparison(BaseModel):
    """Runs over the same items, best first: these can be compared."""

    dataset_id: UUID
    dataset: str
    dataset_version: int
    split: str
    runs: list[ComparedRun]


class TestRunSummary(BaseModel):
    __test__ = False  # pytest takes the name for a test

    data: list[Comparison] = Field(description="Newest first.")


class SummaryRow(ComparedRun):
    """A line of the CSV."""

    dataset_id: UUID
    dataset: str
    dataset_version: int
    split: str


def compared(rows: Iterable[dict[str, Any]]) -> list[Comparison]:
    """`rows` as newest_runs reads them."""
    groups: dict[tuple[Any, ...], Comparison] = {}
    for row in rows:
        key = (row["dataset_id"], row["dataset_version"], row["split"])
        of = {name: row[name] for name in ("dataset_id", "dataset", "dataset_version", "split")}
        groups.setdefault(key, Comparison(**of, runs=[])).runs.append(_run(row))
    return [one.model_copy(update={"runs": _ranked(one.runs)}) for one in groups.values()]


def to_pair(comparisons: Iterable[Comparison]) -> list[tuple[UUID, UUID]]:
    """(best, other) of runs that are to be compared item by item."""
    found: list[tuple[UUID, UUID]] = []
    answers = 0
    for one in comparisons:
        answers += sum(run.total for run in one.runs)
        if answers > ANSWERS_MOST:
            break
        found += [(one.runs[0].test_run_id, run.test_run_id) for run in one.runs[1:]]
    return found


def paired(comparisons: Iterable[Comparison], rows: Iterable[Mapping[str, Any]]) -> list[Comparison]:
    """The same, where each item was asked in both runs with the bounds of pairs. `rows` as scores_beside reads them."""
    scores: dict[UUID, tuple[list[Fraction], list[Fraction]]] = defaultdict(lambda: ([], []))
    for row in rows:
        own, best = scores[row["other"]]
        own += [Fraction(row["own_right"], row["own_n"])] * row["items"]
        best += [Fraction(row["best_right"], row["best_n"])] * row["items"]
    return [one.model_copy(update={"runs": [_exactly(run, *scores[run.test_run_id]) for run in one.runs]}) for one in comparisons]


def _exactly(run: ComparedRun, own: list[Fraction], best: list[Fraction]) -> ComparedRun:
    found = compare(own, best) if len(own) == run.items else None
    if found is None or run.behind_best is None:
        return run
    behind = Share(value=found.difference.value, low=found.difference.low, high=found.difference.high)
    return run.model_copy(update={"behind_best": behind, "could_be_best": found.verdict != "better"})


def lines(comparisons: Iterable[Comparison]) -> list[SummaryRow]:
    return [
        SummaryRow(**run.model_dump(), **one.model_dump(include={"dataset_id", "dataset", "dataset_version", "split"}))
        for one in comparisons
        for run in one.runs
    ]


def difference(best: Interval, other: Interval) -> Share:
    """best − other with 95 % bounds (Newcombe 1998, method 10: from the two Wilson intervals)."""
    value = best.value - other.value
    low = value - sqrt((best.value - best.low) ** 2 + (other.high - other.value) ** 2)
    high = value + sqrt((best.high - best.value) ** 2 + (other.value - other.low) ** 2)
    return Share(value=value, low=max(-1.0, low), high=min(1.0, high))


def _run(row: dict[str, Any]) -> ComparedRun:
    metrics, latency = row["metrics"] or {}, row["latency_ms"] or {}
    total, correct, cost_nusd = int(metrics.get("total", 0)), int(metrics.get("correct", 0)), row["cost_nusd"] or 0
    items = int(metrics.get("items") or total // row["repeats"])
    answers = total + int(metrics.get("without_right_answer", 0))
    interval = _of_items(correct, total=total, items=items)
    return ComparedRun(
        test_run_id=row["test_run_id"],
        prompt=row["slug"],
        chain=row.get("chain"),
        version=row["version"],
        model=row["model"],
        runs=row["runs"],
        repeats=row["repeats"],
        items=items,
        total=total,
        correct=correct,
        errors=int(metrics.get("errors", 0)),
        accuracy=Share(value=interval.value, low=interval.low, high=interval.high) if interval else None,
        could_be_best=True,
        cost_nusd=cost_nusd,
        mean_cost_nusd=cost_nusd // answers if answers else None,
        p50_ms=latency.get("p50"),
        p95_ms=latency.get("p95"),
        evaluators=[EvaluatorMean.model_validate(one) for one in row["evaluators"]],
        simulated=row["simulated"],
        finished_at=row["finished_at"],
    )


def _ranked(runs: list[ComparedRun]) -> list[ComparedRun]:
    """Best first; equally good ones by what they cost."""
    ranked = sorted(runs, key=lambda run: (-(run.accuracy.value if run.accuracy else -1.0), run.cost_nusd, str(run.test_run_id)))
    best = _interval(ranked[0])
    return ranked[:1] + [_beside(run, best) for run in ranked[1:]]


def _beside(run: ComparedRun, best: Interval | None) -> ComparedRun:
    own = _interval(run)
    if best is None or own is None:
        return run
    behind = difference(best, own)
    return run.model_copy(update={"behind_best": behind, "could_be_best": behind.low <= 0})


def _interval(run: ComparedRun) -> Interval | None:
    return _of_items(run.correct, total=run.total, items=run.items)


def _of_items(correct: int, *, total: int, items: int) -> Interval | None:
    """As a test run says it of itself (the optimizer's `summarize`). None where nothing was asked."""
    return wilson(correct / total * items, items) if total and items else None
