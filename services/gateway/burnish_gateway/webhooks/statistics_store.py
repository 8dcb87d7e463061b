"""SQL of an endpoint's statistics: at most one row for each day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from burnish_shared.db.session import Tx


@dataclass(frozen=True, slots=True)
class Day:
    """Sums of one day (UTC). `latency`: attempts by measures.bucket_of(ms)."""

    day: date
    delivered: int
    failed: int
    filtered: int
    filter_failed: int
    latency: Sequence[int]


@dataclass(frozen=True, slots=True)
class Troubles:
    """What went wrong last."""

    last_failed_at: datetime | None
    last_error_class: str | None
    last_status_code: int | None
    last_failed_event: UUID | None
    last_filter_error: str | None
    last_filter_error_at: datetime | None


async def days(tx: Tx, workspace_id: UUID, endpoint_id: UUID, *, since: date) -> list[Day]:
    """The oldest first."""
    rows = await tx.fetch(
        "SELECT day, delivered, failed, filtered, filter_failed, latency FROM webhook_endpoint_days "
        "WHERE workspace_id = $1 AND endpoint_id = $2 AND day >= $3 ORDER BY day",
        workspace_id,
        endpoint_id,
        since,
    )
    return [Day(row["day"], row["delivered"], row["failed"], row["filtered"], row["filter_failed"], _whole(row["latency"])) for row in rows]


async def troubles(tx: Tx, workspace_id: UUID, endpoint_id: UUID) -> Troubles | None:
    """None for an endpoint that was never sent anything."""
    row = await tx.fetchrow(
        "SELECT last_failed_at, last_error_class, last_status_code, last_failed_event, last_filter_error, last_filter_error_at "
        "FROM webhook_endpoint_states WHERE workspace_id = $1 AND endpoint_id = $2",
        workspace_id,
        endpoint_id,
    )
    return Troubles(**row) if row is not None else None


def _whole(latency: Sequence[int | None]) -> list[int]:
    return [count or 0 for count in latency]
