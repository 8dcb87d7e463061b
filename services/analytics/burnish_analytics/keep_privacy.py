"""The loops of retention, erasure and what is published daily. Each round is safe beside the same round of another replica."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from burnish_analytics import metrics
from burnish_analytics.compare_tombstones import compare_tombstones
from burnish_analytics.erase_subjects import erase_due
from burnish_analytics.erase_workspaces import erase_workspaces
from burnish_analytics.forget_old import forget_old
from burnish_analytics.publish_daily import measure_entries, publish_statistics
from burnish_analytics.settings import AnalyticsSettings
from burnish_shared.bus.connect import Bus
from burnish_shared.clock import Clock
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.in_step import in_step
from burnish_shared.waiting import came

log = structlog.get_logger("burnish.analytics")


@dataclass(frozen=True, slots=True)
class PrivacyKeeper:
    """The rounds, and the loops that run them until `stop`."""

    db: Database
    bus: Bus
    settings: AnalyticsSettings
    clock: Clock
    wake_relay: Callable[[], None]

    async def run(self, stop: asyncio.Event) -> None:
        settings = self.settings
        async with asyncio.TaskGroup() as group:
            group.create_task(self._every("compare_tombstones", settings.tombstones_interval_s, self.compare, stop))
            group.create_task(self._every("erase", settings.erasure_interval_s, self.erase, stop))
            group.create_task(self._every("forget", settings.retention_interval_s, self.forget, stop))
            group.create_task(self._every("publish", settings.publish_interval_s, self.publish, stop))

    async def compare(self) -> None:
        """Brings back erasures that a restored database does not know, and tombstones that a lost stream does not hold."""
        await compare_tombstones(self.db, self.bus)

    async def erase(self) -> None:
        if await erase_due(self.db, self.clock, batch_rows=self.settings.retention_batch_rows):
            self.wake_relay()
        await erase_workspaces(self.db, batch_rows=self.settings.retention_batch_rows)

    async def forget(self) -> None:
        await forget_old(self.db, batch_rows=self.settings.retention_batch_rows)

    async def publish(self) -> None:
        await measure_entries(self.db)
        await publish_statistics(self.db, self.clock)

    async def _every(self, task: str, interval_s: float, round_: Callable[[], Awaitable[object]], stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await round_()
            except Unavailable:
                log.warning("privacy_waits", task=task)
            except Exception:  # The edge of a round: its batch is rolled back, and the next round finds the same work again.
                metrics.housework_failures_total.labels(task).inc()
                log.exception("privacy_failed", task=task)
            await came(stop, within_s=in_step(interval_s))
