"""Sessions in SQL: what carries the same session id."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Record

from burnish_gateway.execution.store import COLUMNS, NAMED
from burnish_shared.db.session import Tx
from burnish_shared.measures import SUM_MOST


async def executions_of(tx: Tx, session_id: str, *, after: UUID | None, limit: int) -> Sequence[Record]:
    """The session's executions in their order, at most limit + 1, numbers only."""
    return await tx.fetch(
        f"SELECT {COLUMNS}, {NAMED} FROM executions e WHERE e.session_id = $1 AND ($2::uuid IS NULL OR e.execution_id > $2) "
        "ORDER BY e.execution_id LIMIT $3",
        session_id,
        after,
        limit + 1,
    )


async def totals_of(tx: Tx, session_id: str) -> Record:
    """Sums over the whole session, and over all current reactions to it and to its executions."""
    row = await tx.fetchrow(
        f"""WITH x AS (SELECT e.execution_id, e.cost_nusd, e.input_tokens, e.output_tokens, e.simulated, e.status, e.finished_at
                        FROM executions e WHERE e.session_id = $1),
                f AS (SELECT r.kind, r.value FROM feedback r
                       WHERE r.target_kind = 'session' AND r.target_id = $1 AND r.feedback_id IS NOT NULL AND NOT r.is_taken_back
                      UNION ALL
                      SELECT r.kind, r.value FROM feedback r
                       WHERE r.target_kind = 'execution' AND r.feedback_id IS NOT NULL AND NOT r.is_taken_back
                         AND r.target_id IN (SELECT execution_id::text FROM x))
           SELECT x.*, f.* FROM
             (SELECT count(*) AS executions, count(*) FILTER (WHERE status = 'success') AS successes,
                     least(coalesce(sum(cost_nusd), 0), {SUM_MOST})::bigint AS cost_nusd,
                     coalesce(sum(input_tokens), 0)::bigint AS input_tokens,
                     coalesce(sum(output_tokens), 0)::bigint AS output_tokens, coalesce(bool_or(simulated), false) AS simulated,
                     max(finished_at) AS finished_at FROM x) x,
             (SELECT count(*) AS reactions, count(*) FILTER (WHERE kind = 'thumb' AND value = 1) AS thumbs_up,
                     count(*) FILTER (WHERE kind = 'thumb' AND value = 0) AS thumbs_down, count(*) FILTER (WHERE kind = 'score') AS scores,
                     avg(value) FILTER (WHERE kind IN ('thumb', 'score')) AS satisfaction FROM f) f""",
        session_id,
    )
    if row is None:
        raise RuntimeError("an aggregate returned no row")
    return row
