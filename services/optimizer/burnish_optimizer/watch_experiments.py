"""Looks at running experiments by turns, for as long as the service runs. Two replicas share them: each look is claimed."""

import asyncio
from dataclasses import dataclass

import structlog

from burnish_optimizer import metrics
from burnish_optimizer.conclude_experiment import conclude_experiment
from burnish_optimizer.io import experiments_store as store
from burnish_optimizer.io.experiments_store import ExperimentClaim
from burnish_optimizer.refresh_percentiles import refresh_percentiles
from burnish_optimizer.settings import OptimizerSettings
from burnish_shared.clock import Clock
from burnish_shared.db.session import UNAVAILABLE, Database
from burnish_shared.errors import Unavailable
from burnish_shared.in_step import in_step

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
    _refreshing: asyncio.Task[None] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. What was claimed and not looked at is taken by another replica when its lease is over."""
        stopped = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                looked = await self.turn()
                if looked < AT_ONCE:
                    await asyncio.wait({stopped}, timeout=in_step(min(1.0, self.settings.experiment_interval_s)))
        finally:
            stopped.cancel()
            if self._refreshing is not None:
                self._refreshing.cancel()
                await asyncio.gather(self._refreshing, return_exceptions=True)

    async def turn(self) -> int:
        """Looks at what is due, one after the other. Returns how many there were. What is only shown is read beside it: no look waits."""
        try:
            async with self.db.unit_of_work(one_statement=True) as tx:
                claims = await store.claim(tx, worker=self.settings.replica, lease_s=LEASE_S, most=AT_ONCE)
        except (Unavailable, *UNAVAILABLE):
            return 0
        for one in claims:
            await self._look(one)
        if claims and (self._refreshing is None or self._refreshing.done()):
            self._refreshing = asyncio.create_task(self._refresh(claims))
        return len(claims)

    async def _refresh(self, claims: list[ExperimentClaim]) -> None:
        """The edge of percentiles that are only shown, of one experiment after the other; who is left out is due at a later turn too."""
        for one in claims:
            about = {"experiment_id": str(one.experiment_id), "workspace_id": str(one.workspace_id)}
            try:
                await refresh_percentiles(one, db=self.db)
            except (Unavailable, *UNAVAILABLE) as error:
                log.warning("experiment.percentiles_not_read", **about, error=str(error))
            except Exception:
                metrics.PERCENTILES_READ.labels("failed").inc()
                log.exception("experiment.percentiles_failed", **about)

    async def _look(self, held: ExperimentClaim) -> None:
        """The edge of a look: one that goes wrong keeps nobody else from theirs, and is tried again when its lease is over."""
        about = {"experiment_id": str(held.experiment_id), "workspace_id": str(held.workspace_id)}
        try:
            order = await conclude_experiment(held, db=self.db, clock=self.clock, next_look_s=self.settings.experiment_interval_s)
        except (Unavailable, *UNAVAILABLE) as error:
            metrics.EXPERIMENT_LOOKS.labels("busy").inc()
            log.warning("experiment.look_busy", **about, error=str(error))
            return
        except Exception:
            metrics.EXPERIMENT_LOOKS.labels("failed").inc()
            log.exception("experiment.look_failed", **about)
            return
        metrics.EXPERIMENT_LOOKS.labels(order.kind if order else "nothing").inc()
        if order is not None:
            log.info("experiment.decided", **about, kind=order.kind)
