"""Adds up rows of whole workspaces where they lack something: after an update from a release that wrote none, or a return to it.

What is added is what the rows lack as of one moment, so it is exact under traffic and does nothing a second time.
"""

import asyncio
import contextlib
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from asyncpg import PostgresError

from burnish_analytics.core.cuts import cut
from burnish_analytics.core.rollup import GRAINS, Grain
from burnish_analytics.io import recount_store, rollup_store, whole_store
from burnish_shared.db.session import Database
from burnish_shared.errors import BurnishError

log = structlog.get_logger("burnish.analytics")

DAY: Final = timedelta(days=1)

WORKSPACES_AT_ONCE: Final = 100


async def fill_whole(db: Database, *, most_s: float) -> int:
    """Goes on where it was left, for about so long, with those first that were not worked on for longest. Returns how many rows were
    added to.

    Another replica may do the same. A workspace that fails, or has many days, keeps no other waiting for more than a round.
    """
    added, until = 0, asyncio.get_running_loop().time() + most_s
    async with db.unit_of_work() as tx:
        lacking = await whole_store.not_whole(tx, at_most=WORKSPACES_AT_ONCE)
    for workspace_id in lacking:
        try:
            added += await _fill_workspace(db, workspace_id, until=until)
        except (BurnishError, PostgresError):
            log.exception("whole_rollups.failed", workspace_id=str(workspace_id))
            with contextlib.suppress(BurnishError):  # somebody writes to it right now
                async with db.unit_of_work() as tx:
                    await whole_store.note_failed(tx, workspace_id)
        if asyncio.get_running_loop().time() >= until:
            break
    return added


async def _fill_workspace(db: Database, workspace_id: UUID, *, until: float) -> int:
    """All its days, or as many as there is time for; one at least."""
    added = 0
    async with db.unit_of_work() as tx:
        seen = await whole_store.begin(tx, workspace_id)
    while True:
        async with db.unit_of_work(workspaces={workspace_id}) as tx:
            day = await whole_store.next_day(tx, workspace_id, seen.after_day)
        if day is None:
            async with db.unit_of_work() as tx:
                await whole_store.end(tx, workspace_id, marks=seen.marks)
            return added
        added += await fill_whole_day(db, workspace_id, day)
        async with db.unit_of_work() as tx:
            now = await whole_store.note_day(tx, workspace_id, day, marks=seen.marks)
        if now is None or asyncio.get_running_loop().time() >= until:
            return added  # Somebody wrote `rollups` alone meanwhile, or the next round goes on.
        seen = now


async def fill_whole_day(db: Database, workspace_id: UUID, day: datetime) -> int:
    """Returns how many rows were added to. Of a workspace that is erased none: what is left of it are `rollups`."""
    added = 0
    for grain in GRAINS:
        async with db.unit_of_work(workspaces={workspace_id}) as tx:
            rows = await whole_store.rows_of_prompts(tx, workspace_id, grain=grain, start=day, end=day + DAY)
        for start, end in cut(grain, day, day + DAY, rows=rows):
            added += await _fill(db, workspace_id, grain, start, end)
    return added


async def _fill(db: Database, workspace_id: UUID, grain: Grain, start: datetime, end: datetime) -> int:
    async with db.unit_of_work(workspaces={workspace_id}) as tx:
        await recount_store.lock_backfill(tx, workspace_id)
        if await recount_store.is_erased(tx, workspace_id):
            return 0
        deltas = await whole_store.lacking(tx, workspace_id, grain=grain, start=start, end=end)
        await rollup_store.add_deltas(tx, deltas)
    return len(deltas.sets)
