"""What endpoints refused, and why: remembered in memory, written now and then; no sender waits for it, and none can make it long."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import structlog

from burnish_gateway.inbound import store
from burnish_gateway.inbound.book import Receiver
from burnish_gateway.metrics import BACKGROUND_FAILED
from burnish_shared.db.session import Database
from burnish_shared.errors import BurnishError
from burnish_shared.ids import new_uuid
from burnish_shared.storable_text import storable

log = structlog.get_logger("burnish.gateway")

Reason = Literal["signature", "body", "mapping", "too_many", "too_large", "throttled"]
"""`body`: signed well, and nothing that could be read or may come. `mapping`: what it gave is no
feedback. `too_many`: they came faster than they are taken. `too_large`: longer than is read, whoever sent it. `throttled`: not signed as it
should be, from an address that was refused too often to be told so."""

COUNTED: Final = frozenset[Reason]({"too_large", "throttled"})
"""Of these anybody may send any number: one row for an endpoint, reason and minute says how many."""

KEPT: Final = 20
"""Of each endpoint and reason: who knows an address, but no secret, washes away nothing of what was signed well."""

WAITING_MOST: Final = 2_000
"""Endpoints and reasons of which refusals wait to be written, by this process; of others they are let go."""

WRITE_EVERY_S: Final = 1.0
MESSAGE_MOST: Final = 500
PARAM_MOST: Final = 200


@dataclass(slots=True)
class RefusalLog:
    """A gateway that dies takes at most a second of it along."""

    db: Database
    _waiting: dict[tuple[UUID, Reason], deque[store.Refusal]] = field(default_factory=dict)

    def note(self, receiver: Receiver, reason: Reason, message: str, *, param: str | None = None, at: datetime) -> None:
        rows = self._waiting.get((receiver.endpoint_id, reason))
        if rows is None:
            if len(self._waiting) >= WAITING_MOST:
                return
            rows = self._waiting[receiver.endpoint_id, reason] = deque(maxlen=KEPT)
        minute = at.replace(second=0, microsecond=0) if reason in COUNTED else None
        counted = next((one for one in rows if one.minute == minute), None) if minute is not None else None
        if counted is not None:  # not always the newest: clocks step back
            rows.remove(counted)
        rows.append(
            store.Refusal(
                new_uuid(), receiver.workspace_id, receiver.endpoint_id, reason, None if param is None else storable(param)[:PARAM_MOST],
                storable(message)[:MESSAGE_MOST], at, 1 + (counted.times if counted is not None else 0), minute,
            )
        )  # fmt: skip

    async def run(self) -> None:
        while True:
            await asyncio.sleep(WRITE_EVERY_S)
            await self.write()

    async def write(self) -> None:
        """Writes what waits. While PostgreSQL is away it is let go: it is no record, only a help."""
        waiting, self._waiting = self._waiting, {}
        by_workspace: dict[UUID, list[store.Refusal]] = {}
        for rows in waiting.values():
            by_workspace.setdefault(rows[0].workspace_id, []).extend(rows)
        for workspace_id, found in by_workspace.items():
            try:
                async with self.db.unit_of_work(workspace=workspace_id) as tx:
                    await store.insert_refusals(tx, found, keep=KEPT)
            except BurnishError as error:
                log.warning("inbound_refusals.not_written", error=str(error), refusals=len(found))
            except Exception:  # the edge of a workspace: what is only a help takes no gateway down, nor what others are told
                BACKGROUND_FAILED.labels("inbound_refusals").inc()
                log.exception("inbound_refusals.failed", workspace_id=str(workspace_id), refusals=len(found))
