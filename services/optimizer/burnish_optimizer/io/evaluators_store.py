"""Evaluators in SQL, read only: the gateway writes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from burnish_shared.db.session import Tx


@dataclass(frozen=True, slots=True)
class SavedEvaluator:
    evaluator_id: UUID
    name: str
    settings: dict[str, Any]


async def load_evaluators(tx: Tx, workspace_id: UUID, evaluator_ids: Sequence[UUID]) -> list[SavedEvaluator]:
    """In the order of their ids' list; archived ones too, since a run that began with one goes on with it."""
    if not evaluator_ids:
        return []
    rows = await tx.fetch(
        "SELECT evaluator_id, name, settings FROM evaluators WHERE workspace_id = $1 AND evaluator_id = ANY ($2)",
        workspace_id,
        list(evaluator_ids),
    )
    found = {row["evaluator_id"]: SavedEvaluator(**dict(row)) for row in rows}
    return [found[one] for one in evaluator_ids if one in found]
