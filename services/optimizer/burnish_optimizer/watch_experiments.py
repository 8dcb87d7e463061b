"""Looks at running experiments by turns, for as long as the service runs. Two replicas share them: each look is claimed."""

import asyncio
from dataclasses import dataclass

import structlog

from burnish_optimizer import metrics
from burnish_optimizer.conclude_experiment import conclude_experiment
from burnish_optimizer.io import experiments_store as store
from burnish_optimizer.io.experiments_store import ExperimentClaim
from burnish_optimizer.settings import OptimizerSettings
from burnish_shared.clock import Clock
from burnish_shared.db.session import UNAVAILABLE, Database
from burnish_shared.errors import Unavailable

log = structlog.get_logger("burnish.optimizer")

AT_ONCE = 20
"""Experiments that one replica takes in one turn: a look takes milliseconds."""

LEASE_S = 120
"""Long enough for a look that reads every unit of a large experiment: 400,000 rows of units took 4.4 s on a busy machine."""


@dataclass(slots=True)
class ExperimentWatch:
    """What this replica looks at."""

    db: Database
    settings: OptimizerSettings
    clock: Clock

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. What was claimed and not looked at is taken by another replica when its lease is over."""
        stopped = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                looked = await self.turn()
                if looked < AT_ONCE:
                    await asyncio.wait({stopped}, timeout=min(1.0, self.settings.experiment_interval_s))
        finally:
            stopped.cancel()

    async def turn(self) -> int:
        """Looks at what is due, one after the other. Returns how many there were."""
        try:
            async with self.db.unit_of_work() as tx:
                claims = await store.claim(tx, worker=self.settings.replica, lease_s=LEASE_S, most=AT_ONCE)
        except (Unavailable, *UNAVAILABLE):
            return 0
        for one in claims:
            await self._look(one)
        return len(claims)

    async def _look(self, held: ExperimentClaim) -> None:
        """The edge of a look: one that goes wrong keeps nobody else from theirs, and is tried again when its lease is over."""
        about = {"experiment_id": str(held.experiment_id), "workspace_id": str(held.workspace_id)}
        try:
            order = await conclude_experiment(held, db=self.db, clock=self.clock, next_look_s=self.settings.experiment_interval_s)
        except (Unavailable, *UNAVAILABLE):
            return
        except Exception:
            metrics.EXPERIMENT_LOOKS.labels("failed").inc()
            log.exception("experiment.look_failed", **about)
            return
        metrics.EXPERIMENT_LOOKS.labels(order.kind if order else "nothing").inc()
        if order is not None:
            log.info("experiment.decided", **about, kind=order.kind)
