"""Rows of `recounts`: the gateway asks, analytics counts."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from burnish_shared.db.session import Tx

_COLUMNS: Final = (
    "recount_id, requested_by, range_start, range_end, status, counted_from, differences, difference_count, uncounted, requested_at, "
    "finished_at"
)


async def ask(tx: Tx, workspace_id: UUID, recount_id: UUID, *, requested_by: str, start: datetime, end: datetime) -> dict[str, Any]:
    [row] = await tx.fetch(
        f"""INSERT INTO recounts (recount_id, workspace_id, requested_by, range_start, range_end) VALUES ($1, $2, $3, $4, $5)
            RETURNING {_COLUMNS}""",
        recount_id,
        workspace_id,
        requested_by,
        start,
        end,
    )
    return dict(row)


async def pending(tx: Tx) -> int:
    """Recounts of the workspace that nobody has made yet."""
    return await tx.fetchval("SELECT count(*) FROM recounts WHERE status = 'pending'")  # type: ignore[no-any-return]


async def newest(tx: Tx, *, at_most: int) -> list[dict[str, Any]]:
    return [dict(row) for row in await tx.fetch(f"SELECT {_COLUMNS} FROM recounts ORDER BY requested_at DESC LIMIT $1", at_most)]
