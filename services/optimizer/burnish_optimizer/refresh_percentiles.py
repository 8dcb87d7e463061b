"""Percentiles of latency as they are now (decision 63): for a look that decides by them, or beside the looks for who only reads them.

Every answer is read for them, which of a large experiment may take longer than anybody should wait for: then the last ones stay, no look
fails, and it is counted and logged.
"""

from typing import Final

import structlog

from burnish_optimizer import metrics
from burnish_optimizer.core.percentiles_due import answers_of, is_due
from burnish_optimizer.io import experiments_store as store
from burnish_optimizer.io import latencies_store
from burnish_optimizer.io.experiments_store import ExperimentClaim, Watched
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.experiments.quantiles import COUNTED, Percentile, reach_of
from burnish_shared.experiments.sums import NOTHING

log = structlog.get_logger("burnish.optimizer")

STATEMENT_MOST_S: Final = 60.0
"""Of those that nobody waits for. Of 1.5 million answers the slower one took 20 to 23 s on a busy machine."""


async def refresh_percentiles(held: ExperimentClaim, *, db: Database, statement_most_s: float = STATEMENT_MOST_S) -> bool:
    """Where they are only shown, and due: reads them, and keeps them for the next look. False: there was nothing to do, or they could not
    be read; the last ones stay then, and it is tried again with more answers. Safe to run beside looks, which
    write over nothing of it, and beside itself. Raises Unavailable where the database is away.
    """
    async with db.unit_of_work(workspace=held.workspace_id, read_only=True) as tx:
        watched = await store.load(tx, held, at_any_fence=True)
    if watched is None or watched.seen.plan.is_of_quantile or not is_due(watched.seen, max(watched.read_at, watched.tried_at)):
        return False
    read_at = (answers_of(watched.seen), len(watched.seen.epochs))
    async with db.unit_of_work(workspace=held.workspace_id) as tx:
        await store.keep_percentiles(tx, held, None, read_at=read_at)  # first: no other replica reads the same meanwhile
    found = await read_percentiles(held, watched, db=db, statement_most_s=statement_most_s)
    if found is None:
        return False
    async with db.unit_of_work(workspace=held.workspace_id) as tx:
        await store.keep_percentiles(tx, held, found, read_at=read_at)
    return True


async def read_percentiles(
    held: ExperimentClaim, watched: Watched, *, db: Database, statement_most_s: float
) -> tuple[Percentile, ...] | None:
    """Of every arm, in each epoch and in all. None: the database was too busy for it, which is counted and logged."""
    plan = watched.seen.plan
    units = {arm: sum(one.sums.get(arm, {}).get(COUNTED, NOTHING).units for one in watched.seen.epochs) for arm in plan.arms}
    reach = reach_of([(units[plan.control], units[arm]) for arm in plan.treatments], alpha=plan.alpha, horizon=plan.horizon)
    try:
        async with db.unit_of_work(workspace=held.workspace_id, read_only=True, statement_most_s=statement_most_s) as tx:
            found = await latencies_store.read_percentiles(tx, held, reach=reach)
    except Unavailable as error:
        metrics.PERCENTILES_READ.labels("busy").inc()
        log.warning(
            "experiment.percentiles_not_read", experiment_id=str(held.experiment_id), workspace_id=str(held.workspace_id),
            answers=answers_of(watched.seen), error=str(error),
        )  # fmt: skip
        return None
    metrics.PERCENTILES_READ.labels("read").inc()
    return found
