"""SQL of moves to another model, and of their steps: one for each version that calls the model."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.optimization.store import spent_of
from burnish_shared.db.session import Tx

_MIGRATION: Final = "migration_id, from_model, to_model, status, search, margin, created_by, created_at, finished_at"
_STEP: Final = """prompt_id, slug, version, dataset_id, split, repeats, state, outcome, before_run_id, after_run_id, job_id, suggestion_id,
    new_version, because, updated_at"""

MEASURED: Final = ("prompt_id", "slug", "version", "test_run_id", "dataset_id", "split", "repeats", "was_measured")
"""What a step takes from what its version was measured with."""

OPEN: Final = ("pending", "measuring", "searching")


async def versions_calling(tx: Tx, workspace_id: UUID, model: str, *, slugs: Sequence[str] | None) -> Sequence[Record]:
    """Versions that a label names or that are the newest of their prompt, and call this model; each with the newest completed test run
    with it on a dataset in use, of validation items rather than of others, and of its own test cases, which hold nothing to search on, only
    where there is no other; `was_measured`: whether any dataset has one."""
    return await tx.fetch(
        """SELECT p.prompt_id, p.slug, v.version, r.test_run_id, r.dataset_id, r.split, r.repeats,
                  r.test_run_id IS NOT NULL OR EXISTS (
                    SELECT FROM test_runs t WHERE t.workspace_id = p.workspace_id AND t.prompt_id = p.prompt_id AND t.version = v.version
                       AND t.model = $2 AND t.status = 'completed' AND t.failed_of IS NULL) AS was_measured
             FROM prompts p
             JOIN prompt_versions v ON v.workspace_id = p.workspace_id AND v.prompt_id = p.prompt_id
             LEFT JOIN LATERAL (
               SELECT t.test_run_id, t.dataset_id, t.split, t.repeats FROM test_runs t
                 JOIN datasets d ON d.workspace_id = t.workspace_id AND d.dataset_id = t.dataset_id AND d.archived_at IS NULL
                WHERE t.workspace_id = p.workspace_id AND t.prompt_id = p.prompt_id AND t.version = v.version AND t.model = $2
                  AND t.status = 'completed' AND t.failed_of IS NULL
                ORDER BY t.cases_digest IS NOT NULL, array_position(ARRAY['validation', 'test', 'train'], t.split), t.test_run_id DESC
                LIMIT 1) r ON true
            WHERE p.workspace_id = $1 AND p.archived_at IS NULL AND v.model = $2 AND ($3::text[] IS NULL OR p.slug = ANY ($3))
              AND (v.version = p.latest_version OR EXISTS (
                SELECT FROM prompt_labels l WHERE l.workspace_id = p.workspace_id AND l.prompt_id = p.prompt_id AND l.version = v.version))
            ORDER BY p.slug, v.version""",
        workspace_id,
        model,
        None if slugs is None else list(slugs),
    )


async def known_slugs(tx: Tx, workspace_id: UUID, slugs: Sequence[str]) -> set[str]:
    rows = await tx.fetch("SELECT slug FROM prompts WHERE workspace_id = $1 AND slug = ANY ($2)", workspace_id, list(slugs))
    return {row["slug"] for row in rows}


async def insert(
    tx: Tx, workspace_id: UUID, migration_id: UUID, *, from_model: str, to_model: str, search: Any, margin: float, by: str
) -> None:
    await tx.execute(
        """INSERT INTO model_migrations (migration_id, workspace_id, from_model, to_model, search, margin, created_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        migration_id, workspace_id, from_model, to_model, search, margin, by,
    )  # fmt: skip


async def insert_steps(tx: Tx, workspace_id: UUID, migration_id: UUID, rows: Sequence[Record]) -> None:
    """One for each version; those that nothing measured are skipped."""
    await tx.execute(
        """INSERT INTO model_migration_steps (workspace_id, migration_id, prompt_id, slug, version, before_run_id, dataset_id, split,
                                              repeats, state, outcome, because)
           SELECT $1, $2, s.prompt_id, s.slug, s.version, s.run, s.dataset, s.split, coalesce(s.repeats, 1),
                  CASE WHEN s.run IS NULL THEN 'skipped' ELSE 'pending' END, CASE WHEN s.run IS NULL THEN 'not_measured' END,
                  CASE WHEN s.run IS NOT NULL THEN NULL WHEN s.was_measured
                       THEN 'This version was measured with archived datasets alone: restore one, or make a test run with another.'
                       ELSE 'No completed test run of this version with the model: nothing to compare with.' END
             FROM unnest($3::uuid[], $4::text[], $5::integer[], $6::uuid[], $7::uuid[], $8::text[], $9::smallint[], $10::boolean[])
                  s (prompt_id, slug, version, run, dataset, split, repeats, was_measured)""",
        workspace_id,
        migration_id,
        *([row[name] for row in rows] for name in MEASURED),
    )


async def find(tx: Tx, workspace_id: UUID, migration_id: UUID, *, for_update: bool = False) -> Record | None:
    lock = " FOR UPDATE" if for_update else ""
    return await tx.fetchrow(
        f"SELECT {_MIGRATION} FROM model_migrations WHERE workspace_id = $1 AND migration_id = $2{lock}", workspace_id, migration_id
    )


async def running(tx: Tx, workspace_id: UUID, from_model: str) -> UUID | None:
    """A move away from this model that goes on."""
    found: UUID | None = await tx.fetchval(
        "SELECT migration_id FROM model_migrations WHERE workspace_id = $1 AND from_model = $2 AND status = 'running' LIMIT 1",
        workspace_id,
        from_model,
    )
    return found


async def page(tx: Tx, workspace_id: UUID, *, before: UUID | None, limit: int) -> list[Record]:
    """Newest first."""
    rows = await tx.fetch(
        f"""SELECT {_MIGRATION} FROM model_migrations WHERE workspace_id = $1 AND ($2::uuid IS NULL OR migration_id < $2)
             ORDER BY migration_id DESC LIMIT $3""",
        workspace_id,
        before,
        limit,
    )
    return list(rows)


async def steps_of(tx: Tx, workspace_id: UUID, migration_ids: Sequence[UUID]) -> dict[UUID, list[Record]]:
    """By migration, in order; with what their test run and optimization have cost so far."""
    rows = await tx.fetch(
        f"""SELECT s.migration_id, {", ".join(f"s.{name.strip()}" for name in _STEP.split(","))},
                   coalesce({spent_of("r")}, 0) + coalesce({spent_of("j")}, 0) AS cost_nusd,
                   coalesce(r.simulated, false) OR coalesce(j.simulated, false) AS simulated
              FROM model_migration_steps s
              LEFT JOIN test_runs r ON r.workspace_id = s.workspace_id AND r.test_run_id = s.after_run_id
              LEFT JOIN optimization_jobs j ON j.workspace_id = s.workspace_id AND j.job_id = s.job_id
             WHERE s.workspace_id = $1 AND s.migration_id = ANY ($2) ORDER BY s.migration_id, s.slug, s.version""",
        workspace_id,
        list(migration_ids),
    )
    found: dict[UUID, list[Record]] = {one: [] for one in migration_ids}
    for row in rows:
        found[row["migration_id"]].append(row)
    return found


async def due(tx: Tx, *, at_most: int) -> list[tuple[UUID, UUID]]:
    """(workspace, migration) of those that go on."""
    rows = await tx.fetch("SELECT workspace_id, migration_id FROM model_migrations_due($1)", at_most)
    return [(row["workspace_id"], row["migration_id"]) for row in rows]


async def lock_running(tx: Tx, workspace_id: UUID, migration_id: UUID) -> Record | None:
    """None where another gateway has it, or it is over."""
    return await tx.fetchrow(
        f"""SELECT {_MIGRATION} FROM model_migrations WHERE workspace_id = $1 AND migration_id = $2 AND status = 'running'
             FOR UPDATE SKIP LOCKED""",
        workspace_id,
        migration_id,
    )


async def look_again(tx: Tx, workspace_id: UUID, migration_id: UUID, *, after: timedelta) -> None:
    await tx.execute(
        "UPDATE model_migrations SET next_look_at = clock_timestamp() + $3 WHERE workspace_id = $1 AND migration_id = $2",
        workspace_id,
        migration_id,
        after,
    )


async def set_step(tx: Tx, workspace_id: UUID, migration_id: UUID, step: Record, **columns: Any) -> None:
    """Names of columns are the callers' keywords, never a user's text."""
    names = sorted(columns)
    sets = ", ".join(f"{name} = ${number}" for number, name in enumerate(names, start=5))
    await tx.execute(
        f"""UPDATE model_migration_steps SET {sets}, updated_at = clock_timestamp()
             WHERE workspace_id = $1 AND migration_id = $2 AND prompt_id = $3 AND version = $4""",
        workspace_id,
        migration_id,
        step["prompt_id"],
        step["version"],
        *(columns[name] for name in names),
    )


async def finish(tx: Tx, workspace_id: UUID, migration_id: UUID, *, status: str) -> None:
    await tx.execute(
        """UPDATE model_migrations SET status = $3, finished_at = clock_timestamp() WHERE workspace_id = $1 AND migration_id = $2
              AND status = 'running'""",
        workspace_id,
        migration_id,
        status,
    )
