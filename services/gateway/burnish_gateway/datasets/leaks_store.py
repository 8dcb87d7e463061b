"""The SQL of the leak report. Each function runs in the caller's transaction, whose policies admit one workspace."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from burnish_shared.db.session import Tx


async def items_of(tx: Tx, workspace_id: UUID, dataset_id: UUID, item_ids: Sequence[UUID]) -> dict[UUID, asyncpg.Record]:
    """Those that are still there."""
    rows = await tx.fetch(
        """SELECT item_id, split, input, expected FROM dataset_items
            WHERE workspace_id = $1 AND dataset_id = $2 AND item_id = ANY ($3) AND removed_version IS NULL""",
        workspace_id,
        dataset_id,
        item_ids,
    )
    return {row["item_id"]: row for row in rows}


async def split_groups(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> Sequence[asyncpg.Record]:
    """Groups with items in several splits, the largest first, at most 100."""
    return await tx.fetch(
        """SELECT g.own, jsonb_object_agg(g.split, g.n) AS counts FROM (
             SELECT metadata->>'group' AS own, split, count(*) AS n FROM dataset_items
              WHERE workspace_id = $1 AND dataset_id = $2 AND metadata ? 'group' AND removed_version IS NULL GROUP BY 1, 2) g
            WHERE g.own <> '' GROUP BY g.own HAVING count(*) > 1 ORDER BY sum(g.n) DESC, g.own LIMIT 100""",
        workspace_id,
        dataset_id,
    )


async def looks_taken(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> int:
    """Proofs that the test items as they are now have paid for; 0 of a dataset that does not stand there yet."""
    taken: int = await tx.fetchval(
        """SELECT count(l.number) FROM datasets d JOIN test_looks l USING (workspace_id, dataset_id, test_version)
            WHERE d.workspace_id = $1 AND d.dataset_id = $2""",
        workspace_id,
        dataset_id,
    )
    return taken


async def facts_of(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> asyncpg.Record:
    """How often it was looked at and used, and how many items were made up."""
    (row,) = await tx.fetch(
        """SELECT (SELECT count(l.number) FROM test_looks l WHERE l.workspace_id = $1 AND l.dataset_id = $2
                      AND l.test_version = d.test_version) AS looks,
                  (SELECT count(*) FROM test_looks l WHERE l.workspace_id = $1 AND l.dataset_id = $2
                      AND l.test_version = d.test_version AND l.number IS NULL) AS reads,
                  (SELECT count(*) FROM test_runs t WHERE t.workspace_id = $1 AND t.dataset_id = $2)
                    + (SELECT count(*) FROM optimization_jobs j WHERE j.workspace_id = $1 AND j.dataset_id = $2) AS used,
                  (SELECT coalesce(jsonb_object_agg(s.split, s.n), '{}') FROM (SELECT split, count(*) AS n FROM dataset_items i
                    WHERE i.workspace_id = $1 AND i.dataset_id = $2 AND i.synthetic AND i.removed_version IS NULL
                    GROUP BY split) s) AS synthetic
             FROM datasets d WHERE d.workspace_id = $1 AND d.dataset_id = $2""",
        workspace_id,
        dataset_id,
    )
    return row
