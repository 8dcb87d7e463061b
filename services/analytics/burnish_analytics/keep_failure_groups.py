"""Groups failures when somebody asks: one prompt after the other, in a process that is there only as long as there is work."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Final

import structlog

from burnish_analytics import metrics
from burnish_analytics.group_failures import group_failures
from burnish_analytics.io import failure_store as store
from burnish_shared.clock import Clock
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.sandbox.worker_process import WorkerProcess

log = structlog.get_logger("burnish.analytics")

AT_ONCE: Final = 20
WORKER: Final = "burnish_analytics.group_worker"


@dataclass(frozen=True, slots=True)
class FailureGroupKeeper:
    """Looks every `interval_s`, until `stop`. Two replicas do no harm: a request is leased to one of them."""

    db: Database
    clock: Clock
    interval_s: float

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self.group_due()
            except Unavailable:
                log.warning("failure_groups_wait")
            except Exception:  # The edge of a round: what was leased is found again when its lease is over.
                metrics.housework_failures_total.labels("failure_groups").inc()
                log.exception("failure_groups_failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self.interval_s)

    async def group_due(self) -> int:
        """Works out what was asked for. Returns how many prompts that were."""
        async with self.db.unit_of_work() as tx:
            due = await store.due(tx, at_most=AT_ONCE)
        if not due:
            return 0
        worker, done = WorkerProcess(WORKER), 0
        try:
            for workspace_id, slug, days in due:
                async with self.db.unit_of_work(workspaces={workspace_id}) as tx:
                    wanted = await store.claim(tx, workspace_id, slug, days)
                if wanted is not None:
                    done += await self._one(wanted, worker)
        finally:
            await worker.kill()
        return done

    async def _one(self, wanted: store.Wanted, worker: WorkerProcess) -> bool:
        made = await group_failures(self.db, wanted, worker, now=self.clock.now())
        if not made:
            metrics.housework_failures_total.labels("failure_groups").inc()
            log.error("failure_groups_not_made", workspace_id=str(wanted.workspace_id), days=wanted.days)
        return made
