"""SQL of the delivery log as its owners see it."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from burnish_gateway.webhooks.endpoint import Delivery, DeliveryStatus, LoggedAttempt
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

_DELIVERIES = """
SELECT d.event_id, d.endpoint_id, d.event_type, d.object_id, d.status, d.reason, d.claims AS attempts, d.created_at, d.settled_at,
       CASE WHEN d.status = 'pending' AND NOT coalesce(e.paused, false)
            THEN greatest(d.next_attempt_at, CASE WHEN s.opened_until > clock_timestamp() THEN s.opened_until END) END AS next_attempt_at,
       CASE WHEN d.status <> 'pending' THEN NULL
            WHEN e.paused THEN 'endpoint_paused'
            WHEN greatest(d.next_attempt_at, s.opened_until) <= clock_timestamp() THEN NULL
            WHEN s.opened_until > d.next_attempt_at THEN 'endpoint_resting'
            ELSE 'next_attempt' END AS waits_for
  FROM webhook_deliveries d
  LEFT JOIN webhook_endpoints e ON e.workspace_id = d.workspace_id AND e.endpoint_id = d.endpoint_id
  LEFT JOIN webhook_endpoint_states s ON s.workspace_id = d.workspace_id AND s.endpoint_id = d.endpoint_id
 WHERE d.workspace_id = $1"""


DISMISSED: Final = "dismissed"
"""Why a dead letter is cancelled that somebody gave up. Replays of ranges pass such ones over; one of them can be sent again by its id."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search of the log asks for; None: any. `from_at` is included, `to_at` is not."""

    endpoint_id: UUID | None = None
    event_type: str | None = None
    status: DeliveryStatus | None = None
    reason: str | None = None
    object_id: str | None = None
    event_id: UUID | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None


async def list_newest(
    tx: Tx, workspace_id: UUID, searched: Searched, *, before: tuple[datetime, UUID, UUID] | None, limit: int
) -> list[Delivery]:
    """The newest first; `before` is (created, event, endpoint) of the last one seen."""
    rows = await tx.fetch(
        _DELIVERIES
        + """
           AND ($2::uuid IS NULL OR d.endpoint_id = $2) AND ($3::text IS NULL OR d.event_type = $3) AND ($4::text IS NULL OR d.status = $4)
           AND ($5::text IS NULL OR d.reason = $5) AND ($6::text IS NULL OR d.object_id = $6) AND ($7::uuid IS NULL OR d.event_id = $7)
           AND ($8::timestamptz IS NULL OR d.created_at >= $8) AND ($9::timestamptz IS NULL OR d.created_at < $9)
           AND ($10::timestamptz IS NULL OR (d.created_at, d.event_id, d.endpoint_id) < ($10, $11::uuid, $12::uuid))
         ORDER BY d.created_at DESC, d.event_id DESC, d.endpoint_id DESC LIMIT $13""",
        workspace_id,
        *astuple(searched),
        *(before or (None, None, None)),
        limit,
    )
    return [Delivery(**row) for row in rows]


async def find(tx: Tx, workspace_id: UUID, *, event_id: UUID, endpoint_id: UUID) -> Delivery | None:
    row = await tx.fetchrow(_DELIVERIES + " AND d.event_id = $2 AND d.endpoint_id = $3", workspace_id, event_id, endpoint_id)
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
        SELECT number, url, started_at, duration_ms, status_code, error_class, response_snippet, request_headers, response_headers
          FROM webhook_attempts WHERE workspace_id = $1 AND event_id = $2 AND endpoint_id = $3 ORDER BY number LIMIT 1000""",
        workspace_id,
        event_id,
        endpoint_id,
    )
    return [LoggedAttempt(**row) for row in rows]


async def dismiss(tx: Tx, workspace_id: UUID, *, event_id: UUID, endpoint_id: UUID) -> bool:
    """False where it is no dead letter, or is not there."""
    done = await tx.fetchval(
        "UPDATE webhook_deliveries SET status = 'cancelled', reason = $4"
        " WHERE workspace_id = $1 AND event_id = $2 AND endpoint_id = $3 AND status = 'exhausted' RETURNING true",
        workspace_id,
        event_id,
        endpoint_id,
        DISMISSED,
    )
    return bool(done)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Dead letters that were made before `to_at` (None: at any time) and died before `settled_to`. No types: all."""

    to_at: datetime | None
    settled_to: datetime
    event_types: Sequence[str] = ()


async def now(tx: Tx) -> datetime:
    """By the clock that settles deliveries."""
    moment: datetime = await tx.fetchval("SELECT clock_timestamp()")
    return moment


async def dismiss_many(tx: Tx, workspace_id: UUID, endpoint_id: UUID, chosen: Chosen, *, limit: int) -> int:
    """Dead letters of an endpoint, the oldest first, which is the order in which a replay of a range locks them too."""
    rows = await tx.fetch(
        """
        WITH chosen AS MATERIALIZED (
          SELECT event_id FROM webhook_deliveries
           WHERE workspace_id = $1 AND endpoint_id = $2 AND status = 'exhausted'
             AND ($3::timestamptz IS NULL OR created_at < $3) AND ($4::text[] = '{}' OR event_type = ANY ($4))
             AND (settled_at IS NULL OR settled_at < $7)
           ORDER BY created_at, event_id LIMIT $5 FOR UPDATE)
        UPDATE webhook_deliveries SET status = 'cancelled', reason = $6
         WHERE workspace_id = $1 AND endpoint_id = $2 AND status = 'exhausted' AND event_id IN (SELECT event_id FROM chosen)
        RETURNING event_id""",
        workspace_id,
        endpoint_id,
        chosen.to_at,
        list(chosen.event_types),
        limit,
        DISMISSED,
        chosen.settled_to,
    )
    return len(rows)


async def wish_replay(tx: Tx, workspace_id: UUID, *, event_id: UUID, endpoint_id: UUID) -> None:
    """The webhooks service takes it from here. A wish that waits already is enough."""
    await tx.execute(
        "INSERT INTO webhook_replays (replay_id, workspace_id, event_id, endpoint_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        new_uuid(),
        workspace_id,
        event_id,
        endpoint_id,
    )
