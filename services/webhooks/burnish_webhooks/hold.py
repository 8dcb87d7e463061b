"""After a restore nothing is sent before an operator says so: what was waiting when the backup was taken may have been sent since
(PROMISES P-06).
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.waiting import came
from burnish_webhooks import metrics
from burnish_webhooks.io import holds_store

log = structlog.get_logger("burnish.webhooks")

LOOK_AGAIN_S: Final = 1.0


async def once_released(*senders: Callable[[asyncio.Event], Awaitable[None]], db: Database, stop: asyncio.Event) -> None:
    """Runs the senders as soon as nothing is held. A restore fills an empty database, so it never comes while a service runs."""
    if await _released(db, stop):
        await asyncio.gather(*(send(stop) for send in senders))


async def _released(db: Database, stop: asyncio.Event) -> bool:
    """True as soon as nothing is held; False on `stop`."""
    is_told = False
    while not stop.is_set():
        with contextlib.suppress(Unavailable):
            async with db.unit_of_work(read_only=True) as tx:
                is_held = await holds_store.is_held(tx)
            metrics.held.set(is_held)
            if not is_held:
                return True
            if not is_told:
                log.warning("webhooks.held_after_restore", release="burnish webhooks release")
                is_told = True
        await came(stop, within_s=LOOK_AGAIN_S)
    return False
