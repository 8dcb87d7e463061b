"""Two test runs item by item: which items one answers rightly and the other does not, and whether that can be chance (PRODUCT D3)."""

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final, Literal
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field

from burnish_gateway.optimization import compare_runs_store as store
from burnish_gateway.optimization import store as runs_store
from burnish_gateway.optimization.compare_scores import ScoreDifference, compare_scores, score_in_words
from burnish_gateway.optimization.summary import Share
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, NotFound
from burnish_shared.measures import wilson
from burnish_shared.paired import LEAST_ITEMS, Comparison, compare

CHANGED_MOST: Final = 200
CATEGORIES_MOST: Final = 100
READS_MOST: Final = 5
"""After so many readings of one test split its figures have been chosen by, and fresh items are asked for (SCIENCE section 3)."""


class RunSide(BaseModel):
    """One of the two runs; `accuracy` of the items that both answered, with its 95 % bounds."""

    id: UUID
    prompt: str | None = Field(description="null: a chain was tested.")
    chain: str | None = Field(default=None, description="Slug of the chain; `version` is its.")
    version: int
    model: str | None
    repeats: int
    dataset_version: int
    accuracy: Share | None = Field(description="null: no item has a right answer.")
    cost_nusd: int | None
    latency_ms: dict[str, int] | None
    simulated: bool


class CategoryDifference(BaseModel):
    """Items with one expected answer; descriptive: no claim is made of a category."""

    category: str
    items: int
    base: float
    accuracy: float
    fixed: int
    broken: int


class ChangedItem(BaseModel):
    """`base` and `run`: the share of its repeats that were right; outputs are of the first repeat, null where no text is kept."""

    item_id: UUID
    change: Literal["broken", "fixed"]
    input: str | dict[str, Any] | None
    expected: str | None
    base: float
    run: float
    base_output: str | None
    run_output: str | None
    base_execution_id: UUID | None
    run_execution_id: UUID | None


class RunComparison(BaseModel):
    base: RunSide
    run: RunSide
    items: int = Field(description="Items with a right answer that both runs answered; only these are right or wrong.")
    only_in_base: int
    only_in_run: int
    fixed: int = Field(description="Items with more right answers than in the base.")
    broken: int
    difference: Share | None = Field(
        description="run − base as a share of items, with 95 % bounds: Newcombe's for pairs; with repeats, by item. Null: no item "
        "has a right answer; `evaluators` say what they find."
    )
    test: Literal["mcnemar", "sign_flip"] = Field(description="Exact McNemar; sign-flip where repeats make scores between 0 and 1.")
    p_value: float = Field(description="Two-sided.")
    verdict: Literal["better", "worse", "no_difference", "too_small"]
    in_words: str
    smallest_difference: float | None = Field(
        description="A true difference of this size is found four times in five with so many items; null without any."
    )
    items_needed: int | None = Field(description="So many items would find the difference that was seen; null where none was seen.")
    test_reads: int | None = Field(
        description="How often test runs have read this test split. Who chooses by it makes it less of a proof. Null: not the test split."
    )
    categories: list[CategoryDifference]
    changed: list[ChangedItem] = Field(description="Broken ones first; at most 200. All of them, page by page: `/items` below this path.")
    changed_left_out: int
    evaluators: list[ScoreDifference] = Field(
        description="By what each evaluator says that scored both runs in the same version, over all items, also those without a "
        "right answer."
    )


async def compare_runs(tx: Tx, workspace_id: UUID, run_id: UUID, *, base_id: UUID) -> RunComparison:
    """Raises NotFound, Conflict, InvalidField where they cannot be compared."""
    run, base = await comparable_runs(tx, workspace_id, run_id, base_id=base_id)
    scores = await store.scores_of(tx, workspace_id, run_id=run_id, base_id=base_id)
    pairs = [row for row in scores if row["base_n"] and row["run_n"]]
    found = compare([_share(row, "base") for row in pairs], [_share(row, "run") for row in pairs])
    evaluators = await compare_scores(tx, workspace_id, run, base=base)
    if found is None and not evaluators:
        raise Conflict(
            "base_id: no item was answered in both runs, or nothing judged both, or their answers are not kept any more.", param="base_id"
        )
    changed = sorted((row for row in pairs if _share(row, "base") != _share(row, "run")), key=_broken_first)
    cases = await store.cases_of(tx, workspace_id, [row["item_id"] for row in changed[:CHANGED_MOST]], run_id=run_id, base_id=base_id)
    reads = await store.test_reads(tx, workspace_id, run["dataset_id"]) if run["split"] == "test" else None
    return RunComparison(
        base=_side(base, [_share(row, "base") for row in pairs]),
        run=_side(run, [_share(row, "run") for row in pairs]),
        items=len(pairs),
        only_in_base=sum(not row["run_n"] for row in scores),
        only_in_run=sum(not row["base_n"] for row in scores),
        **_found(found, evaluators, reads=reads),
        test_reads=reads,
        categories=_categories(pairs),
        changed=[_changed(row, cases[row["item_id"]]) for row in changed[:CHANGED_MOST]],
        changed_left_out=max(0, len(changed) - CHANGED_MOST),
        evaluators=evaluators,
    )


def _found(found: Comparison | None, evaluators: Sequence[ScoreDifference], *, reads: int | None) -> dict[str, Any]:
    """What is found of right and wrong. `found` None: no item has a right answer."""
    if found is None:
        words = " ".join(["No item has a right answer.", *(score_in_words(one) for one in evaluators), *_worn(reads)])
        return {"fixed": 0, "broken": 0, "difference": None, "test": "mcnemar", "p_value": 1.0, "verdict": "too_small", "in_words": words,
                "smallest_difference": None, "items_needed": None}  # fmt: skip
    told = ("fixed", "broken", "test", "p_value", "verdict", "smallest_difference", "items_needed")
    return {name: getattr(found, name) for name in told} | {
        "difference": Share(value=found.difference.value, low=found.difference.low, high=found.difference.high),
        "in_words": _in_words(found, reads=reads),
    }


async def comparable_runs(tx: Tx, workspace_id: UUID, run_id: UUID, *, base_id: UUID) -> tuple[Record, Record]:
    """The run and its base. Raises NotFound, Conflict, InvalidField where they cannot be compared."""
    run, base = await _run(tx, workspace_id, run_id, param="run_id"), await _run(tx, workspace_id, base_id, param="base_id")
    if run_id == base_id:
        raise InvalidField("base_id: that is the same test run; name another one.", param="base_id")
    if (run["dataset_id"], run["split"]) != (base["dataset_id"], base["split"]):
        raise InvalidField("base_id: the two runs must be on the same split of the same dataset.", param="base_id")
    return run, base


async def _run(tx: Tx, workspace_id: UUID, run_id: UUID, *, param: str) -> Record:
    run = await runs_store.find_run(tx, workspace_id, "test_run", run_id)
    if run is None:
        raise NotFound("There is no such test run in this workspace.", param=param)
    if run["status"] != "completed":
        raise Conflict(f"{param}: this test run is {run['status']}; runs can be compared once they are completed.", param=param)
    return run


def _share(row: Record, side: str) -> Fraction:
    return Fraction(row[f"{side}_right"], row[f"{side}_n"])


def _broken_first(row: Record) -> tuple[Fraction, str]:
    return _share(row, "run") - _share(row, "base"), str(row["item_id"])


def _side(run: Record, shares: Sequence[Fraction]) -> RunSide:
    result: dict[str, Any] = run["result"] or {}
    interval = wilson(float(sum(shares, Fraction())), len(shares))
    return RunSide(
        id=run["test_run_id"],
        prompt=run["slug"],
        chain=run["chain"]["slug"] if run["chain"] else None,
        accuracy=Share(value=interval.value, low=interval.low, high=interval.high) if interval else None,
        cost_nusd=result.get("cost_nusd"),
        latency_ms=result.get("latency_ms"),
        **{name: run[name] for name in ("version", "model", "repeats", "dataset_version", "simulated")},
    )


def _categories(pairs: Sequence[Record]) -> list[CategoryDifference]:
    """Where the change is largest first. Empty where expected answers are no categories."""
    groups: dict[str, list[Record]] = defaultdict(list)
    for row in pairs:
        if row["expected"] is not None:
            groups[row["expected"].strip()].append(row)
    if len(groups) > CATEGORIES_MOST:
        return []
    found = [_category(name, rows) for name, rows in groups.items()]
    return sorted(found, key=lambda one: (-abs(one.accuracy - one.base), one.category))


def _category(name: str, rows: Sequence[Record]) -> CategoryDifference:
    before, after = [_share(row, "base") for row in rows], [_share(row, "run") for row in rows]
    return CategoryDifference(
        category=name,
        items=len(rows),
        base=float(sum(before, Fraction()) / len(rows)),
        accuracy=float(sum(after, Fraction()) / len(rows)),
        fixed=sum(b > a for a, b in zip(before, after, strict=True)),
        broken=sum(b < a for a, b in zip(before, after, strict=True)),
    )


def _changed(row: Record, case: Record) -> ChangedItem:
    base, run = _share(row, "base"), _share(row, "run")
    return ChangedItem(change="fixed" if run > base else "broken", base=float(base), run=float(run), **dict(case))


def _in_words(found: Comparison, *, reads: int | None) -> str:
    points = f"{100 * found.difference.value:+.1f} points ({100 * found.difference.low:+.1f} to {100 * found.difference.high:+.1f})"
    seen = f"{points} over {found.items:,} items: {found.fixed:,} fixed, {found.broken:,} broken."
    needed = "" if found.items_needed is None else f" About {found.items_needed:,} items would tell a difference of this size."
    match found.verdict:
        case "better" | "worse":
            words = f"{found.verdict.capitalize()}: {seen}"
        case "no_difference":
            words = f"No difference found: {seen} One of {100 * found.smallest_difference:.1f} points or more would probably have shown."
        case "too_small":
            few = f" With fewer than {LEAST_ITEMS} items nothing is claimed." if found.items < LEAST_ITEMS else needed
            words = f"Too small to tell: {seen}{few}"
    return " ".join([words, *_worn(reads)])


def _worn(reads: int | None) -> list[str]:
    """What is to be said of a test split that was read too often."""
    if reads is None or reads <= READS_MOST:
        return []
    return [f"This test split has been read {reads} times: add fresh test items before relying on it."]
