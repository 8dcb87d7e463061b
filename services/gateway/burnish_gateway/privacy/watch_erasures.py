"""Is every erasure known to this database, and done? After a restore of an older copy it is not, and the gateway is not ready until it is.

The number of subjects in the stream is the number of erasures ever asked for. Beside that the gateway gives those that came back from
the stream their keys, which only it can make.
"""

import asyncio
import contextlib
from typing import Final

import structlog

from burnish_gateway.privacy import store
from burnish_gateway.privacy.subject import subject_key
from burnish_shared import streams
from burnish_shared.bus.api import ApiError, ask
from burnish_shared.bus.connect import Bus
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.in_step import in_step

log = structlog.get_logger("burnish.gateway")

CALM_INTERVAL_S: Final = 15.0
ANXIOUS_INTERVAL_S: Final = 0.5
MOST_AT_ONCE: Final = 500

BEFORE_SERVING_S: Final = 15.0
"""At its start a gateway looks until it knows, so long at most, before it takes its first request."""

ERASURES_INFO: Final = f"STREAM.INFO.{streams.ERASURES.name}"

ANSWER_S: Final = 10.0
"""How long NATS has for its answer: a gateway with more requests than it can serve reads it late."""


class ErasureWatch:
    """Looks now and then; `behind` is what it saw last."""

    def __init__(self, db: Database, bus: Bus, *, installation_key: bytes) -> None:
        self._db = db
        self._bus = bus
        self._key = installation_key
        self.behind: int | None = None
        """Erasures that this database has not applied, though they were asked for. None: nobody has looked yet."""

    @property
    def is_up_to_date(self) -> bool:
        return self.behind == 0

    async def look_before_serving(self) -> None:
        """Looks until it knows how many are missing, for BEFORE_SERVING_S at most. Raises nothing of its own.

        Nobody competes yet for the event loop and for connections. Once requests wait for both, a look that has its turn among them may
        fail for minutes, and a gateway that serves all it can would say that it is not ready.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BEFORE_SERVING_S):
                while True:
                    if await self._has_looked():
                        return
                    await asyncio.sleep(ANXIOUS_INTERVAL_S)

    async def run(self) -> None:
        """Looks until it is cancelled; more often while something is missing."""
        while True:
            await asyncio.sleep(in_step(CALM_INTERVAL_S if self.is_up_to_date else ANXIOUS_INTERVAL_S))
            await self._has_looked()

    async def _has_looked(self) -> bool:
        try:
            await self.look()
        except (Unavailable, ApiError, TimeoutError) as error:
            log.warning("erasures_unknown", error=str(error) or type(error).__name__)
            return False
        return True

    async def look(self) -> None:
        """Counts once, and makes keys where they are missing. Raises Unavailable where PostgreSQL or NATS does not answer."""
        asked = int((await ask(self._bus, ERASURES_INFO, timeout_s=ANSWER_S))["state"].get("num_subjects", 0))
        async with self._db.unit_of_work(read_only=True) as tx:
            known, unapplied = await store.standing(tx)
            keyless = await store.without_key(tx, at_most=MOST_AT_ONCE)
        for workspace_id, erasure_id in keyless:
            async with self._db.unit_of_work(workspace=workspace_id) as tx:
                await store.give_key(tx, workspace_id, erasure_id, key=subject_key(self._key, erasure_id))
        behind = max(0, asked - known) + unapplied
        if behind and behind != self.behind:
            log.warning("erasures_behind", erasures=behind)
        self.behind = behind
