"""The SQL of a test run's answers. It runs in the caller's transaction, whose policies admit one workspace."""

from typing import Final
from uuid import UUID

import asyncpg

from burnish_gateway.optimization.store import asked_of, has_failed
from burnish_shared.db.session import Tx

BEFORE_ALL: Final = (b"", UUID(int=0), -1)


async def answers_of(
    tx: Tx, workspace_id: UUID, run_id: UUID, *, correct: bool | None, after: tuple[bytes, UUID, int], limit: int
) -> list[asyncpg.Record]:
    """Answers that have come, with their items, in the order of the table's key. `correct` None: all of them; False:
    those that failed. `after`: (question, item, repeat), BEFORE_ALL at first."""
    rows = await tx.fetch(
        f"""SELECT e.question, e.item_id, e.repeat, e.execution_id, i.input, i.expected, i.metadata, e.output,
                  e.score >= 1 AS correct, e.status, e.error, e.spent_nusd AS cost_nusd, e.latency_ms, e.answered_at,
                  e.scores
             FROM evaluations e LEFT JOIN dataset_items i ON i.workspace_id = e.workspace_id AND i.item_id = e.item_id
            WHERE e.workspace_id = $1 AND e.owner_id = $2 AND e.answered_at IS NOT NULL AND {asked_of("e")}
              AND CASE $3::boolean WHEN true THEN e.score >= 1 WHEN false THEN {has_failed("e")} ELSE true END
              AND (e.question, e.item_id, e.repeat) > ($4::bytea, $5::uuid, $6::integer)
            ORDER BY e.question, e.item_id, e.repeat LIMIT $7""",
        workspace_id,
        run_id,
        correct,
        *after,
        limit,
    )
    return list(rows)
