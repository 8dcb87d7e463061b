"""Raw rows and rollup rows of one workspace, read in one statement and therefore as of one moment."""

from datetime import datetime
from typing import Final
from uuid import UUID

from burnish_analytics.core.recount import Side, counted_side
from burnish_analytics.core.rollup import STATUS_SUMS, SUMS, RollupKey
from burnish_shared.db.session import Tx

_DIMENSIONS: Final = "slug, version, label, model, traffic"

_COUNTED: Final = {
    "executions": "count(*)",
    **{name: f"count(*) FILTER (WHERE status = '{status}')" for status, name in STATUS_SUMS.items()},
    "cached": "count(*) FILTER (WHERE cached)",
    "simulated": "count(*) FILTER (WHERE simulated)",
    "input_tokens": "sum(input_tokens)",
    "output_tokens": "sum(output_tokens)",
    "cached_input_tokens": "sum(cached_input_tokens)",
    "cost_nusd": "sum(cost_nusd)",
    "latency_sum_ms": "sum(latency_ms)",
}

_REACTED: Final = {
    "reactions": "count(*)",
    "thumbs_up": "count(*) FILTER (WHERE kind = 'thumb' AND value = 1)",
    "thumbs_down": "count(*) FILTER (WHERE kind = 'thumb' AND value <> 1)",
    "scores": "count(*) FILTER (WHERE kind = 'score')",
    "score_sum_micro": "sum(round(value * 1000000)::bigint) FILTER (WHERE kind = 'score')",
}


def _sums(counted: dict[str, str]) -> str:
    return ", ".join(f"coalesce({counted.get(name, '0')}, 0)::bigint AS {name}" for name in SUMS)


READ: Final = f"""
SELECT 'raw' AS side, date_trunc($2, e.finished_at, 'UTC') AS bucket, {_DIMENSIONS}, {_sums(_COUNTED)},
       array_agg(latency_ms) AS latency, array_agg(first_token_ms) FILTER (WHERE first_token_ms IS NOT NULL) AS first_token
  FROM execution_facts e WHERE e.workspace_id = $1 AND e.finished_at >= $3 AND e.finished_at < $4
 GROUP BY bucket, {_DIMENSIONS}
UNION ALL
SELECT 'raw', date_trunc($2, e.finished_at, 'UTC') AS bucket, {_DIMENSIONS}, {_sums(_REACTED)}, NULL, NULL
  FROM feedback f JOIN execution_facts e ON e.workspace_id = f.workspace_id AND e.execution_id = f.execution_id
 WHERE f.workspace_id = $1 AND f.joined_at IS NOT NULL AND e.finished_at >= $3 AND e.finished_at < $4
 GROUP BY bucket, {_DIMENSIONS}
UNION ALL
SELECT 'rollup', bucket, {_DIMENSIONS}, {", ".join(SUMS)}, latency::bigint[], first_token::bigint[]
  FROM rollups WHERE workspace_id = $1 AND grain = $2 AND bucket >= $3 AND bucket < $4"""


async def read_sides(tx: Tx, workspace_id: UUID, *, grain: str, start: datetime, end: datetime) -> tuple[Side, Side]:
    """What raw rows add up to, and what the rollups hold, for buckets of [start, end); both must lie on borders of the grain."""
    raw: Side = {}
    rolled: Side = {}
    for row in await tx.fetch(READ, workspace_id, grain, start, end):
        key = RollupKey(workspace_id, grain, row["bucket"], row["slug"], row["version"], row["label"], row["model"], row["traffic"])
        is_raw = row["side"] == "raw"
        counted_side(
            raw if is_raw else rolled,
            key,
            sums={name: row[name] for name in SUMS},
            latency=row["latency"] or [],
            first_token=row["first_token"] or [],
            as_values=is_raw,
        )
    return raw, rolled


async def counted_workspaces(tx: Tx) -> list[UUID]:
    return [row[0] for row in await tx.fetch("SELECT counted_workspaces()")]


async def missing_facts(tx: Tx, workspace_id: UUID, *, start: datetime, end: datetime) -> int:
    """Executions of the books, finished in this range, that have not been counted (yet)."""
    return await tx.fetchval(  # type: ignore[no-any-return]
        """SELECT count(*) FROM executions x WHERE x.workspace_id = $1 AND x.finished_at >= $2 AND x.finished_at < $3
              AND NOT EXISTS (SELECT FROM execution_facts e WHERE e.execution_id = x.execution_id AND e.workspace_id = x.workspace_id)""",
        workspace_id,
        start,
        end,
    )
