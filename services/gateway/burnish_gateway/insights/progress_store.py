"""Reads until when everything is counted."""

from datetime import datetime
from typing import Final

from burnish_shared.db.session import Tx
from burnish_shared.streams import ANALYTICS_FEEDBACK, ANALYTICS_RECORDS

CONSUMERS: Final = (ANALYTICS_RECORDS.durable, ANALYTICS_FEEDBACK.durable)
"""Those that figures come from: finished executions, and feedback. Analytics writes a row for each."""


async def counted_through(tx: Tx) -> tuple[datetime | None, float | None]:
    """The moment, and how many seconds that is ago by the database's clock, by which it was told. None: analytics has not said it yet."""
    row = await tx.fetchrow(
        """SELECT min(through) AS through, extract(epoch FROM clock_timestamp() - min(through))::float8 AS behind_s
             FROM counted_through WHERE consumer = ANY ($1::text[]) HAVING count(*) = cardinality($1::text[])""",
        list(CONSUMERS),
    )
    return (row["through"], row["behind_s"]) if row is not None else (None, None)
