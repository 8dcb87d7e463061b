"""The SQL of comparing two test runs. Each function runs in the caller's transaction, whose policies admit one workspace."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from burnish_gateway.optimization.store import asked_of
from burnish_shared.db.session import Tx


async def scores_of(tx: Tx, workspace_id: UUID, *, run_id: UUID, base_id: UUID) -> list[asyncpg.Record]:
    """For each item of either run: how often it was asked and answered rightly in both; 0 where a run has not asked it."""
    rows = await tx.fetch(
        f"""SELECT e.item_id, i.expected,
                  count(*) FILTER (WHERE e.owner_id = $3) AS base_n,
                  count(*) FILTER (WHERE e.owner_id = $3 AND e.score >= 1) AS base_right,
                  count(*) FILTER (WHERE e.owner_id = $2) AS run_n,
                  count(*) FILTER (WHERE e.owner_id = $2 AND e.score >= 1) AS run_right
             FROM evaluations e LEFT JOIN dataset_items i ON i.workspace_id = $1 AND i.item_id = e.item_id
            WHERE e.workspace_id = $1 AND e.owner_id IN ($2, $3) AND e.answered_at IS NOT NULL AND {asked_of("e")}
            GROUP BY e.item_id, i.expected, i.position ORDER BY i.position, e.item_id""",
        workspace_id,
        run_id,
        base_id,
    )
    return list(rows)


async def cases_of(tx: Tx, workspace_id: UUID, item_ids: Sequence[UUID], *, run_id: UUID, base_id: UUID) -> dict[UUID, asyncpg.Record]:
    """The items with the first answers of both runs."""
    rows = await tx.fetch(
        """SELECT n.item_id, i.input, i.expected, b.output AS base_output, a.output AS run_output, b.execution_id AS base_execution_id,
                  a.execution_id AS run_execution_id
             FROM unnest($2::uuid[]) n(item_id)
             LEFT JOIN dataset_items i ON i.workspace_id = $1 AND i.item_id = n.item_id
             LEFT JOIN evaluations b ON b.workspace_id = $1 AND b.owner_id = $3 AND b.item_id = n.item_id AND b.repeat = 0
             LEFT JOIN evaluations a ON a.workspace_id = $1 AND a.owner_id = $4 AND a.item_id = n.item_id AND a.repeat = 0""",
        workspace_id,
        item_ids,
        base_id,
        run_id,
    )
    return {row["item_id"]: row for row in rows}


async def test_reads(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> int:
    """How often test runs have read the test split as it is now."""
    reads: int = await tx.fetchval(
        """SELECT count(*) FROM test_looks l JOIN datasets d ON d.workspace_id = l.workspace_id AND d.dataset_id = l.dataset_id
            WHERE l.workspace_id = $1 AND l.dataset_id = $2 AND l.test_version = d.test_version AND l.number IS NULL""",
        workspace_id,
        dataset_id,
    )
    return reads
