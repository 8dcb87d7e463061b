"""What failures of a prompt are read from, and where their groups are written. Slug '': all prompts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx

REACTIONS_SCANNED: Final = 20_000
"""Of so many of the newest bad reactions of a workspace at once those to one prompt are looked for."""

PAGES_MOST: Final = 10
"""So often it goes on with older ones, while a quiet prompt behind a busy one has too few: each page takes a quarter of a second."""

RUNS_MOST: Final = 20
LEASE_S: Final = 120
"""Longer than reading, grouping and writing may take."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Groups that somebody asked for, leased to us."""

    workspace_id: UUID
    slug: str
    days: int
    requested_at: datetime


async def due(tx: Tx, *, at_most: int) -> list[tuple[UUID, str, int]]:
    """(workspace, slug, days), the longest waiting first."""
    return [(row["workspace_id"], row["slug"], row["days"]) for row in await tx.fetch("SELECT * FROM failure_groups_due($1)", at_most)]


async def claim(tx: Tx, workspace_id: UUID, slug: str, days: int) -> Wanted | None:
    """None where another replica has it."""
    row = await tx.fetchrow(
        """UPDATE failure_groups SET leased_until = clock_timestamp() + $4 * interval '1 second'
            WHERE workspace_id = $1 AND slug = $2 AND days = $3 AND status = 'pending'
              AND (leased_until IS NULL OR leased_until < clock_timestamp()) RETURNING requested_at""",
        workspace_id,
        slug,
        days,
        LEASE_S,
    )
    return Wanted(workspace_id, slug, days, row["requested_at"]) if row is not None else None


async def finish(tx: Tx, wanted: Wanted, *, status: str, result: dict[str, Any] | None, at: datetime) -> None:
    """Writes what came of it; a request that came meanwhile stays pending. `result` None: the one before stays."""
    await tx.execute(
        """UPDATE failure_groups SET status = CASE WHEN requested_at = $4 THEN $5 ELSE status END, leased_until = NULL,
                  result = coalesce($6, result), computed_at = CASE WHEN $6::jsonb IS NULL THEN computed_at ELSE $7 END
            WHERE workspace_id = $1 AND slug = $2 AND days = $3""",
        wanted.workspace_id, wanted.slug, wanted.days, wanted.requested_at, status, result, at,
    )  # fmt: skip


BAD: Final = """r.workspace_id = $1 AND r.accepted_at >= $2 AND r.forgotten_at IS NULL AND r.execution_id IS NOT NULL
                      AND (r.correction IS NOT NULL OR (r.comment IS NOT NULL AND r.kind NOT IN ('thumb', 'score'))
                           OR (r.kind = 'thumb' AND r.value = 0) OR (r.kind = 'score' AND r.value < 0.5))
                      AND (r.accepted_at, r.feedback_id) < ($3, $4)
                    ORDER BY r.accepted_at DESC, r.feedback_id DESC"""

REACTIONS: Final = f"""
SELECT f.kind, f.comment, f.correction, f.end_user, f.accepted_at, f.execution_id, f.feedback_id, e.slug, e.version,
       c.variables, c.messages, c.output
  FROM (SELECT * FROM feedback r WHERE {BAD} LIMIT $5) f
  JOIN execution_facts e ON e.execution_id = f.execution_id AND e.workspace_id = f.workspace_id AND $6 IN ('', e.slug)
  LEFT JOIN execution_contents c ON c.execution_id = f.execution_id AND c.workspace_id = f.workspace_id
 WHERE f.correction IS NOT NULL OR NOT EXISTS (
       SELECT FROM feedback g
        WHERE g.workspace_id = f.workspace_id AND g.target_kind = f.target_kind AND g.target_id = f.target_id
          AND g.end_user = f.end_user AND (g.kind = 'thumb' AND g.value = 1 OR g.kind = 'score' AND g.value >= 0.5))
 ORDER BY f.accepted_at DESC, f.feedback_id, f.kind LIMIT $7"""

LAST_SCANNED: Final = f"SELECT r.accepted_at, r.feedback_id FROM feedback r WHERE {BAD} OFFSET $5 LIMIT 1"

NEWEST: Final = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))


async def reactions(tx: Tx, workspace_id: UUID, slug: str, *, since: datetime, at_most: int) -> Sequence[Record]:
    """Corrections, comments that no good mark stands beside, and bad marks, newest first."""
    found: list[Record] = []
    before: tuple[datetime, UUID] = NEWEST
    for _ in range(PAGES_MOST):
        found += await tx.fetch(REACTIONS, workspace_id, since, *before, REACTIONS_SCANNED, slug, at_most - len(found))
        last = await tx.fetchrow(LAST_SCANNED, workspace_id, since, *before, REACTIONS_SCANNED - 1)
        if last is None or len(found) >= at_most:
            break
        before = (last["accepted_at"], last["feedback_id"])
    return found


async def wrong_answers(tx: Tx, workspace_id: UUID, slug: str, *, since: datetime, at_most: int) -> Sequence[Record]:
    """Failed cases of the newest completed run of each version, model and dataset; an item once, however often it was asked. `chain`: the
    slug of what was tested in place of a prompt, among those of all prompts alone."""
    return await tx.fetch(
        """SELECT d.test_run_id, d.slug, d.chain, d.version, d.finished_at, d.failed FROM (
           SELECT DISTINCT ON (r.test_run_id, coalesce(c.failed ->> 'item_id', c.n::text)) r.test_run_id, r.slug, r.chain, r.version,
                  r.finished_at, c.failed, c.n
             FROM (SELECT DISTINCT ON (t.chain_id, t.slug, t.version, t.model, t.dataset_id, t.split) t.test_run_id, t.slug,
                          t.chain ->> 'slug' AS chain, t.version, t.finished_at, t.result
                     FROM (SELECT * FROM test_runs x WHERE x.workspace_id = $1 AND $2 IN ('', x.slug) AND x.status = 'completed'
                              AND x.finished_at >= $3 AND x.forgotten_at IS NULL ORDER BY x.finished_at DESC LIMIT $4) t
                    ORDER BY t.chain_id, t.slug, t.version, t.model, t.dataset_id, t.split, t.finished_at DESC) r,
                  jsonb_array_elements(CASE jsonb_typeof(r.result -> 'failed_cases') WHEN 'array' THEN r.result -> 'failed_cases'
                                       ELSE '[]' END) WITH ORDINALITY c(failed, n)
            ORDER BY r.test_run_id, coalesce(c.failed ->> 'item_id', c.n::text), c.n) d
            ORDER BY d.finished_at DESC, d.test_run_id, d.n LIMIT $5""",
        workspace_id, slug, since, RUNS_MOST, at_most,
    )  # fmt: skip


async def failed_scores(tx: Tx, workspace_id: UUID, slug: str, *, since: datetime, at_most: int) -> Sequence[Record]:
    """Live answers that an evaluator did not pass, newest first."""
    return await tx.fetch(
        """SELECT s.execution_id, s.evaluator_id, s.slug, s.version, s.finished_at, s.reason, c.variables, c.messages
             FROM (SELECT * FROM scores x WHERE x.workspace_id = $1 AND (x.uncertain OR NOT x.passed) AND x.scored_at >= $3
                      AND $2 IN ('', x.slug) AND NOT x.passed AND x.forgotten_at IS NULL ORDER BY x.scored_at DESC LIMIT $4) s
             LEFT JOIN execution_contents c ON c.execution_id = s.execution_id AND c.workspace_id = s.workspace_id
            ORDER BY s.finished_at DESC, s.execution_id, s.evaluator_id""",
        workspace_id,
        slug,
        since,
        at_most,
    )
