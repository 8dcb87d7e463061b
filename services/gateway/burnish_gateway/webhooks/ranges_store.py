"""SQL of replays of a range, as those who ask for them see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from burnish_shared.db.session import Tx

RangeStatus = Literal["running", "done", "cancelled", "endpoint_off"]

_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries of an endpoint: made from `from_at` (included) to `to_at` (not), ended since `settled_from` where it is given."""

    endpoint_id: UUID
    from_at: datetime
    to_at: datetime
    settled_from: datetime | None
    statuses: Sequence[str]
    event_types: Sequence[str]


@dataclass(frozen=True, slots=True)
class RangeReplay:
    """`restarted` of `matched` were started; `pending` of those have not ended."""

    range_id: UUID
    endpoint_id: UUID
    kind: Literal["range", "catch_up"]
    status: RangeStatus
    from_at: datetime
    to_at: datetime
    statuses: Sequence[str]
    event_types: Sequence[str]
    matched: int
    restarted: int
    pending: int
    cancel_requested: bool
    requested_at: datetime
    finished_at: datetime | None


_RANGES = """
SELECT r.range_id, r.endpoint_id, r.kind, r.status, r.from_at, r.to_at, r.statuses, r.event_types, r.matched, r.restarted,
       (SELECT count(*) FROM webhook_deliveries d WHERE d.range_id = r.range_id AND d.status = 'pending') AS pending,
       r.cancel_requested, r.requested_at, r.finished_at
  FROM webhook_ranges r WHERE r.workspace_id = $1"""


async def now(tx: Tx) -> datetime:
    """PostgreSQL's time: deliveries are dated by it."""
    at: datetime = await tx.fetchval("SELECT clock_timestamp()")
    return at


async def count(tx: Tx, workspace_id: UUID, wanted: Wanted, *, most: int) -> int:
    """How many deliveries there are, counted up to `most`."""
    counted: int = await tx.fetchval(
        """
        SELECT count(*) FROM (
          SELECT FROM webhook_deliveries
           WHERE workspace_id = $1 AND endpoint_id = $2 AND created_at >= $3 AND created_at < $4 AND status = ANY ($5::text[])
             AND reason IS DISTINCT FROM 'dismissed'
             AND ($6::text[] = '{}' OR event_type = ANY ($6)) AND ($7::timestamptz IS NULL OR settled_at >= $7) LIMIT $8) d""",
        workspace_id,
        wanted.endpoint_id,
        wanted.from_at,
        wanted.to_at,
        list(wanted.statuses),
        list(wanted.event_types),
        wanted.settled_from,
        most,
    )
    return counted


async def insert(tx: Tx, workspace_id: UUID, range_id: UUID, wanted: Wanted, *, kind: str, matched: int, requested_by: str) -> bool:
    """False while another replay of the endpoint runs."""
    made = await tx.fetchval(
        """
        INSERT INTO webhook_ranges (range_id, workspace_id, endpoint_id, kind, from_at, to_at, settled_from, statuses, event_types, matched,
                                    at_time, at_event, requested_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $5, $11, $12) ON CONFLICT DO NOTHING RETURNING true""",
        range_id,
        workspace_id,
        wanted.endpoint_id,
        kind,
        wanted.from_at,
        wanted.to_at,
        wanted.settled_from,
        list(wanted.statuses),
        list(wanted.event_types),
        matched,
        _NOBODY,
        requested_by,
    )
    return bool(made)


async def find(tx: Tx, workspace_id: UUID, range_id: UUID) -> RangeReplay | None:
    row = await tx.fetchrow(_RANGES + " AND r.range_id = $2", workspace_id, range_id)
    return _range(row) if row is not None else None


async def list_newest(tx: Tx, workspace_id: UUID, *, endpoint_id: UUID | None, before: UUID | None, limit: int) -> list[RangeReplay]:
    """The newest first, those asked for before the replay `before`."""
    rows = await tx.fetch(
        _RANGES
        + " AND ($2::uuid IS NULL OR r.endpoint_id = $2) AND ($3::uuid IS NULL OR r.range_id < $3) ORDER BY r.range_id DESC LIMIT $4",
        workspace_id,
        endpoint_id,
        before,
        limit,
    )
    return [_range(row) for row in rows]


async def request_cancel(tx: Tx, workspace_id: UUID, range_id: UUID) -> None:
    """The webhooks service ends it at its next step; harmless when it is over."""
    await tx.execute(
        "UPDATE webhook_ranges SET cancel_requested = true WHERE workspace_id = $1 AND range_id = $2 AND status = 'running'",
        workspace_id,
        range_id,
    )


def _range(row: Any) -> RangeReplay:
    return RangeReplay(**row)
