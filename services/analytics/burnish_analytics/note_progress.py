"""Writes down until when everything is counted, so that who shows figures can say how old they are.

While analytics or NATS is away nobody writes, and what was written last gets older: that is just what is to be said. Moments are those of
the database's clock, by which the gateway tells their age; of NATS's clock only differences are asked.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from burnish_analytics.io import progress_store
from burnish_shared.bus.api import ApiError
from burnish_shared.bus.connect import Bus
from burnish_shared.bus.lag import unfinished_s
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.in_step import in_step
from burnish_shared.streams import ANALYTICS_FEEDBACK, ANALYTICS_RECORDS
from burnish_shared.subjects import EXECUTIONS_COMPLETED_BATCH, FEEDBACK_RECORDED_BATCH
from burnish_shared.waiting import came

log = structlog.get_logger("burnish.analytics")

SUBJECTS: Final = {ANALYTICS_RECORDS: EXECUTIONS_COMPLETED_BATCH, ANALYTICS_FEEDBACK: FEEDBACK_RECORDED_BATCH}
"""Consumers that figures come from, and what their messages are published as."""

MARGIN_S: Final = 1.0
"""Ages of messages are known to the second, and what is recorded is on its way for a moment before it is published."""


@dataclass(frozen=True, slots=True)
class ProgressKeeper:
    """Every replica writes: they ask the same server of the same consumers."""

    db: Database
    bus: Bus
    interval_s: float

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self.note()
            except (Unavailable, ApiError) as error:
                log.warning("progress_unknown", reason=str(error))
            await came(stop, within_s=in_step(self.interval_s))

    async def note(self) -> None:
        """Raises Unavailable while NATS or PostgreSQL is away, and ApiError where a consumer is missing."""
        async with self.db.unit_of_work(read_only=True, one_statement=True) as tx:
            seen = await progress_store.read_unsent(tx, list(SUBJECTS.values()))
        # In this order: what is published in between is found by the one or the other.
        through: dict[str, datetime] = {}
        for consumer, subject in SUBJECTS.items():
            handled = seen.asked_at - timedelta(seconds=MARGIN_S + await unfinished_s(self.bus, consumer))
            through[consumer.durable] = min(handled, seen.unsent.get(subject, handled))
        async with self.db.unit_of_work(one_statement=True) as tx:
            await progress_store.note_through(tx, through, asked_at=seen.asked_at)
