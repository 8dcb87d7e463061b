"""The SQL of reviews of versions. Each function runs in the caller's transaction, whose policies admit one workspace."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from asyncpg import Record

from burnish_gateway.inbox.kinds import ReviewStatus
from burnish_gateway.registry.prompt import Prompt
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

VersionStatus = Literal["draft", "in_review", "approved"]

OPEN: Final = ("in_review", "approved")
"""Statuses that a version stands in; after another one it is a draft again."""

MAX_REVIEWS: Final = 50
"""Reviews of one version that are told."""

CONTENTS_AT_ONCE: Final = 50
"""Versions whose contents are read by one statement."""

_COLUMNS = """r.review_id, p.slug, r.version, r.status, r.note, r.reviewers, r.requested_by, r.requested_at, r.decision, r.decided_by,
              r.decided_at,
              CASE WHEN r.status = 'approved' THEN r.decided_by ELSE r.approved_by END AS approved_by,
              CASE WHEN r.status = 'approved' THEN r.decided_at ELSE r.approved_at END AS approved_at,
              CASE WHEN r.status = 'approved' THEN r.decision ELSE r.approval END AS approval, v.author, v.change_message"""
_FROM = (
    """prompt_reviews r JOIN prompts p USING (workspace_id, prompt_id) JOIN prompt_versions v USING (workspace_id, prompt_id, version)"""
)


@dataclass(frozen=True, slots=True)
class Review:
    """A version that was handed in. `author`: who wrote the version; `decision`: what was said when it was decided.
    `reviewers`: user ids of those who were asked; empty: whoever may decide.

    `approved_by`, `approved_at`, `approval`: of its approval, also where that was taken back since; None: it was never approved.
    """

    review_id: UUID
    slug: str
    version: int
    status: ReviewStatus
    note: str
    reviewers: Sequence[UUID]
    requested_by: str
    requested_at: datetime
    decision: str
    decided_by: str | None
    decided_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    approval: str
    author: str
    change_message: str


async def status_of(tx: Tx, prompt: Prompt, version: int) -> VersionStatus:
    status: VersionStatus | None = await tx.fetchval(
        "SELECT status FROM prompt_reviews WHERE workspace_id = $1 AND prompt_id = $2 AND version = $3 AND status = ANY ($4)",
        prompt.workspace_id,
        prompt.prompt_id,
        version,
        list(OPEN),
    )
    return status or "draft"


async def reviews_of(tx: Tx, prompt: Prompt, version: int) -> list[Review]:
    """Those of one version, the newest first; at most MAX_REVIEWS."""
    rows = await tx.fetch(
        f"""SELECT {_COLUMNS} FROM {_FROM} WHERE r.workspace_id = $1 AND r.prompt_id = $2 AND r.version = $3
             ORDER BY r.review_id DESC LIMIT $4""",
        prompt.workspace_id,
        prompt.prompt_id,
        version,
        MAX_REVIEWS,
    )
    return [Review(**dict(row)) for row in rows]


async def list_reviews(
    tx: Tx, workspace_id: UUID, *, status: ReviewStatus | None, slug: str | None, before: UUID | None, limit: int
) -> list[Review]:
    """The newest first, those before the review `before`."""
    rows = await tx.fetch(
        f"""SELECT {_COLUMNS} FROM {_FROM}
             WHERE r.workspace_id = $1 AND ($2::text IS NULL OR r.status = $2) AND ($3::text IS NULL OR p.slug = $3)
               AND ($4::uuid IS NULL OR r.review_id < $4) ORDER BY r.review_id DESC LIMIT $5""",
        workspace_id,
        status,
        slug,
        before,
        limit,
    )
    return [Review(**dict(row)) for row in rows]


async def insert_review(tx: Tx, prompt: Prompt, version: int, *, note: str, reviewers: Sequence[UUID], by: str) -> UUID | None:
    """The id of the review. None: it is in review or approved already."""
    made: UUID | None = await tx.fetchval(
        """INSERT INTO prompt_reviews (review_id, workspace_id, prompt_id, version, note, requested_by, reviewers)
           VALUES ($1, $2, $3, $4, $5, $6, $7)
           ON CONFLICT (workspace_id, prompt_id, version) WHERE status IN ('in_review', 'approved') DO NOTHING RETURNING review_id""",
        new_uuid(),
        prompt.workspace_id,
        prompt.prompt_id,
        version,
        note,
        by,
        list(reviewers),
    )
    return made


async def decide(tx: Tx, prompt: Prompt, version: int, *, status: ReviewStatus, comment: str, by: str) -> tuple[UUID, str] | None:
    """Of the review that the version stands in: its id, and who asked for it. An approval that is taken back stays beside what takes its
    place."""
    row = await tx.fetchrow(
        """UPDATE prompt_reviews SET status = $4, decision = $5, decided_by = $6, decided_at = clock_timestamp(),
                  approved_by = CASE WHEN status = 'approved' THEN decided_by END,
                  approved_at = CASE WHEN status = 'approved' THEN decided_at END,
                  approval = CASE WHEN status = 'approved' THEN decision ELSE '' END
            WHERE workspace_id = $1 AND prompt_id = $2 AND version = $3 AND status = ANY ($7)
        RETURNING review_id, requested_by""",
        prompt.workspace_id,
        prompt.prompt_id,
        version,
        status,
        comment,
        by,
        list(OPEN),
    )
    return None if row is None else (row["review_id"], row["requested_by"])


async def newest_run(tx: Tx, prompt: Prompt, version: int, *, model: str | None, least: int, is_open_counted: bool) -> Record | None:
    """The newest completed test run that can open a gate: over `least` items or more, of a whole split from which nothing learns.

    `model`: which one must have answered; None: any. `is_open_counted`: items without a right answer count among the `least`, too.
    `items` have a right answer, `open_answers` are answers to items without one, `answers` all. `accuracy` is 0..1, None where the run
    says nothing of it. `evaluators`: what each said, as the run's result has it.
    """
    return await tx.fetchrow(
        """SELECT test_run_id, dataset_id, split, model, coalesce((result #>> '{metrics,items}')::bigint, total / repeats) AS items,
                  coalesce((result #>> '{metrics,without_right_answer}')::bigint, 0) AS open_answers, total AS answers,
                  (result #>> '{metrics,overall_accuracy}')::float8 AS accuracy, coalesce(result -> 'evaluators', '[]') AS evaluators
             FROM test_runs
            WHERE workspace_id = $1 AND prompt_id = $2 AND version = $3 AND status = 'completed' AND failed_of IS NULL
              AND split IN ('validation', 'test') AND ($4::text IS NULL OR model = $4)
              AND CASE WHEN $6 THEN total / repeats ELSE coalesce((result #>> '{metrics,items}')::bigint, total / repeats) END >= $5
            ORDER BY test_run_id DESC LIMIT 1""",
        prompt.workspace_id,
        prompt.prompt_id,
        version,
        model,
        least,
        is_open_counted,
    )


async def label_settings(tx: Tx, workspace_id: UUID) -> Record:
    """protected_labels, own_approval, test_run_gate, gate_evaluator_id, gate_min_score and min_samples of the workspace."""
    (row,) = await tx.fetch(
        """SELECT protected_labels, own_approval, test_run_gate, gate_evaluator_id, gate_min_score, min_samples FROM workspaces
            WHERE workspace_id = $1""",
        workspace_id,
    )
    return row


async def names_of(tx: Tx, *, actor: str, api_key_id: UUID | None) -> set[str]:
    """Everybody who may stand behind an actor: with a key, its line, and whoever made it; where that was a key, those behind it as well.
    `operator` made keys for all, and is nobody."""
    names = {actor}
    if api_key_id is not None:
        rows = await tx.fetch(
            """WITH RECURSIVE behind AS (
                 SELECT api_key_id, created_by, first_key_id FROM api_keys WHERE api_key_id = $1
                 UNION SELECT k.api_key_id, k.created_by, k.first_key_id
                         FROM behind b JOIN api_keys k ON 'api_key:' || k.api_key_id = b.created_by)
               SELECT api_key_id, created_by, first_key_id FROM behind""",
            api_key_id,
        )
        names |= {f"api_key:{api_key_id}"}
        for row in rows:
            names |= {row["created_by"], f"api_key:{row['first_key_id'] or row['api_key_id']}"}
    return names - {"operator"}


async def key_of_author(tx: Tx, prompt: Prompt, version: int) -> UUID | None:
    """The API key that a version was saved with."""
    found: UUID | None = await tx.fetchval(
        "SELECT api_key_id FROM prompt_versions WHERE workspace_id = $1 AND prompt_id = $2 AND version = $3",
        prompt.workspace_id,
        prompt.prompt_id,
        version,
    )
    return found


_THEIRS = """WITH RECURSIVE theirs AS (
  SELECT k.api_key_id FROM api_keys k
   WHERE k.workspace_id = $1 AND (k.created_by = ANY ($3) OR 'api_key:' || coalesce(k.first_key_id, k.api_key_id) = ANY ($3))
  UNION SELECT k.api_key_id FROM theirs t JOIN api_keys k ON k.workspace_id = $1 AND k.created_by = 'api_key:' || t.api_key_id)"""
"""Every key that somebody with these names ($3) may stand behind, however many keys were made by keys in between: as `names_of` tells."""


async def versions_by(tx: Tx, prompt: Prompt, names: set[str], *, before: int) -> list[int]:
    """The versions below `before` that somebody with one of these names saved."""
    rows = await tx.fetch(
        f"""{_THEIRS}
            SELECT v.version FROM prompt_versions v
             WHERE v.workspace_id = $1 AND v.prompt_id = $2 AND v.version < $4
               AND (v.author = ANY ($3) OR 'api_key:' || v.api_key_id = ANY ($3) OR v.api_key_id IN (SELECT t.api_key_id FROM theirs t))""",
        prompt.workspace_id,
        prompt.prompt_id,
        list(names),
        before,
    )
    return [row["version"] for row in rows]


async def approved_by_others(tx: Tx, prompt: Prompt, names: set[str]) -> list[int]:
    """The versions whose approval stands and was given by nobody with one of these names."""
    rows = await tx.fetch(
        f"""{_THEIRS}
            SELECT r.version FROM prompt_reviews r
             WHERE r.workspace_id = $1 AND r.prompt_id = $2 AND r.status = 'approved' AND NOT r.decided_by = ANY ($3)
               AND NOT EXISTS (SELECT FROM theirs t WHERE r.decided_by = 'api_key:' || t.api_key_id)""",
        prompt.workspace_id,
        prompt.prompt_id,
        list(names),
    )
    return [row["version"] for row in rows]


async def contents(tx: Tx, prompt: Prompt, numbers: Sequence[int]) -> AsyncIterator[list[tuple[int, str]]]:
    """Number and content of those that exist, as JSON that nobody has read yet: CONTENTS_AT_ONCE of `numbers` at a time, each time by
    number."""
    for start in range(0, len(numbers), CONTENTS_AT_ONCE):
        rows = await tx.fetch(
            """SELECT version, content::text AS content FROM prompt_versions
                WHERE workspace_id = $1 AND prompt_id = $2 AND version = ANY ($3) ORDER BY version""",
            prompt.workspace_id,
            prompt.prompt_id,
            list(numbers[start : start + CONTENTS_AT_ONCE]),
        )
        yield [(row["version"], row["content"]) for row in rows]
