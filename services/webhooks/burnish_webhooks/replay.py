"""Sends deliveries again that somebody asked for, slowly enough that live ones come first (PROMISES W-06)."""

from uuid import UUID

from burnish_shared.db.session import Database
from burnish_webhooks import metrics
from burnish_webhooks.io import deliveries_store, endpoints_store, replays_store


async def replay_waiting(*, db: Database, limit: int) -> int:
    """Starts up to `limit` of the oldest wishes. Returns how many deliveries became due. Safe to call twice, and in several processes."""
    async with db.unit_of_work() as tx:
        wishes = await replays_store.waiting(tx, limit=limit)
    outcomes = [await replay(replay_id, workspace_id=workspace_id, db=db) for workspace_id, replay_id in wishes]
    return outcomes.count("restarted")


async def replay(replay_id: UUID, *, workspace_id: UUID, db: Database) -> str:
    """One wish: 'restarted', 'not_found', 'endpoint_off', or 'waiting' while an attempt is under way or another process has the wish."""
    async with db.unit_of_work(workspaces={workspace_id}) as tx:
        wish = await replays_store.lock(tx, replay_id)
        if wish is None:
            return "waiting"
        event_id, endpoint_id = wish
        state = await endpoints_store.lock_state(tx, endpoint_id)
        if state is None:
            outcome = "not_found"
        elif state.is_off:
            outcome = "endpoint_off"
        else:
            outcome = await deliveries_store.restart(tx, event_id=event_id, endpoint_id=endpoint_id)
        if outcome == "under_way":
            return "waiting"
        if outcome == "restarted":
            await endpoints_store.make_due(tx, endpoint_id)
        await replays_store.finish(tx, replay_id, outcome=outcome)
    metrics.replays_total.labels(outcome).inc()
    return outcome
