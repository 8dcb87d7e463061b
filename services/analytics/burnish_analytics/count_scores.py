"""Counts scores that evaluators gave, each once: into rollups of their own, the arms of experiments, and the detector of quality."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from burnish_analytics.core.degradation import DetectorLimits
from burnish_analytics.core.rollup import Deltas, exactly, experiment_of
from burnish_analytics.core.score_sums import NewScore, sums_of
from burnish_analytics.io import detector_store, facts_store, rollup_store
from burnish_analytics.io import live_score_store as store
from burnish_analytics.queue_reviews import queue_doubted
from burnish_analytics.take_turns import each
from burnish_analytics.watch_quality import watch_quality
from burnish_shared.clock import Clock
from burnish_shared.db.session import Database, Tx
from burnish_shared.experiments.scored import Scored

AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Counted:
    scores: int = 0
    raised: int = 0


async def count_scores(db: Database, *, limits: DetectorLimits, clock: Clock) -> Counted:
    """Until nothing waits to be counted. Safe beside another replica: one at a time counts for a workspace."""
    async with db.unit_of_work(one_statement=True) as tx:
        workspaces = await store.uncounted_workspaces(tx)
    done = Counted()

    async def count(workspace_id: UUID) -> int:
        nonlocal done
        while True:
            counted = await _count_some(db, workspace_id, limits=limits, clock=clock)
            done = Counted(done.scores + counted.scores, done.raised + counted.raised)
            if counted.scores < AT_ONCE:
                return counted.scores

    await each("scores", workspaces, count)
    return done


async def _count_some(db: Database, workspace_id: UUID, *, limits: DetectorLimits, clock: Clock) -> Counted:
    async with db.unit_of_work(workspaces={workspace_id}) as tx:
        await detector_store.lock_workspace(tx, workspace_id)
        scores = await store.take_uncounted(tx, workspace_id, most=AT_ONCE)
        await store.add_sums(tx, workspace_id, sums_of(scores))
        await _count_in_arms(tx, workspace_id, scores)
        raised = await watch_quality(tx, workspace_id, scores, limits=limits, now=clock.now())
        await queue_doubted(tx, workspace_id, {one.execution_id for one in scores})
    return Counted(len(scores), raised)


async def _count_in_arms(tx: Tx, workspace_id: UUID, scores: Sequence[NewScore]) -> None:
    """Adds scores to what is known of the units of experiments, as feedback is: one observation each, of the version that scored."""
    told = [one for one in scores if one.score is not None]
    facts = await facts_store.find_facts(tx, {(workspace_id, one.execution_id) for one in told})
    deltas = Deltas()
    for one in told:
        fact = facts.get((workspace_id, one.execution_id))
        if fact is not None:
            metric = Scored(one.evaluator_id, one.evaluator_version).metric
            deltas.add_observation(experiment_of(fact), metric, 1, exactly(one.score))
    await rollup_store.add_deltas(tx, deltas)
