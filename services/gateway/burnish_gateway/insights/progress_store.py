"""Reads until when everything is counted."""

from datetime import datetime

from burnish_shared.db.session import Tx

CONSUMERS = 2
"""Analytics writes a row for each stream that figures come from: finished executions, and feedback."""


async def counted_through(tx: Tx) -> datetime | None:
    """None: analytics has not said it yet."""
    return await tx.fetchval("SELECT min(through) FROM counted_through HAVING count(*) >= $1", CONSUMERS)  # type: ignore[no-any-return]
