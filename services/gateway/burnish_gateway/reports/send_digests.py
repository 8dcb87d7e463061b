"""Makes digests when they are due. Every gateway looks; the row of the schedule is locked, and each moment has one report."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from burnish_gateway.reports import schedule_store
from burnish_gateway.reports.write_report import write_due_digest
from burnish_gateway.rounds import StepRounds
from burnish_shared.db.session import Tx

MOST_AT_ONCE: Final = 50

TRY_AGAIN_AFTER: Final = timedelta(hours=1)
"""For a digest that could not be made."""


class DigestSender(StepRounds):
    """What is due is a workspace: it has one digest."""

    task = "digest"
    interval_s = 20.0

    async def due(self, tx: Tx) -> Sequence[tuple[UUID, UUID]]:
        return [(one, one) for one in await schedule_store.due(tx, at_most=MOST_AT_ONCE)]

    async def step(self, tx: Tx, workspace_id: UUID, what: UUID) -> int:
        return int(await write_due_digest(tx, workspace_id, now=self.clock.now()))

    async def put_off(self, tx: Tx, workspace_id: UUID, what: UUID) -> None:
        now = self.clock.now()
        if await schedule_store.lock_due(tx, now=now) is not None:
            await schedule_store.put_off(tx, now + TRY_AGAIN_AFTER)
