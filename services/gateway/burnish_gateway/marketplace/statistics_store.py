"""Reads published statistics of the platform."""

import datetime
from dataclasses import dataclass

from burnish_shared.db.session import Tx


@dataclass(frozen=True, slots=True)
class Statistic:
    """`contributors`: at least so many workspaces; 0: fewer than five, then there is no value."""

    day: datetime.date
    measure: str
    value: float | None
    contributors: int


async def newest(tx: Tx, *, days: int) -> list[Statistic]:
    """Of the last so many days, the newest first."""
    rows = await tx.fetch(
        """SELECT day, measure, value, contributors FROM platform_statistics
            WHERE day >= (clock_timestamp() AT TIME ZONE 'UTC')::date - $1::integer ORDER BY day DESC, measure""",
        days,
    )
    return [Statistic(**dict(row)) for row in rows]
