"""Sends deliveries again that somebody asked for, slowly enough that live ones come first (PROMISES W-06)."""

from uuid import UUID

import structlog

from burnish_shared.db.session import Database
from burnish_shared.errors import Busy
from burnish_webhooks import metrics
from burnish_webhooks.io import deliveries_store, endpoints_store, replays_store
from burnish_webhooks.replay_range import replay_ranges

log = structlog.get_logger("burnish.webhooks")


async def replay_some(*, db: Database, per_second: int) -> int:
    """Starts what may be started now by wishes and ranges, each of which gets half while both wait. Returns how many became due.

    `per_second` is shared by all processes. Where nobody asked for anything, as nearly always, one look is all: what may be started is
    kept in a row, and each change of it is a wait for the disk.
    """
    async with db.unit_of_work(one_statement=True) as tx:
        is_anything = await replays_store.is_anything_wanted(tx)
    if not is_anything:
        return 0
    async with db.unit_of_work(one_statement=True) as tx:
        budget = await replays_store.take_budget(tx, per_second=per_second)
    if budget == 0:
        return 0
    started = await replay_waiting(db=db, limit=budget - budget // 2)
    started += await replay_ranges(db=db, limit=budget - started)
    return started + await replay_waiting(db=db, limit=budget - started)


async def replay_waiting(*, db: Database, limit: int) -> int:
    """Starts up to `limit` of the oldest wishes, in turns. Returns how many deliveries became due. Safe to call in several processes."""
    if limit <= 0:
        return 0
    async with db.unit_of_work(one_statement=True) as tx:
        wishes = await replays_store.waiting(tx, limit=limit)
    outcomes = [await _in_turn(replay_id, workspace_id=workspace_id, db=db) for workspace_id, replay_id in wishes]
    return outcomes.count("restarted")


async def _in_turn(replay_id: UUID, *, workspace_id: UUID, db: Database) -> str:
    """One wish whose rows others hold waits for the next round; those behind it do not."""
    try:
        return await replay(replay_id, workspace_id=workspace_id, db=db)
    except Busy:
        log.warning("webhooks.replay_waits", replay_id=str(replay_id))
        return "waiting"


async def replay(replay_id: UUID, *, workspace_id: UUID, db: Database) -> str:
    """One wish: 'restarted', 'not_found', 'endpoint_off', or 'waiting' while an attempt is under way or another process has the wish.

    Somebody wants to know whether the receiver works: a breaker's pause is over for it.
    """
    async with db.unit_of_work(workspaces={workspace_id}) as tx:
        wish = await replays_store.lock(tx, replay_id)
        if wish is None:
            return "waiting"
        event_id, endpoint_id = wish
        state = await endpoints_store.lock_state(tx, endpoint_id)
        under_way = await deliveries_store.is_under_way(tx, event_id=event_id, endpoint_id=endpoint_id) if state is not None else None
        if state is None or under_way is None:
            outcome = "not_found"
        elif state.is_off:
            outcome = "endpoint_off"
        elif under_way:
            await replays_store.put_aside(tx, replay_id)
            return "waiting"
        else:
            outcome = "restarted"
            await deliveries_store.restart(tx, endpoint_id, [event_id])
            await endpoints_store.make_due(tx, endpoint_id, probes=True)
        await replays_store.finish(tx, replay_id, outcome=outcome)
    metrics.replays_total.labels(outcome).inc()
    return outcome
