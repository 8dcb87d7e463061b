"""Before a treatment gets more, or the control's place, by what people said: would it also without keys that say more than their share
and speak for nobody (PROMISES O-08)? Where not, somebody has to look at it. A rollback waits for nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any, Final

import structlog

from burnish_optimizer.core.experiment_orders import Told, decide, held_back, promoted_by
from burnish_optimizer.core.outvoting import in_words, outvoting, without
from burnish_optimizer.io import voices_store as store
from burnish_optimizer.io.experiments_store import ExperimentClaim, Watched
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.experiments.analysis import Analysis, Memory, analyse
from burnish_shared.experiments.sums import ArmSums

log = structlog.get_logger("burnish.optimizer")

STATEMENT_MOST_S: Final = 10.0

AGAIN: Final = 1.1
"""Who reacted is read again with so many times the reactions, or another epoch."""

Moved = dict[str, Mapping[tuple[int, str], ArmSums]]


async def hear_voices(
    held: ExperimentClaim, watched: Watched, memory: Memory, analysis: Analysis, told: Told, *, db: Database, now: datetime, dice: Random
) -> tuple[Told, Mapping[str, Any] | None]:
    """What is told, and what is to be kept of it; None: nothing was asked. Where it cannot be read in time the decision stands."""
    seen, plan = watched.seen, watched.seen.plan
    metrics = [one for one in dict.fromkeys((plan.metric, *(g.metric for g in plan.guardrails))) if store.kinds_of(one)]
    if not metrics or promoted_by(seen, told.order) is None:
        return told, None
    at = [analysis.observations, len(seen.epochs)]
    before = watched.outvoted.get("at")
    if before and before[1] == at[1] and at[0] < AGAIN * before[0]:
        return held_back(seen, analysis, told, why=watched.outvoted["why"], now=now), None
    try:
        moved, why = await _moved(held, watched, metrics, db)
    except Unavailable as error:
        log.warning("experiment.voices_not_read", experiment_id=str(held.experiment_id), error=str(error))
        return told, None
    if not moved:
        return told, {}
    epochs = without(seen.epochs, moved)
    alone = decide(seen.with_epochs(epochs), analyse(plan, epochs, memory), now=now, dice=dice)
    if promoted_by(seen, alone.order) == promoted_by(seen, told.order):
        return told, {}
    said = in_words(*why, alone.sentence)
    return held_back(seen, analysis, told, why=said, now=now), {"at": at, "why": said}


async def _moved(
    held: ExperimentClaim, watched: Watched, metrics: list[str], db: Database
) -> tuple[Moved, tuple[Mapping[str, int], frozenset[str]]]:
    """By metric what its sums are without keys that outvote others; and of the last such metric who reacted, and which keys those are."""
    moved: Moved = {}
    who: tuple[Mapping[str, int], frozenset[str]] = ({}, frozenset())
    for metric in metrics:
        async with db.unit_of_work(workspace=held.workspace_id, read_only=True, statement_most_s=STATEMENT_MOST_S) as tx:
            reactions = await store.voices(tx, held, metric=metric, since=watched.seen.started_at)
            keys = outvoting(reactions)
            if keys:
                moved[metric] = await store.said_by(tx, held, metric=metric, since=watched.seen.started_at, keys=keys)
                who = (reactions, keys)
    return moved, who
