"""Backtests in SQL: inputs of the past, and what came of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx

LOOKED_AT_MOST: Final = 20_000
"""The newest executions among which inputs are chosen: the same work however many there are."""

BACKTEST: Final = """SELECT k.backtest_id, k.experiment_id, k.slug, k.arms, k.window_from, k.window_to, k.inputs, k.found, k.batch_id,
  k.created_by, k.created_at, b.status, b.total, b.succeeded, b.failed, b.most_nusd, b.set_aside_nusd, b.spent_nusd,
  b.pause_reason, b.finished_at, b.simulated
  FROM experiment_backtests k JOIN batches b ON b.workspace_id = k.workspace_id AND b.batch_id = k.batch_id"""


async def past_inputs(tx: Tx, workspace_id: UUID, slug: str, *, since: datetime, most: int) -> tuple[int, Sequence[Record]]:
    """How many there were (at most LOOKED_AT_MOST), and so many of them, spread evenly over the time: id, version, variables, messages."""
    rows = await tx.fetch(
        """WITH newest AS (
             SELECT execution_id, version FROM executions
              WHERE workspace_id = $1 AND slug = $2 AND execution_id >= day_bound(($3::timestamptz)::date) AND finished_at >= $3
                AND status = 'success' AND lane IN ('interactive', 'background') AND version IS NOT NULL
              ORDER BY execution_id DESC LIMIT $5),
           numbered AS (SELECT *, row_number() OVER (ORDER BY execution_id) - 1 AS n, count(*) OVER () AS found FROM newest),
           chosen AS (SELECT * FROM numbered WHERE found <= $4 OR n * $4 / found <> (n - 1) * $4 / found OR n = 0)
           SELECT h.execution_id, h.version, h.found, c.variables, c.messages
             FROM chosen h JOIN execution_contents c ON c.execution_id = h.execution_id AND c.workspace_id = $1
            ORDER BY h.execution_id LIMIT $4""",
        workspace_id, slug, since, most, LOOKED_AT_MOST,
    )  # fmt: skip
    return (rows[0]["found"] if rows else 0), rows


async def insert(tx: Tx, workspace_id: UUID, **columns: Any) -> None:
    names, places = ", ".join(columns), ", ".join(f"${number}" for number in range(2, len(columns) + 2))
    await tx.execute(f"INSERT INTO experiment_backtests (workspace_id, {names}) VALUES ($1, {places})", workspace_id, *columns.values())


async def find(tx: Tx, workspace_id: UUID, backtest_id: UUID) -> Record | None:
    return await tx.fetchrow(f"{BACKTEST} WHERE k.workspace_id = $1 AND k.backtest_id = $2", workspace_id, backtest_id)


async def list_page(tx: Tx, workspace_id: UUID, *, slug: str | None, before: UUID | None, limit: int) -> Sequence[Record]:
    """Newest first."""
    return await tx.fetch(
        f"""{BACKTEST} WHERE k.workspace_id = $1 AND ($2::text IS NULL OR k.slug = $2) AND ($3::uuid IS NULL OR k.backtest_id < $3)
             ORDER BY k.backtest_id DESC LIMIT $4""",
        workspace_id, slug, before, limit,
    )  # fmt: skip


async def figures(tx: Tx, workspace_id: UUID, batch_id: UUID) -> Sequence[Record]:
    """Of each arm what it came to, beside what was answered then. A line's custom id is `<number of the arm>:<execution of then>`.

    OFFSET 0: each is looked up by itself, as joined freely all days are read from end to end.
    """
    return await tx.fetch(
        """WITH lines AS (
             SELECT split_part(custom_id, ':', 1)::integer AS arm, split_part(custom_id, ':', 2)::uuid AS before, execution_id, status
               FROM batch_lines WHERE workspace_id = $1 AND batch_id = $2 AND answered_at IS NOT NULL)
           SELECT l.arm, count(*) AS answered, count(*) FILTER (WHERE l.status = 'success') AS successes,
                  coalesce(sum(e.cost_nusd), 0)::bigint AS cost_nusd, avg(e.cost_nusd)::bigint AS mean_cost_nusd,
                  avg(e.latency_ms)::float8 AS mean_latency_ms,
                  percentile_cont(0.95) WITHIN GROUP (ORDER BY e.latency_ms) AS p95_ms, avg(e.output_tokens)::float8 AS mean_output_tokens,
                  avg(o.cost_nusd) FILTER (WHERE NOT o.cached)::bigint AS before_mean_cost_nusd,
                  avg(o.latency_ms) FILTER (WHERE NOT o.cached)::float8 AS before_mean_latency_ms,
                  avg(o.output_tokens)::float8 AS before_mean_output_tokens,
                  count(*) FILTER (WHERE c.output IS NOT NULL AND oc.output IS NOT NULL) AS compared,
                  count(*) FILTER (WHERE c.output = oc.output) AS same_answer
             FROM lines l
             LEFT JOIN LATERAL (SELECT x.cost_nusd, x.latency_ms, x.output_tokens FROM executions x
                                 WHERE x.execution_id = l.execution_id AND x.workspace_id = $1 OFFSET 0) e ON true
             LEFT JOIN LATERAL (SELECT x.output FROM execution_contents x
                                 WHERE x.execution_id = l.execution_id AND x.workspace_id = $1 OFFSET 0) c ON true
             LEFT JOIN LATERAL (SELECT x.cached, x.cost_nusd, x.latency_ms, x.output_tokens FROM executions x
                                 WHERE x.execution_id = l.before AND x.workspace_id = $1 OFFSET 0) o ON true
             LEFT JOIN LATERAL (SELECT x.output FROM execution_contents x
                                 WHERE x.execution_id = l.before AND x.workspace_id = $1 OFFSET 0) oc ON true
            GROUP BY l.arm ORDER BY l.arm""",
        workspace_id, batch_id,
    )  # fmt: skip
