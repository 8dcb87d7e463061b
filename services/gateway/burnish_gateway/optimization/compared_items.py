"""The items of two compared test runs: in pages, by what changed and by category, and one of them with both answers (PRODUCT D3)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field

from burnish_gateway.optimization import compare_runs_store as store
from burnish_gateway.optimization.compare_runs import comparable_runs
from burnish_shared.chains.item_trace import trace_of_item
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound

Change = Literal["fixed", "broken", "same"]

ORDER: Final[tuple[Change, ...]] = ("broken", "fixed", "same")
"""What a list begins with; the SQL numbers them alike."""


class ComparedItem(BaseModel):
    """An item that both runs answered. Texts are their first 300 characters, outputs those of the first repeat; null where none is kept."""

    item_id: UUID
    change: Change
    input: str | None = Field(description="The values of its variables, each in a line.")
    expected: str | None
    base: float = Field(description="The share of its repeats that were right in the base.")
    run: float
    base_output: str | None
    run_output: str | None


class ComparedItemPage(BaseModel):
    data: list[ComparedItem]
    next_cursor: str | None


class OneAnswer(BaseModel):
    """What one run answered to an item in one repeat. `output` null: no answer came (`error`), or its text is kept no more."""

    execution_id: UUID | None = Field(description="Of a chain the last call; null: it made none.")
    trace_id: str | None = Field(default=None, description="Of a chain: whose executions are its calls for this item. Null: of a prompt.")
    output: str | None
    correct: bool | None = Field(description="null: the item has no right answer.")
    status: str | None
    error: dict[str, Any] | None
    cost_nusd: int
    latency_ms: int | None
    answered_at: datetime
    scores: dict[str, Any] | None = Field(
        description="What the run's evaluators said, by their ids; kept of failed cases as far as the run lists them, else null."
    )


class SideOfItem(BaseModel):
    """`right` of `asked` repeats. `answer`: of the repeat that was asked for; null where this run did not go so far."""

    right: int
    asked: int
    answer: OneAnswer | None


class ComparedAnswers(BaseModel):
    item_id: UUID
    change: Change
    input: str | dict[str, Any] | None = Field(description="null: the item was erased.")
    expected: str | None
    metadata: dict[str, Any] | None
    repeat: int
    base: SideOfItem
    run: SideOfItem
    evaluators: dict[str, str] = Field(description="Names of the evaluators that `scores` names by id.")


async def list_compared(
    tx: Tx,
    workspace_id: UUID,
    run_id: UUID,
    *,
    base_id: UUID,
    change: Change | None,
    category: str | None,
    after: Sequence[Any] | None,
    limit: int,
) -> list[Record]:
    """Broken ones first, then fixed ones, then the same; within each in the order of the dataset. None: of any change, of all categories.

    Raises NotFound, Conflict, InvalidField where the runs cannot be compared.
    """
    await comparable_runs(tx, workspace_id, run_id, base_id=base_id)
    place = (int(after[0]), int(after[1]), UUID(after[2])) if after else store.BEFORE_ALL
    kind = None if change is None else ORDER.index(change)
    return await store.compared_items(
        tx, workspace_id, run_id=run_id, base_id=base_id, kind=kind, category=category, after=place, limit=limit
    )  # fmt: skip


def position_of(row: Record) -> list[Any]:
    """Where a page ends."""
    return [row["kind"], row["place"], str(row["item_id"])]


def compared_item(row: Record) -> ComparedItem:
    shares = {side: row[f"{side}_right"] / row[f"{side}_n"] for side in ("base", "run")}
    texts = {name: row[name] for name in ("item_id", "input", "expected", "base_output", "run_output")}
    return ComparedItem(change=ORDER[row["kind"]], **texts, **shares)


async def read_compared(tx: Tx, workspace_id: UUID, run_id: UUID, *, base_id: UUID, item_id: UUID, repeat: int) -> ComparedAnswers:
    """One item with both answers. Raises NotFound also where not both runs answered it; Conflict, InvalidField as the list does."""
    run, base = await comparable_runs(tx, workspace_id, run_id, base_id=base_id)
    [*found] = await store.compared_items(
        tx, workspace_id, run_id=run_id, base_id=base_id, kind=None, category=None, only=item_id, after=store.BEFORE_ALL, limit=1
    )
    if not found:
        raise NotFound("There is no such item that both test runs answered.", param="item_id")
    [row] = found
    answers = await store.answers_of_item(tx, workspace_id, item_id, owners=[run_id, base_id], repeat=repeat)
    item = await store.item_of(tx, workspace_id, item_id)
    sides = {
        name: SideOfItem(
            right=row[f"{name}_right"],
            asked=row[f"{name}_n"],
            answer=_answer(answers.get(owner["test_run_id"]), owner, item_id, repeat=repeat),
        )
        for name, owner in (("base", base), ("run", run))
    }
    return ComparedAnswers(
        item_id=item_id,
        change=ORDER[row["kind"]],
        input=item["input"] if item else None,
        expected=item["expected"] if item else None,
        metadata=item["metadata"] if item else None,
        repeat=repeat,
        evaluators={str(one["id"]): one["name"] for owner in (base, run) for one in (owner["result"] or {}).get("evaluators") or ()},
        **sides,
    )


def _answer(row: Record | None, run: Record, item_id: UUID, *, repeat: int) -> OneAnswer | None:
    if row is None:
        return None
    trace_id = None if run["chain_id"] is None else trace_of_item(run["test_run_id"], item_id, repeat).hex
    listed: list[dict[str, Any]] = (run["result"] or {}).get("failed_cases") or []
    own = (one for one in listed if one.get("execution_id") == str(row["execution_id"]) or (trace_id and one.get("trace_id") == trace_id))
    scores = next((one.get("scores") for one in own), None)
    return OneAnswer(scores=scores or None, trace_id=trace_id, **{name: one for name, one in row.items() if name != "owner_id"})
