"""Two calls at once whose order is known: both wait in PostgreSQL, the second for the first."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import asyncpg

from burnish_shared.db import session
from tests.embedded.stack import Answer, Caller, Stack

LOCKS_WAIT_MS = 60_000

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@contextmanager
def long_waits_for_locks() -> Iterator[None]:
    """Connections of databases that are opened meanwhile wait for a lock as long as a test takes until all of its callers wait. By default
    who waited for 2 s is told that it is busy, and a machine that stands still for so long lets one go before the next has come.
    """
    real = session.server_settings

    def patient(**given: Any) -> dict[str, str]:
        return real(**given) | dict.fromkeys(("lock_timeout", "statement_timeout"), str(LOCKS_WAIT_MS))

    with patch.object(session, "server_settings", patient), patch.object(session, "SILENCE_S", LOCKS_WAIT_MS / 1000):
        yield


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
