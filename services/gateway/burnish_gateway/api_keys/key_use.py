"""When keys were last used: remembered in memory, written now and then, so that no request waits for it (PRODUCT T2)."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog

from burnish_gateway.api_keys import key_store
from burnish_shared.db.session import Database
from burnish_shared.errors import BurnishError
from burnish_shared.in_step import in_step

log = structlog.get_logger("burnish.gateway")

KEYS_MOST = 1000
"""Keys in one statement."""


@dataclass(slots=True)
class KeyUse:
    """What a gateway saw since it last wrote. A gateway that dies takes at most `interval_s` of it along."""

    db: Database
    interval_s: float
    _seen: dict[UUID, datetime] = field(default_factory=dict)

    def saw(self, api_key_id: UUID, *, at: datetime) -> None:
        self._seen[api_key_id] = at

    async def run(self) -> None:
        while True:
            await asyncio.sleep(in_step(self.interval_s))
            await self.write()

    async def write(self) -> None:
        """Writes what was seen. While PostgreSQL is away it is kept for the next time, the newer sight of a key standing."""
        seen, self._seen = self._seen, {}
        keys = sorted(seen)
        try:
            for start in range(0, len(keys), KEYS_MOST):
                batch = keys[start : start + KEYS_MOST]
                async with self.db.unit_of_work() as tx:
                    await key_store.touch(tx, batch, [seen[one] for one in batch])
        except BurnishError as error:
            self._seen = seen | self._seen
            log.warning("key_use.not_written", error=str(error), keys=len(seen))
