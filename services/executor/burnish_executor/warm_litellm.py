"""Starts LiteLLM's process before a call needs it: its imports take 5 CPU-seconds, three times as long on a busy machine."""

import asyncio
from typing import Final

import structlog

from burnish_executor.io import keys_store
from burnish_executor.io.litellm_process import LiteLLMProcess, NotThere
from burnish_shared.db.config_cache import ChangeFeed
from burnish_shared.db.session import Database
from burnish_shared.errors import BurnishError
from burnish_shared.providers import PRESETS
from burnish_shared.waiting import came

LOOK_S: Final = 60.0
"""How often it is looked whether the process still runs, and whether it is wanted."""

THROUGH_LITELLM: Final = tuple(sorted(name for name, preset in PRESETS.items() if preset.wire == "litellm"))

log = structlog.get_logger("burnish.executor")


async def warm_litellm(db: Database, *, litellm: LiteLLMProcess, feed: ChangeFeed, stop: asyncio.Event) -> None:
    """Until `stop`, and soon after somebody added a key. Where nobody has one for such a provider, nothing is started."""
    changed = asyncio.Event()
    changed.set()

    def on_change(_: object, kind: str, __: str) -> None:
        if kind == "provider_key":
            changed.set()

    feed.subscribe(on_change, reset=changed.set)
    while not stop.is_set():
        await came(changed, within_s=LOOK_S)
        changed.clear()
        try:
            if litellm.pid is None and await _is_wanted(db):
                await litellm.session()
        except NotThere as error:
            log.info("litellm.not_warmed", reason=error.message)
        except BurnishError as error:
            log.warning("litellm.not_looked_at", error=str(error))


async def _is_wanted(db: Database) -> bool:
    async with db.unit_of_work(read_only=True) as tx:
        return await keys_store.has_keys_for(tx, THROUGH_LITELLM)
