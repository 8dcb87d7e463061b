"""SQL of the delivery log as its owners see it."""

from datetime import datetime
from uuid import UUID

from burnish_gateway.webhooks.endpoint import Delivery, LoggedAttempt
from burnish_shared.db.session import Tx

_DELIVERIES = """
SELECT event_id, endpoint_id, event_type, object_id, status, reason, claims AS attempts, created_at, settled_at,
       CASE WHEN status = 'pending' THEN next_attempt_at END AS next_attempt_at
  FROM webhook_deliveries WHERE workspace_id = $1"""


async def list_newest(
    tx: Tx,
    workspace_id: UUID,
    *,
    endpoint_id: UUID | None,
    event_type: str | None,
    status: str | None,
    object_id: str | None,
    event_id: UUID | None,
    before: tuple[datetime, UUID, UUID] | None,
    limit: int,
) -> list[Delivery]:
    """The newest first; `before` is (created, event, endpoint) of the last one seen."""
    at, event, endpoint = before or (None, None, None)
    rows = await tx.fetch(
        _DELIVERIES
        + """
           AND ($2::uuid IS NULL OR endpoint_id = $2) AND ($3::text IS NULL OR event_type = $3) AND ($4::text IS NULL OR status = $4)
           AND ($9::text IS NULL OR object_id = $9) AND ($10::uuid IS NULL OR event_id = $10)
           AND ($5::timestamptz IS NULL OR (created_at, event_id, endpoint_id) < ($5, $6::uuid, $7::uuid))
         ORDER BY created_at DESC, event_id DESC, endpoint_id DESC LIMIT $8""",
        workspace_id,
        endpoint_id,
        event_type,
        status,
        at,
        event,
        endpoint,
        limit,
        object_id,
        event_id,
    )
    return [Delivery(**row) for row in rows]


async def find(tx: Tx, workspace_id: UUID, *, event_id: UUID, endpoint_id: UUID) -> Delivery | None:
    row = await tx.fetchrow(_DELIVERIES + " AND event_id = $2 AND endpoint_id = $3", workspace_id, event_id, endpoint_id)
    return Delivery(**row) if row is not None else None


async def body(tx: Tx, workspace_id: UUID, *, event_id: UUID, endpoint_id: UUID) -> bytes:
    """The bytes that are sent; of a delivery that is there."""
    content: bytes = await tx.fetchval(
        "SELECT body FROM webhook_deliveries WHERE workspace_id = $1 AND event_id = $2 AND endpoint_id = $3",
        workspace_id,
        event_id,
        endpoint_id,
    )
    return content


async def attempts(tx: Tx, workspace_id: UUID, *, event_id: UUID, endpoint_id: UUID) -> list[LoggedAttempt]:
    """All logged attempts, the first first."""
    rows = await tx.fetch(
        """
        SELECT number, url, started_at, duration_ms, status_code, error_class, response_snippet
          FROM webhook_attempts WHERE workspace_id = $1 AND event_id = $2 AND endpoint_id = $3 ORDER BY number LIMIT 1000""",
        workspace_id,
        event_id,
        endpoint_id,
    )
    return [LoggedAttempt(**row) for row in rows]


async def wish_replay(tx: Tx, workspace_id: UUID, replay_id: UUID, *, event_id: UUID, endpoint_id: UUID) -> None:
    """The webhooks service takes it from here."""
    await tx.execute(
        "INSERT INTO webhook_replays (replay_id, workspace_id, event_id, endpoint_id) VALUES ($1, $2, $3, $4)",
        replay_id,
        workspace_id,
        event_id,
        endpoint_id,
    )
