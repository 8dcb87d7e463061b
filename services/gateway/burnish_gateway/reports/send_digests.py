"""Makes digests when they are due. Every gateway looks; the row of the schedule is locked, and each moment has one report."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from burnish_gateway.metrics import BACKGROUND_FAILED
from burnish_gateway.reports import schedule_store
from burnish_gateway.reports.write_report import write_due_digest
from burnish_shared.clock import Clock
from burnish_shared.db.session import Database
from burnish_shared.errors import BurnishError, Busy, Unavailable

log = structlog.get_logger("burnish.gateway")

INTERVAL_S: Final = 20.0
MOST_AT_ONCE: Final = 50

TRY_AGAIN_AFTER: Final = timedelta(hours=1)
"""For a digest that could not be made."""


@dataclass(frozen=True, slots=True)
class DigestSender:
    """Looks every `interval_s`."""

    db: Database
    clock: Clock
    wake_relay: Callable[[], None]
    interval_s: float = INTERVAL_S

    async def run(self) -> None:
        while True:
            try:
                await self.round()
            except BurnishError as error:
                log.warning("digests.round_put_off", error=error.message)
            await asyncio.sleep(self.interval_s)

    async def round(self) -> int:
        """Returns how many digests were made."""
        async with self.db.unit_of_work() as tx:
            workspaces = await schedule_store.due(tx, at_most=MOST_AT_ONCE)
        made = sum([await self._make(one) for one in workspaces])
        if made:
            self.wake_relay()
        return made

    async def _make(self, workspace_id: UUID) -> bool:
        """One workspace's digest, if nothing is in the way; whatever is must not stop the others, nor this loop."""
        try:
            async with self.db.unit_of_work(workspace=workspace_id) as tx:
                return await write_due_digest(tx, workspace_id, now=self.clock.now())
        except Busy:  # its figures take too long today; the others' need not
            log.warning("digests.put_off", workspace_id=str(workspace_id))
        except Unavailable:
            raise
        except Exception:
            BACKGROUND_FAILED.labels("digest").inc()
            log.exception("digests.failed", workspace_id=str(workspace_id))
        async with self.db.unit_of_work(workspace=workspace_id) as tx:  # or it would stay the first of those that are due
            now = self.clock.now()
            if await schedule_store.lock_due(tx, now=now) is not None:
                await schedule_store.put_off(tx, now + TRY_AGAIN_AFTER)
        return False
