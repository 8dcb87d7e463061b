"""SQL of when backups were taken."""

from collections.abc import Mapping
from datetime import datetime

from burnish_shared.db.session import Tx


async def last_taken(tx: Tx) -> Mapping[str, datetime]:
    """When the last backup of each kind (`whole`, `erasures`) was complete; a kind that was never taken is left out."""
    return {row["kind"]: row["taken_at"] for row in await tx.fetch("SELECT kind, taken_at FROM backups")}
