"""The SQL of a dataset's versions. Each function runs in the caller's transaction, whose policies admit one workspace."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from burnish_gateway.datasets.dataset import Change
from burnish_gateway.uses import NAMED_MOST
from burnish_shared.db.session import Tx


async def insert_version(tx: Tx, workspace_id: UUID, dataset_id: UUID, *, version: int, change: Change) -> None:
    """Who made it, by what, and that it was now. Idempotent: what is noted of it stays."""
    await tx.execute(
        """INSERT INTO dataset_versions (workspace_id, dataset_id, version, done, made_by) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (workspace_id, dataset_id, version) DO NOTHING""",
        workspace_id,
        dataset_id,
        version,
        change.done,
        change.by,
    )


async def made_between(tx: Tx, workspace_id: UUID, dataset_id: UUID, *, first: int, last: int) -> Sequence[asyncpg.Record]:
    """`version`, `done`, `made_by`, `made_at` of those that are noted: none from before they were."""
    return await tx.fetch(
        """SELECT version, done, made_by, made_at FROM dataset_versions
            WHERE workspace_id = $1 AND dataset_id = $2 AND version BETWEEN $3 AND $4""",
        workspace_id,
        dataset_id,
        first,
        last,
    )


async def moves_until(tx: Tx, workspace_id: UUID, dataset_id: UUID, *, first: int, last: int) -> Sequence[asyncpg.Record]:
    """How many items came into a split (`came`) and went out of it (`went`) with each version; those of all before `first` together, as of
    version `first - 1`. At most three rows for each version and one for each split.

    A correction is one that went and one that came. Items that were erased, or that a reviewer took back before anything used them, are in
    no version any more.
    """
    return await tx.fetch(
        """SELECT greatest(m.version, $3 - 1) AS version, m.split, count(*) FILTER (WHERE m.came) AS came,
                  count(*) FILTER (WHERE NOT m.came) AS went
             FROM dataset_items i
             CROSS JOIN LATERAL (VALUES (i.added_version, i.split, true), (i.removed_version, i.split, false)) m (version, split, came)
            WHERE i.workspace_id = $1 AND i.dataset_id = $2 AND m.version <= $4 GROUP BY 1, 2""",
        workspace_id,
        dataset_id,
        first,
        last,
    )


async def changed_between(tx: Tx, workspace_id: UUID, dataset_id: UUID, *, first: int, last: int) -> dict[int, int]:
    """Version → how many items it corrected: another stands in the place of one that went with it."""
    rows = await tx.fetch(
        """SELECT n.added_version AS version, count(*) AS changed FROM dataset_items o
             JOIN dataset_items n ON n.workspace_id = $1 AND n.dataset_id = $2 AND n.split = o.split AND n.position = o.position
                                 AND n.added_version = o.removed_version
            WHERE o.workspace_id = $1 AND o.dataset_id = $2 AND o.removed_version BETWEEN $3 AND $4 GROUP BY 1""",
        workspace_id,
        dataset_id,
        first,
        last,
    )
    return {row["version"]: row["changed"] for row in rows}


async def uses_between(tx: Tx, workspace_id: UUID, dataset_id: UUID, *, first: int, last: int) -> Sequence[asyncpg.Record]:
    """`version`, `kind`, `count` and the `newest` NAMED_MOST ids of the test runs and optimizations that used each."""
    return await tx.fetch(
        """SELECT u.version, u.kind, count(*) AS count, (array_agg(u.id ORDER BY u.id DESC))[1:$5] AS newest FROM (
             SELECT t.dataset_version AS version, 'test_run' AS kind, t.test_run_id AS id FROM test_runs t
              WHERE t.workspace_id = $1 AND t.dataset_id = $2 AND t.dataset_version BETWEEN $3 AND $4
              UNION ALL
             SELECT j.dataset_version, 'optimization', j.job_id FROM optimization_jobs j
              WHERE j.workspace_id = $1 AND j.dataset_id = $2 AND j.dataset_version BETWEEN $3 AND $4) u
            GROUP BY u.version, u.kind ORDER BY u.version, u.kind DESC""",
        workspace_id,
        dataset_id,
        first,
        last,
        NAMED_MOST,
    )
