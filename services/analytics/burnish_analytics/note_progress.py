"""Writes down until when everything is counted, so that who shows figures can say how old they are.

While analytics is away nobody writes, and what was written last gets older: that is just what is to be said.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from burnish_analytics.io import progress_store
from burnish_shared.bus.api import ApiError
from burnish_shared.bus.connect import Bus
from burnish_shared.bus.lag import unfinished_s
from burnish_shared.clock import Clock
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.streams import ANALYTICS_FEEDBACK, ANALYTICS_RECORDS
from burnish_shared.waiting import came

log = structlog.get_logger("burnish.analytics")

CONSUMERS: Final = (ANALYTICS_RECORDS, ANALYTICS_FEEDBACK)
"""Those that figures come from."""


MARGIN_S: Final = 1.0
"""Ages of messages are known to the second, and what is recorded is on its way for a moment before it is published."""


@dataclass(frozen=True, slots=True)
class ProgressKeeper:
    """Every replica writes: they ask the same server of the same consumers."""

    db: Database
    bus: Bus
    clock: Clock
    interval_s: float

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self.note()
            except (Unavailable, ApiError) as error:
                log.warning("progress_unknown", reason=str(error))
            await came(stop, within_s=self.interval_s)

    async def note(self) -> None:
        """Raises Unavailable while NATS or PostgreSQL is away, and ApiError where a consumer is missing."""
        asked_at = self.clock.now() - timedelta(seconds=MARGIN_S)
        through = {one.durable: asked_at - timedelta(seconds=await unfinished_s(self.bus, one)) for one in CONSUMERS}
        async with self.db.unit_of_work() as tx:
            await progress_store.note_through(tx, through)
