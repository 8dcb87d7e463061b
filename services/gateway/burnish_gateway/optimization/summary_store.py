"""Reads the newest test run of each version, model and dataset."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from burnish_gateway.optimization.store import asked_of
from burnish_shared.db.session import Tx

RUNS_MOST: Final = 10_000
"""Of so many of the newest runs a summary is made."""


async def newest_runs(
    tx: Tx, *, slugs: Sequence[str], chains: Sequence[str], dataset_id: UUID | None, split: str | None, at_most: int
) -> Sequence[asyncpg.Record]:
    """The newest completed run of each (prompt and model or chain, version, dataset as it was, split), newest first, with how many there
    were of it.

    `slugs` and `chains` empty: of every prompt and chain; else of these alone. A run of another one's failed items alone is
    comparable with none, and left out.
    """
    return await tx.fetch(
        """SELECT * FROM (
             SELECT DISTINCT ON (r.chain_id, r.slug, r.version, r.model, r.dataset_id, r.dataset_version, r.split)
                    r.test_run_id, r.slug, r.chain ->> 'slug' AS chain, r.version, r.model, r.dataset_id, d.name AS dataset,
                    r.dataset_version, r.split, r.repeats, r.simulated, r.finished_at, r.result -> 'metrics' AS metrics,
                    (r.result ->> 'cost_nusd')::bigint AS cost_nusd,
                    r.result -> 'latency_ms' AS latency_ms, coalesce(r.result -> 'evaluators', '[]') AS evaluators,
                    count(*) OVER (PARTITION BY r.chain_id, r.slug, r.version, r.model, r.dataset_id, r.dataset_version, r.split) AS runs
               FROM (SELECT * FROM test_runs WHERE status = 'completed' AND failed_of IS NULL
                        AND (cardinality($1::text[]) + cardinality($6::text[]) = 0 OR slug = ANY ($1)
                             OR chain_id IN (SELECT c.chain_id FROM chains c WHERE c.slug = ANY ($6)))
                        AND ($2::uuid IS NULL OR dataset_id = $2) AND ($3::text IS NULL OR split = $3)
                      ORDER BY test_run_id DESC LIMIT $5) r
               JOIN datasets d ON d.workspace_id = r.workspace_id AND d.dataset_id = r.dataset_id
              ORDER BY r.chain_id, r.slug, r.version, r.model, r.dataset_id, r.dataset_version, r.split, r.test_run_id DESC) n
            ORDER BY n.test_run_id DESC LIMIT $4""",
        list(slugs), dataset_id, split, at_most, RUNS_MOST, list(chains),
    )  # fmt: skip


async def scores_beside(tx: Tx, workspace_id: UUID, pairs: Sequence[tuple[UUID, UUID]]) -> Sequence[asyncpg.Record]:
    """Of each (best, other) how many items were answered rightly so and so often in both; items that one has not answered are left out."""
    return await tx.fetch(
        f"""WITH scored AS MATERIALIZED (
              SELECT e.owner_id, e.item_id, count(*) AS n, count(*) FILTER (WHERE e.score >= 1) AS correct FROM evaluations e
               WHERE e.workspace_id = $1 AND e.owner_id = ANY ($2::uuid[] || $3::uuid[]) AND e.answered_at IS NOT NULL
                 AND e.score IS NOT NULL AND {asked_of("e")}
               GROUP BY e.owner_id, e.item_id)
            SELECT w.other, o.correct AS own_right, o.n AS own_n, b.correct AS best_right, b.n AS best_n, count(*) AS items
              FROM unnest($2::uuid[], $3::uuid[]) w(best, other)
              JOIN scored b ON b.owner_id = w.best JOIN scored o ON o.owner_id = w.other AND o.item_id = b.item_id
             GROUP BY w.other, o.correct, o.n, b.correct, b.n""",
        workspace_id, [best for best, _ in pairs], [other for _, other in pairs],
    )  # fmt: skip
