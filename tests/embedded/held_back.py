"""Two calls at once whose order is known: both wait in PostgreSQL, the second for the first."""

import asyncio
from typing import Any

import asyncpg

from tests.embedded.stack import Answer, Caller, Stack

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def one_behind_the_other(stack: Stack, caller: Caller, *acts: tuple[Any, ...]) -> list[Answer]:
    """Their answers, in order. Each act (method, path, body) ends with a change of the workspace's settings, which is held back until the
    last of them waits.
    """
    holder = await asyncpg.connect(stack.urls["superuser"])
    running: list[asyncio.Task[Answer]] = []
    try:
        async with holder.transaction():
            await holder.execute("SELECT pg_advisory_xact_lock(hashtext('burnish.config_changes'))")
            for act in acts:
                running.append(asyncio.create_task(caller(*act)))
                async with asyncio.timeout(60):
                    while await holder.fetchval(WAITING) < len(running):
                        await asyncio.sleep(0.005)
        return list(await asyncio.gather(*running))
    finally:
        await holder.close()
