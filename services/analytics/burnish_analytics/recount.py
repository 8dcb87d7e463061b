"""Counts rollups again from raw rows and reports what differs: `python -m burnish_analytics.recount`, and `burnish doctor --audit`.

Nothing is changed, save by `backfill`. Raw rows and rollups move in one transaction and are read in one statement, so a recount is exact
under traffic.
"""

import argparse
import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final, TypedDict
from uuid import UUID

from burnish_analytics.core.cuts import cut
from burnish_analytics.core.recount import Difference, differences
from burnish_analytics.core.rollup import COARSE, GRAINS, Deltas, Grain, SetKey, bucket_start
from burnish_analytics.io import live_score_store, recount_store, rollup_store, whole_store
from burnish_shared.db.session import Database

STEP: Final = timedelta(days=1)
"""So much is compared at once where it is little."""

HOUR: Final = timedelta(hours=1)

AT_ONCE: Final = 10_000
"""So many executions are compared at once, about: each may have a minute's row of its own, and five more by app, key and provider. Some
20 KB each, and no service that counts live traffic meanwhile stands still for more than a second."""


@dataclass(frozen=True, slots=True)
class Recount:
    """`differences` is empty when the books agree. `uncounted`: executions recorded but not counted yet; 0 once all has arrived."""

    differences: list[Difference]
    uncounted: int


async def recount_all(db: Database, *, start: datetime, end: datetime) -> Recount:
    """Every workspace."""
    async with db.unit_of_work() as tx:
        workspaces = await recount_store.counted_workspaces(tx)
    parts = [await recount(db, workspace_id, start=start, end=end) for workspace_id in workspaces]
    return Recount([one for part in parts for one in part.differences], sum(part.uncounted for part in parts))


async def recount(db: Database, workspace_id: UUID, *, start: datetime, end: datetime, grains: tuple[Grain, ...] = GRAINS) -> Recount:
    """Compares the days that hold [start, end) of one workspace, in every grain; of one that is erased `rollups` alone, which stay."""
    found: list[Difference] = []
    uncounted = 0
    day = bucket_start(start, "day")
    while day < end:
        by_hour = await _by_hour(db, workspace_id, day)
        for grain in grains:
            for piece in pieces(day, grain, by_hour):
                found += await _compare(db, workspace_id, piece)
        async with db.unit_of_work(workspaces={workspace_id}) as tx:
            if not await recount_store.is_erased(tx, workspace_id):
                found += await recount_store.arm_differences(tx, workspace_id, start=day, end=day + STEP)
            uncounted += await recount_store.missing_facts(tx, workspace_id, start=day, end=day + STEP)
        day += STEP
    return Recount(found, uncounted)


async def _by_hour(db: Database, workspace_id: UUID, day: datetime) -> list[int]:
    async with db.unit_of_work(workspaces={workspace_id}) as tx:
        return await recount_store.counted_by_hour(tx, workspace_id, start=day)


@dataclass(frozen=True, slots=True)
class Piece:
    """Of one grain: buckets of [since, until), and of `parts` of the prompts this one, from 0."""

    grain: Grain
    since: datetime
    until: datetime
    part: int = 0
    parts: int = 1


def pieces(day: datetime, grain: Grain, by_hour: Sequence[int]) -> list[Piece]:
    """A day in pieces of some AT_ONCE executions: hours that belong together, and prompts of an hour, or of the day's one bucket, that has
    more. `by_hour`: executions of its 24 hours.
    """
    if grain == "day":
        return _by_prompt(grain, day, day + STEP, sum(by_hour))
    made: list[Piece] = []
    begin, held = 0, 0
    for at, executions in enumerate(by_hour):
        if at > begin and held + executions > AT_ONCE:
            made += _by_prompt(grain, day + begin * HOUR, day + at * HOUR, held)
            begin, held = at, 0
        held += executions
    return made + _by_prompt(grain, day + begin * HOUR, day + STEP, held)


def _by_prompt(grain: Grain, since: datetime, until: datetime, executions: int) -> list[Piece]:
    parts = max(1, ceil(executions / AT_ONCE))
    return [Piece(grain, since, until, part, parts) for part in range(parts)]


async def _compare(db: Database, workspace_id: UUID, of: Piece) -> list[Difference]:
    """All rows of a piece. What PostgreSQL compares, and what holds whole workspaces, is not cut by prompt."""
    span: Span = {"grain": of.grain, "start": of.since, "end": of.until}
    async with db.unit_of_work(workspaces={workspace_id}) as tx:
        found = differences(*await recount_store.read_sides(tx, workspace_id, **span, part=of.part, parts=of.parts))
        if await recount_store.is_erased(tx, workspace_id):
            return found
        found += differences(*await recount_store.read_set_sides(tx, workspace_id, **span, part=of.part, parts=of.parts))
        if of.part:
            return found
        rows = await whole_store.rows_of_prompts(tx, workspace_id, **span)
        for since, until in cut(of.grain, of.since, of.until, rows=rows):
            found += differences(*await whole_store.sides(tx, workspace_id, grain=of.grain, start=since, end=until))
        if of.grain in COARSE:
            found += await recount_store.end_user_differences(tx, workspace_id, **span)
        found += await recount_store.metric_differences(tx, workspace_id, **span)
        found += await live_score_store.score_differences(tx, workspace_id, **span)
    return found


class Span(TypedDict):
    """What the stores are asked for."""

    grain: Grain
    start: datetime
    end: datetime


async def backfill(db: Database, workspace_id: UUID, *, start: datetime, end: datetime) -> int:
    """Adds rows of `rollup_sets` that are missing, from raw rows: what a release began to roll up. Returns how many rows; again: 0.

    A row that is there and differs is left as it is: that is a fault, to be told and not hidden. Exact under traffic, since what is added
    is what was missing as of one moment, and whoever counts meanwhile adds to it.
    """
    made = 0
    day = bucket_start(start, "day")
    while day < end:
        by_hour = await _by_hour(db, workspace_id, day)
        for grain in GRAINS:
            for piece in pieces(day, grain, by_hour):
                made += await _add_missing(db, workspace_id, piece)
        day += STEP
    return made


async def _add_missing(db: Database, workspace_id: UUID, of: Piece) -> int:
    async with db.unit_of_work(workspaces={workspace_id}) as tx:
        await recount_store.lock_backfill(tx, workspace_id)
        raw, rolled = await recount_store.read_set_sides(
            tx, workspace_id, grain=of.grain, start=of.since, end=of.until, part=of.part, parts=of.parts
        )
        deltas = Deltas()
        for key, measures in raw.items():
            if isinstance(key, SetKey) and key not in rolled:
                deltas.put_set(key, measures)
        await rollup_store.add_deltas(tx, deltas)
    return len(deltas.sets)


async def _main(days: int, *, add_missing: bool) -> int:
    db = await Database.open(os.environ["DATABASE_URL"], application_name="recount", statement_timeout_ms=600_000)
    try:
        now = datetime.now(UTC)
        if add_missing:
            async with db.unit_of_work() as tx:
                workspaces = await recount_store.counted_workspaces(tx)
            made = [await backfill(db, one, start=now - timedelta(days=days), end=now) for one in workspaces]
            print(f"{sum(made)} rows added that were missing")
        result = await recount_all(db, start=now - timedelta(days=days), end=now)
    finally:
        await db.close()
    for one in result.differences:
        print(f"{one.key}: {one.figure} is {one.rollup}, raw rows give {one.recounted}")
    print(f"{len(result.differences)} differences, {result.uncounted} executions not counted yet")
    return 1 if result.differences else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Count rollups again from raw rows; exit 1 when they differ.")
    parser.add_argument("--days", type=int, default=2, help="How far back (default 2).")
    parser.add_argument("--backfill", action="store_true", help="First add rows that a release before this one did not roll up.")
    asked = parser.parse_args()
    raise SystemExit(asyncio.run(_main(asked.days, add_missing=asked.backfill)))
