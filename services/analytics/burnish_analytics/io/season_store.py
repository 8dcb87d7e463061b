"""What hours were like, from their rollups."""

from datetime import datetime
from uuid import UUID

from burnish_shared.db.session import Tx
from burnish_shared.measures import merged


async def hourly_latency(tx: Tx, *, workspace_id: UUID, slug: str, label: str, since: datetime) -> list[tuple[datetime, list[int]]]:
    """(hour, histogram of latencies) of a label's live traffic, whatever version it was; the oldest hour first."""
    rows = await tx.fetch(
        """SELECT bucket, latency FROM rollups
            WHERE workspace_id = $1 AND grain = 'hour' AND slug = $2 AND label = $3 AND traffic = 'live' AND bucket >= $4
            ORDER BY bucket""",
        workspace_id,
        slug,
        label,
        since,
    )
    hours: dict[datetime, list[int]] = {}
    for row in rows:
        hours[row["bucket"]] = merged(hours.get(row["bucket"], []), row["latency"])
    return list(hours.items())


async def calls_by_model(tx: Tx, label: tuple[UUID, str, str], *, since: datetime, until: datetime) -> tuple[dict[str, int], int]:
    """Live calls of a (workspace, slug, label) in whole hours, by model; and how many hours had any."""
    rows = await tx.fetch(
        """SELECT bucket, model, sum(executions)::bigint AS calls FROM rollups
            WHERE workspace_id = $1 AND grain = 'hour' AND slug = $2 AND label = $3 AND traffic = 'live' AND bucket >= $4 AND bucket < $5
            GROUP BY 1, 2""",
        *label,
        since,
        until,
    )
    calls: dict[str, int] = {}
    for row in rows:
        calls[row["model"]] = calls.get(row["model"], 0) + row["calls"]
    return calls, len({row["bucket"] for row in rows})
