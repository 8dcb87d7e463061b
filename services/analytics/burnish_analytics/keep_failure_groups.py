"""Groups failures when somebody asks: one prompt after the other, in a process that is gone soon after the last."""

import asyncio
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from burnish_analytics import metrics
from burnish_analytics.group_failures import group_failures
from burnish_analytics.io import failure_store as store
from burnish_analytics.take_turns import each
from burnish_shared.clock import Clock
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.in_step import in_step
from burnish_shared.sandbox.worker_process import WorkerProcess
from burnish_shared.waiting import came

log = structlog.get_logger("burnish.analytics")

AT_ONCE: Final = 20
WORKER: Final = "burnish_analytics.group_worker"
LINGERS_S: Final = 20.0
"""Whoever looks at one prompt looks at the next: the process, some 130 MB, waits so long for more."""


@dataclass(frozen=True, slots=True)
class FailureGroupKeeper:
    """Looks every `interval_s`, until `stop`. Two replicas do no harm: a request is leased to one of them."""

    db: Database
    clock: Clock
    interval_s: float

    async def run(self, stop: asyncio.Event) -> None:
        worker = WorkerProcess(WORKER)
        try:
            await self._rounds(worker, stop)
        finally:
            await worker.kill()

    async def _rounds(self, worker: WorkerProcess, stop: asyncio.Event) -> None:
        clock = asyncio.get_running_loop().time
        used_at = clock()
        while not stop.is_set():
            try:
                if await self.group_due(worker):
                    used_at = clock()
                elif worker.is_alive and clock() - used_at > LINGERS_S:
                    await worker.kill()
            except Unavailable:
                log.warning("failure_groups_wait")
            except Exception:  # The edge of a round: what was leased is found again when its lease is over.
                metrics.housework_failures_total.labels("failure_groups").inc()
                log.exception("failure_groups_failed")
            await came(stop, within_s=in_step(self.interval_s))

    async def group_due(self, worker: WorkerProcess) -> int:
        """Works out what was asked for. Returns how many prompts that were."""
        async with self.db.unit_of_work(one_statement=True) as tx:
            due = await store.due(tx, at_most=AT_ONCE)
        return await each("failure_groups", due, lambda one: self._claim(*one, worker))

    async def _claim(self, workspace_id: UUID, slug: str, days: int, worker: WorkerProcess) -> int:
        async with self.db.unit_of_work(workspaces={workspace_id}) as tx:
            wanted = await store.claim(tx, workspace_id, slug, days)
        return await self._one(wanted, worker) if wanted is not None else 0

    async def _one(self, wanted: store.Wanted, worker: WorkerProcess) -> bool:
        made = await group_failures(self.db, wanted, worker, now=self.clock.now())
        if not made:
            metrics.housework_failures_total.labels("failure_groups").inc()
            log.error("failure_groups_not_made", workspace_id=str(wanted.workspace_id), days=wanted.days)
        return made
