"""Evaluators in SQL, read only: the gateway writes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from burnish_shared.db.session import Tx


@dataclass(frozen=True, slots=True)
class SavedEvaluator:
    """One version of an evaluator."""

    evaluator_id: UUID
    name: str
    version: int
    settings: dict[str, Any]


async def load_evaluators(tx: Tx, workspace_id: UUID, evaluator_ids: Sequence[UUID], *, as_of: datetime) -> list[SavedEvaluator]:
    """In the order of their ids' list, in the version that was the newest at a moment: a run that is begun again goes on with what it began
    with, also where that was archived meanwhile."""
    if not evaluator_ids:
        return []
    rows = await tx.fetch(
        """SELECT DISTINCT ON (e.evaluator_id) e.evaluator_id, e.name, v.version, v.settings
             FROM evaluators e JOIN evaluator_versions v USING (workspace_id, evaluator_id)
            WHERE e.workspace_id = $1 AND e.evaluator_id = ANY ($2) AND (v.created_at <= $3 OR v.version = 1)
            ORDER BY e.evaluator_id, v.version DESC""",
        workspace_id,
        list(evaluator_ids),
        as_of,
    )
    found = {row["evaluator_id"]: SavedEvaluator(**dict(row)) for row in rows}
    return [found[one] for one in evaluator_ids if one in found]


async def answers_of(tx: Tx, workspace_id: UUID, test_run_id: UUID) -> dict[UUID, str]:
    """Item → what a test run answered, where it did and the answer is not forgotten; of repeats the first."""
    rows = await tx.fetch(
        """SELECT e.item_id, e.output FROM evaluations e JOIN dataset_items d ON d.workspace_id = e.workspace_id AND d.item_id = e.item_id
            WHERE e.workspace_id = $1 AND e.owner_id = $2 AND e.repeat = 0 AND e.step IS NULL
              AND e.status = 'success' AND e.output IS NOT NULL""",
        workspace_id,
        test_run_id,
    )
    return {row["item_id"]: row["output"] for row in rows}
