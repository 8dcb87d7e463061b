"""The SQL of what a prompt was used for: daily sums, read by the prompt's name."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx
from burnish_shared.measures import SUM_MOST
from burnish_shared.slug import Slug

COUNTS: Final = ("executions", "successes", "input_tokens", "output_tokens", "cost_nusd", "thumbs_up", "thumbs_down")


async def used(tx: Tx, workspace_id: UUID, slug: Slug, *, since: datetime) -> Sequence[Record]:
    """A row for each version that was used by live traffic from that day on, the newest first."""
    sums = ", ".join(f"least(sum(r.{name}), {SUM_MOST})::bigint AS {name}" for name in COUNTS)
    return await tx.fetch(
        f"""SELECT r.version, {sums}, max(r.bucket) FILTER (WHERE r.executions > 0) AS last_used FROM rollups r
             WHERE r.workspace_id = $1 AND r.grain = 'day' AND r.slug = $2 AND r.bucket >= $3 AND r.traffic = 'live'
             GROUP BY r.version ORDER BY r.version DESC""",
        workspace_id,
        slug,
        since,
    )
