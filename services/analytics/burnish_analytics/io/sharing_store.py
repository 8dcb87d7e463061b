"""The SQL of what is published daily: numbers beside entries of the marketplace, and statistics of the platform."""

from datetime import date
from typing import Final
from uuid import UUID

from burnish_shared.db.session import Tx
from burnish_shared.published_figures import published_figures

LATENCY: Final = "latency"


async def entries_due(tx: Tx, *, age_s: int, at_most: int) -> list[tuple[UUID, UUID]]:
    """(workspace, entry) of entries whose numbers are older than this."""
    rows = await tx.fetch("SELECT workspace_id, entry_id FROM marketplace_due($1, $2)", age_s, at_most)
    return [(row["workspace_id"], row["entry_id"]) for row in rows]


async def measure_entry(tx: Tx, workspace_id: UUID, entry_id: UUID) -> None:
    """Takes an entry's numbers anew from the publisher's rollups."""
    row = await tx.fetchrow(
        """SELECT v.* FROM marketplace_entries e, version_sums(e.workspace_id, e.slug, e.version) v
            WHERE e.workspace_id = $1 AND e.entry_id = $2""",
        workspace_id,
        entry_id,
    )
    if row is None:
        return  # withdrawn meanwhile
    figures = published_figures({name: value for name, value in row.items() if name != LATENCY}, row[LATENCY])
    await tx.execute(
        """UPDATE marketplace_entries SET figures = $3, satisfaction = $4, measured_at = clock_timestamp()
            WHERE workspace_id = $1 AND entry_id = $2""",
        workspace_id,
        entry_id,
        figures,
        (figures["satisfaction"] or {}).get("value"),
    )


async def publish_statistics(tx: Tx, day: date) -> int:
    """Publishes the statistics of a day that is over. 0: they stood already."""
    return await tx.fetchval("SELECT publish_statistics($1)", day)  # type: ignore[no-any-return]
