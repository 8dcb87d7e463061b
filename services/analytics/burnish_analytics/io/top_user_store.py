"""The heaviest end users of an hour or a day that is over, counted from executions once, when it is."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from burnish_analytics.core.rollup import SUMS
from burnish_analytics.io.recount_store import COUNTED, REACTED, said_of, sums_of
from burnish_shared.db.session import Tx
from burnish_shared.measures import BORDERS, SUM_MOST

KEPT_MOST: Final = 200
"""By executions, and as many by cost."""

_COUNTED_SUMS: Final = tuple(one for one in SUMS if one not in REACTED)
_REACTED_SUMS: Final = tuple(REACTED)


def _histogram(name: str) -> str:
    """Counts by bucket from the first to the highest that the end user has."""
    return f"""
held_{name} AS (SELECT end_user, width_bucket({name}_ms - 1, $5::bigint[]) AS held, count(*) AS times
                  FROM theirs WHERE {name}_ms IS NOT NULL GROUP BY 1, 2),
counts_{name} AS (
  SELECT m.end_user, array_agg(coalesce(h.times, 0)::integer ORDER BY n) AS counts
    FROM (SELECT end_user, max(held) AS top FROM held_{name} GROUP BY 1) m CROSS JOIN LATERAL generate_series(0, m.top) n
    LEFT JOIN held_{name} h ON h.end_user = m.end_user AND h.held = n GROUP BY 1)"""


KEEP: Final = f"""
INSERT INTO rollup_top_users (workspace_id, grain, bucket, end_user, {", ".join((*_COUNTED_SUMS, *_REACTED_SUMS))}, latency, first_token,
                              others_executions, others_cost_nusd)
WITH facts AS MATERIALIZED (
       SELECT * FROM execution_facts
        WHERE workspace_id = $1 AND finished_at >= $3 AND finished_at < $4 AND traffic = 'live' AND end_user <> ''),
     ranked AS MATERIALIZED (
       SELECT end_user, n, cost, row_number() OVER (ORDER BY n DESC, end_user) <= $6
              OR row_number() OVER (ORDER BY cost DESC, end_user) <= $6 AS is_told
         FROM (SELECT end_user, count(*) AS n, least(sum(cost_nusd), {SUM_MOST})::bigint AS cost FROM facts GROUP BY 1) u),
     others AS (SELECT coalesce(max(n), 0) AS n, coalesce(max(cost), 0) AS cost FROM ranked WHERE NOT is_told),
     theirs AS MATERIALIZED (SELECT f.* FROM facts f JOIN ranked r ON r.end_user = f.end_user AND r.is_told),
     counted AS (SELECT end_user, {sums_of(COUNTED)} FROM theirs GROUP BY 1),
     reacted AS (SELECT end_user, {sums_of(REACTED)} FROM ({said_of("theirs", "e.end_user")}) s GROUP BY 1),
     {_histogram("latency").strip()},
     {_histogram("first_token").strip()}
SELECT $1, $2, $3, c.end_user, {", ".join(f"c.{one}" for one in _COUNTED_SUMS)},
       {", ".join(f"coalesce(r.{one}, 0)" for one in _REACTED_SUMS)}, coalesce(l.counts, '{{}}'), coalesce(t.counts, '{{}}'), o.n, o.cost
  FROM counted c CROSS JOIN others o LEFT JOIN reacted r USING (end_user)
  LEFT JOIN counts_latency l USING (end_user) LEFT JOIN counts_first_token t USING (end_user)
ON CONFLICT DO NOTHING"""


async def keep(tx: Tx, workspace_id: UUID, *, grain: Literal["hour", "day"], start: datetime, end: datetime) -> None:
    """Counts from `start`, the begin of a bucket, to `end`. What is there stays."""
    await tx.execute(KEEP, workspace_id, grain, start, end, BORDERS, KEPT_MOST)
