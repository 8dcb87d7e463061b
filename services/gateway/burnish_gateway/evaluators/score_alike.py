"""Scores decide an experiment only where its arms are scored alike, so nothing else is scored beside them while it goes on."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from burnish_gateway.evaluators import scoring_store
from burnish_shared.contracts.live_filters import TELLS_ARMS_APART
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict
from burnish_shared.experiments.scored import Scored


async def check_scores_alike(
    tx: Tx, evaluator_id: UUID, *, version: int, prompts: Sequence[str], labels: Sequence[str], filters: Mapping[str, Any]
) -> None:
    """Raises Conflict where scores of this version decide an experiment that goes on, and what is taken so would be a part of its arms
    alone. `filters`: those that are asked for, as JSON."""
    apart = [*(["labels"] if labels else []), *(name for name in TELLS_ARMS_APART if name in filters)]
    if not apart:
        return
    named = filters.get("experiment_id")
    found = await scoring_store.decided_by(
        tx, Scored(evaluator_id, version).metric, prompts=prompts, tag=filters.get("tag"), experiment_id=UUID(named) if named else None
    )
    if found is not None:
        raise Conflict(
            f"The experiment '{found['name']}' ({found['experiment_id']}) of '{found['slug']}' is decided by scores of this version, so "
            f"its arms have to be scored alike: leave out {' and '.join(apart)}, name other prompts, or wait until it is over.",
            param="labels" if labels else "filters",
        )
