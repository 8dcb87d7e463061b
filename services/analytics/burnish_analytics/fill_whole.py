"""Adds up rows of whole workspaces of what was counted before a release that writes them.

What is added is what the rows lack as of one moment, so it is exact under traffic and does nothing a second time.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from burnish_analytics.core.rollup import Grain
from burnish_analytics.io import recount_store, rollup_store, whole_store
from burnish_analytics.io.whole_store import PASSES, Progress
from burnish_shared.clock import Clock
from burnish_shared.db.session import Database

PASSES_APART: Final = timedelta(hours=1)
"""In an update services of the release before count for a while beside those of this one; after so long there are none."""

DAY: Final = timedelta(days=1)

PIECES: Final[Mapping[Grain, timedelta]] = {"day": DAY, "hour": timedelta(hours=6), "minute": timedelta(minutes=30)}
"""So much of each grain is compared at once: of 10,000 prompts some 100,000 rows, or 300,000 by the minute."""


async def fill_whole(db: Database, clock: Clock, *, most_s: float) -> int:
    """Goes on where it was left, for about so long. Returns how many rows were added to. Another replica may do the same."""
    added, until = 0, asyncio.get_running_loop().time() + most_s
    while True:
        async with db.unit_of_work() as tx:
            seen = await whole_store.read_progress(tx)
        if seen.passes == PASSES or (seen.pass_ended_at is not None and clock.now() < seen.pass_ended_at + PASSES_APART):
            return added
        made, now = await _step(db, seen, clock)
        added += made
        async with db.unit_of_work() as tx:
            await whole_store.note_progress(tx, seen, now)
        if asyncio.get_running_loop().time() >= until:
            return added


async def _step(db: Database, seen: Progress, clock: Clock) -> tuple[int, Progress]:
    """The next day of the workspace, or the next workspace, or the end of the pass."""
    workspace_id = seen.workspace_id
    if workspace_id is not None:
        async with db.unit_of_work(workspaces={workspace_id}) as tx:
            day = await whole_store.next_day(tx, workspace_id, seen.day)
        if day is not None:
            return await fill_whole_day(db, workspace_id, day), replace(seen, day=day)
    async with db.unit_of_work() as tx:
        following = await whole_store.next_workspace(tx, workspace_id)
    if following is not None:
        return 0, replace(seen, workspace_id=following, day=None)
    return 0, Progress(seen.passes + 1, clock.now(), None, None)


async def fill_whole_day(db: Database, workspace_id: UUID, day: datetime) -> int:
    """Returns how many rows were added to. Of a workspace that is erased none: what is left of it are `rollups`."""
    added = 0
    for grain, length in PIECES.items():
        for piece in range(DAY // length):
            start = day + piece * length
            added += await _fill(db, workspace_id, grain, start, start + length)
    return added


async def _fill(db: Database, workspace_id: UUID, grain: Grain, start: datetime, end: datetime) -> int:
    async with db.unit_of_work(workspaces={workspace_id}) as tx:
        await recount_store.lock_backfill(tx, workspace_id)
        if await recount_store.is_erased(tx, workspace_id):
            return 0
        deltas = await whole_store.lacking(tx, workspace_id, grain=grain, start=start, end=end)
        await rollup_store.add_deltas(tx, deltas)
    return len(deltas.sets)
