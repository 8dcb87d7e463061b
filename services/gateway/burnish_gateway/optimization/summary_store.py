"""Reads the newest test run of each version, model and dataset."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from burnish_shared.db.session import Tx

RUNS_MOST: Final = 10_000
"""Of so many of the newest runs a summary is made."""


async def newest_runs(
    tx: Tx, *, slugs: Sequence[str], dataset_id: UUID | None, split: str | None, at_most: int
) -> Sequence[asyncpg.Record]:
    """The newest completed run of each (prompt, version, model, dataset as it was, split), newest first, with how many there were of it.

    `slugs` empty: of every prompt. A run of another one's failed items alone is comparable with none, and left out.
    """
    return await tx.fetch(
        """SELECT * FROM (
             SELECT DISTINCT ON (r.slug, r.version, r.model, r.dataset_id, r.dataset_version, r.split)
                    r.test_run_id, r.slug, r.version, r.model, r.dataset_id, d.name AS dataset, r.dataset_version, r.split, r.repeats,
                    r.simulated, r.finished_at, r.result -> 'metrics' AS metrics, (r.result ->> 'cost_nusd')::bigint AS cost_nusd,
                    r.result -> 'latency_ms' AS latency_ms, coalesce(r.result -> 'evaluators', '[]') AS evaluators,
                    count(*) OVER (PARTITION BY r.slug, r.version, r.model, r.dataset_id, r.dataset_version, r.split) AS runs
               FROM (SELECT * FROM test_runs WHERE status = 'completed' AND failed_of IS NULL
                        AND (cardinality($1::text[]) = 0 OR slug = ANY ($1))
                        AND ($2::uuid IS NULL OR dataset_id = $2) AND ($3::text IS NULL OR split = $3)
                      ORDER BY test_run_id DESC LIMIT $5) r
               JOIN datasets d ON d.workspace_id = r.workspace_id AND d.dataset_id = r.dataset_id
              ORDER BY r.slug, r.version, r.model, r.dataset_id, r.dataset_version, r.split, r.test_run_id DESC) n
            ORDER BY n.test_run_id DESC LIMIT $4""",
        list(slugs), dataset_id, split, at_most, RUNS_MOST,
    )  # fmt: skip
