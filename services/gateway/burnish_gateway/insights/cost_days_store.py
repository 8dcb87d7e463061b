"""Reads costs by day, from rollups alone."""

from datetime import datetime

from burnish_gateway.insights.ranges import Range
from burnish_gateway.insights.store import Filters, source_of
from burnish_shared.db.session import Tx
from burnish_shared.measures import SUM_MOST


async def costs_by_day(tx: Tx, wanted: Range, filters: Filters, *, group_by: str | None) -> dict[str, dict[datetime, int]]:
    """Group ('' without `group_by`) → start of the day → nano-dollars. Days without use are left out."""
    source = source_of(wanted, filters, group_by, by_step=True)
    rows = await tx.fetch(
        f"""SELECT {source.group} AS key, r.bucket, least(sum(r.cost_nusd), {SUM_MOST})::bigint AS cost_nusd
              FROM {source.tables} WHERE {source.where} GROUP BY 1, 2 ORDER BY 1, 2""",
        *source.arguments,
    )
    found: dict[str, dict[datetime, int]] = {}
    for row in rows:
        found.setdefault(row["key"], {})[row["bucket"]] = row["cost_nusd"]
    return found
