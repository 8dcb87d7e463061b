"""The chores: partitions ahead, old rows out, deliveries of switched-off endpoints cancelled. Several processes may do them at once."""

from uuid import UUID

import structlog

from burnish_shared.db.session import Database
from burnish_shared.errors import Busy
from burnish_webhooks import metrics
from burnish_webhooks.io import deliveries_store, endpoints_store, retention_store

log = structlog.get_logger("burnish.webhooks")

DAYS_AHEAD = 7
FORGET_MOST_ROWS = 500
FORGET_MOST_ROUNDS = 40
CANCEL_MOST_ROWS = 500
CANCEL_MOST_ENDPOINTS = 100


async def make_partitions(*, db: Database) -> None:
    """Partitions for today and the coming days."""
    async with db.unit_of_work() as tx:
        await retention_store.ensure_partitions(tx, days_ahead=DAYS_AHEAD)


async def forget_old(*, db: Database, retention_days: int) -> None:
    """Old partitions and rows out, in bounded transactions. What is left over waits for the next round."""
    for _ in range(FORGET_MOST_ROUNDS):
        async with db.unit_of_work() as tx:
            if await retention_store.forget_old(tx, retention_days=retention_days, most_rows=FORGET_MOST_ROWS) == 0:
                break


async def cancel_switched_off(*, db: Database) -> None:
    """Cancels some of what is pending at endpoints that were deleted or disabled. What is left over waits for the next round."""
    async with db.unit_of_work() as tx:
        off = await endpoints_store.switched_off(tx, limit=CANCEL_MOST_ENDPOINTS)
    for workspace_id, endpoint_id, reason in off:
        try:
            await cancel_some(endpoint_id, workspace_id=workspace_id, reason=reason, db=db)
        except Busy:  # the others are done; this one in the next round
            log.warning("webhooks.cancel_waits", endpoint_id=str(endpoint_id))


async def cancel_some(endpoint_id: UUID, *, workspace_id: UUID, reason: str, db: Database) -> int:
    """Cancels up to CANCEL_MOST_ROWS pending deliveries of an endpoint that is off. Returns how many."""
    async with db.unit_of_work(workspaces={workspace_id}) as tx:
        state = await endpoints_store.lock_state(tx, endpoint_id)
        if state is None or not state.is_off:
            return 0
        cancelled = await deliveries_store.cancel_pending(tx, endpoint_id, reason=reason, limit=CANCEL_MOST_ROWS)
        if cancelled < CANCEL_MOST_ROWS:
            await endpoints_store.rest(tx, endpoint_id)
        return cancelled


async def measure(*, db: Database) -> None:
    """Sets the gauges of what waits."""
    async with db.unit_of_work(read_only=True) as tx:
        endpoints, oldest_s = await endpoints_store.backlog(tx)
    metrics.due_endpoints.set(endpoints)
    metrics.oldest_due_seconds.set(max(0.0, oldest_s))
