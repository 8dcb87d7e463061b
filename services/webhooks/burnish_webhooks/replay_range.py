"""Sends a range of deliveries again, a few at a time, so that live ones come first (PROMISES W-06)."""

from typing import Final
from uuid import UUID

from burnish_shared import failpoints
from burnish_shared.db.session import Database, Tx
from burnish_webhooks.io import deliveries_store, endpoints_store, ranges_store
from burnish_webhooks.io.ranges_store import Range

OUTSTANDING_MOST: Final = 8
"""Deliveries of one range that are due at once: a live one waits behind so many at most."""

RANGES_MOST: Final = 20
"""Ranges that get a turn in one round."""


async def replay_ranges(*, db: Database, limit: int) -> int:
    """Starts up to `limit` deliveries of running ranges, in turns. Returns how many. Safe to call in several processes at once."""
    async with db.unit_of_work(one_statement=True) as tx:
        waiting = await ranges_store.running(tx, limit=RANGES_MOST)
    started = 0
    for workspace_id, range_id in waiting:
        started += await _step(range_id, workspace_id=workspace_id, limit=min(OUTSTANDING_MOST, limit - started), db=db)
    return started


async def _step(range_id: UUID, *, workspace_id: UUID, limit: int, db: Database) -> int:
    if limit <= 0:
        return 0
    async with db.unit_of_work(workspaces={workspace_id}) as tx:
        one = await ranges_store.lock(tx, range_id)
        if one is None:
            return 0
        state = await endpoints_store.lock_state(tx, one.endpoint_id)
        ended = "cancelled" if one.cancel_requested else "done" if state is None else "endpoint_off" if state.is_off else None
        if ended is not None:
            await ranges_store.finish(tx, range_id, status=ended)
            return 0
        return await _start_some(tx, one, limit=limit)


async def _start_some(tx: Tx, one: Range, *, limit: int) -> int:
    room = min(limit, OUTSTANDING_MOST - await ranges_store.outstanding(tx, one.range_id))
    found = await ranges_store.next_of(tx, one, limit=room) if room > 0 else []
    restarted = 0
    if found:
        restarted = await deliveries_store.restart(tx, one.endpoint_id, [row.event_id for row in found], range_id=one.range_id)
        await endpoints_store.make_due(tx, one.endpoint_id)
        await failpoints.hit("webhooks.range_step")
    await ranges_store.advance(tx, one, found, restarted=restarted)
    if len(found) < room and not one.may_grow:
        await ranges_store.finish(tx, one.range_id, status="done")
    return restarted
