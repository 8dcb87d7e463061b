"""The SQL of the review queue. Each function runs in the caller's transaction, whose policies admit one workspace."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg

from burnish_gateway.datasets.content import Content
from burnish_gateway.review.review_item import REVIEWERS, ReviewItem
from burnish_shared.contracts.review import URGENCY, Reason, Verdict
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

COLUMNS: Final = """r.review_id, r.execution_id, r.slug, r.version, r.label, r.model, r.simulated, r.reasons, r.added_by, r.added_at,
    r.note, r.assigned_to, r.claimed_by, r.claimed_until, coalesce(r.claimed_until > clock_timestamp(), false) AS is_claimed, r.skipped_by,
    r.set_aside, r.verdict, r.expected, r.decided_by, r.decided_at, r.dataset_id, r.item_id, r.item_added,
    CASE split_part(r.decided_by, ':', 1)
      WHEN 'user' THEN (SELECT coalesce(nullif(u.name, ''), u.email) FROM members m JOIN users u USING (user_id)
                         WHERE m.workspace_id = r.workspace_id AND m.user_id::text = split_part(r.decided_by, ':', 2))
      WHEN 'api_key' THEN (SELECT k.name FROM api_keys k
                            WHERE k.workspace_id = r.workspace_id AND k.api_key_id::text = split_part(r.decided_by, ':', 2))
    END AS decided_by_name"""
"""With the name of whoever decided, as far as it is still there."""

QUESTION_MOST_BYTES: Final = 65_536
"""A conversation that takes more room in the table is not read for its last question: a page has up to 200 of them."""

OPEN: Final = "r.decided_at IS NULL AND NOT r.set_aside"

WANTED: Final = "($2::text IS NULL OR r.slug = $2) AND ($3::text IS NULL OR r.reasons @> ARRAY[$3])"

ANYBODYS: Final = f"""(r.assigned_to IS NULL OR NOT EXISTS (SELECT FROM members a WHERE a.workspace_id = r.workspace_id
  AND a.user_id = r.assigned_to AND a.role IN ({", ".join(f"'{one}'" for one in REVIEWERS)})))"""
"""Nobody is asked to look at it, or somebody who reviews no more."""

CLAIM: Final = f"""
WITH own AS (
  SELECT r.review_id FROM review_items r
   WHERE r.workspace_id = $1 AND {OPEN} AND {WANTED} AND r.assigned_to = $7
     AND (r.claimed_until IS NULL OR r.claimed_until <= clock_timestamp() OR r.claimed_by = $4)
   ORDER BY r.urgency, r.review_id LIMIT $5 FOR UPDATE),
mine AS (
  SELECT r.review_id FROM review_items r
   WHERE r.workspace_id = $1 AND {OPEN} AND {WANTED} AND r.claimed_by = $4 AND r.claimed_until > clock_timestamp()
     AND ($7::uuid IS NULL OR r.assigned_to IS DISTINCT FROM $7)
   ORDER BY r.urgency, r.review_id LIMIT greatest($5 - (SELECT count(*) FROM own), 0) FOR UPDATE),
more AS (
  SELECT r.review_id FROM review_items r
   WHERE r.workspace_id = $1 AND {OPEN} AND {WANTED} AND (r.claimed_until IS NULL OR r.claimed_until <= clock_timestamp())
     AND $4 <> ALL (r.skipped_by) AND {ANYBODYS}
     AND EXISTS (SELECT FROM execution_contents c WHERE c.execution_id = r.execution_id AND c.workspace_id = r.workspace_id)
   ORDER BY r.urgency, r.review_id LIMIT greatest($5 - (SELECT count(*) FROM own) - (SELECT count(*) FROM mine), 0)
   FOR UPDATE OF r SKIP LOCKED)
UPDATE review_items r SET claimed_by = $4, claimed_until = clock_timestamp() + $6 * interval '1 second'
 WHERE r.workspace_id = $1 AND r.review_id IN
   (SELECT review_id FROM own UNION ALL SELECT review_id FROM mine UNION ALL SELECT review_id FROM more)
RETURNING {COLUMNS}, r.urgency"""


async def claim(
    tx: Tx,
    workspace_id: UUID,
    *,
    actor: str,
    user_id: UUID | None,
    slug: str | None,
    reason: Reason | None,
    count: int,
    lease_s: int,
) -> list[ReviewItem]:
    """Up to `count` answers for this person alone: those that they are asked to look at, those that they are at already, then the next
    that nobody is asked for. Their lease begins anew. `user_id` None: a key, which nobody asks."""
    rows = await tx.fetch(CLAIM, workspace_id, slug, reason, actor, count, lease_s, user_id)
    own = sorted(rows, key=lambda row: (user_id is None or row["assigned_to"] != user_id, row["urgency"], row["review_id"]))
    return [_item(row) for row in own]


async def count_waiting(tx: Tx, workspace_id: UUID, *, user_id: UUID | None, slug: str | None, reason: Reason | None) -> int:
    """Answers that anybody may claim, and those that this member is asked to look at."""
    waiting: int = await tx.fetchval(
        f"""SELECT count(*) FROM review_items r WHERE r.workspace_id = $1 AND {OPEN} AND {WANTED}
               AND (r.claimed_until IS NULL OR r.claimed_until <= clock_timestamp()) AND ({ANYBODYS} OR r.assigned_to = $4)""",
        workspace_id, slug, reason, user_id,
    )  # fmt: skip
    return waiting


async def find(tx: Tx, review_id: UUID) -> ReviewItem | None:
    row = await tx.fetchrow(f"SELECT {COLUMNS} FROM review_items r WHERE r.review_id = $1", review_id)
    return _item(row) if row is not None else None


async def lock(tx: Tx, review_id: UUID) -> ReviewItem | None:
    """The item, held against other decisions until the transaction ends."""
    row = await tx.fetchrow(f"SELECT {COLUMNS} FROM review_items r WHERE r.review_id = $1 FOR UPDATE", review_id)
    return _item(row) if row is not None else None


async def list_items(
    tx: Tx, *, before: UUID | None, limit: int, slug: str | None, reason: Reason | None, status: str | None
) -> list[ReviewItem]:
    """Newest first."""
    rows = await tx.fetch(
        f"""SELECT {COLUMNS} FROM review_items r WHERE ($1::uuid IS NULL OR r.review_id < $1) AND {WANTED}
               AND CASE $4::text WHEN 'decided' THEN r.decided_at IS NOT NULL WHEN 'set_aside' THEN r.set_aside AND r.decided_at IS NULL
                    WHEN 'claimed' THEN {OPEN} AND r.claimed_until > clock_timestamp()
                    WHEN 'waiting' THEN {OPEN} AND (r.claimed_until IS NULL OR r.claimed_until <= clock_timestamp()) ELSE true END
             ORDER BY r.review_id DESC LIMIT $5""",
        before, slug, reason, status, limit,
    )  # fmt: skip
    return [_item(row) for row in rows]


async def pick(
    tx: Tx, workspace_id: UUID, executions: Sequence[UUID], *, note: str | None, by: str, assignee: UUID | None = None
) -> list[ReviewItem]:
    """Queues finished executions, before all others; one that is queued already gets the reason and, where it is not decided, the
    note and the assignee. Those that are there."""
    rows = await tx.fetch(
        f"""INSERT INTO review_items AS r (review_id, workspace_id, execution_id, slug, version, label, model, simulated, reasons, urgency,
                                           added_by, note, assigned_to)
            SELECT w.review_id, $2, e.execution_id, coalesce(e.slug, ''), coalesce(e.version, 0), coalesce(e.label, ''), e.model,
                   e.simulated, ARRAY['picked'], $5, $4, $6, $7
              FROM unnest($1::uuid[], $3::uuid[]) w (review_id, execution_id) JOIN executions e ON e.execution_id = w.execution_id
             ORDER BY e.execution_id
            ON CONFLICT (workspace_id, execution_id) DO UPDATE SET urgency = least(r.urgency, excluded.urgency), set_aside = false,
              reasons = CASE WHEN r.reasons @> excluded.reasons THEN r.reasons ELSE excluded.reasons || r.reasons END,
              note = CASE WHEN r.decided_at IS NULL THEN coalesce(excluded.note, r.note) ELSE r.note END,
              assigned_to = CASE WHEN r.decided_at IS NULL THEN coalesce(excluded.assigned_to, r.assigned_to) ELSE r.assigned_to END,
              claimed_by = CASE WHEN excluded.assigned_to IS DISTINCT FROM r.assigned_to AND excluded.assigned_to IS NOT NULL THEN NULL
                                ELSE r.claimed_by END,
              claimed_until = CASE WHEN excluded.assigned_to IS DISTINCT FROM r.assigned_to AND excluded.assigned_to IS NOT NULL THEN NULL
                                   ELSE r.claimed_until END,
              added_by = CASE r.added_by WHEN '' THEN excluded.added_by ELSE r.added_by END
            RETURNING {COLUMNS}""",
        [new_uuid() for _ in executions], workspace_id, list(executions), by, URGENCY["picked"], note, assignee,
    )  # fmt: skip
    return [_item(row) for row in rows]


async def has_content(tx: Tx, execution_id: UUID) -> bool:
    found: bool = await tx.fetchval("SELECT EXISTS (SELECT FROM execution_contents WHERE execution_id = $1)", execution_id)
    return found


async def contents_of(tx: Tx, execution_ids: Sequence[UUID]) -> Mapping[UUID, Content]:
    """Texts of those executions whose texts are kept."""
    rows = await tx.fetch(
        "SELECT execution_id, messages, variables, output FROM execution_contents WHERE execution_id = ANY ($1)", list(execution_ids)
    )
    return {row["execution_id"]: Content(row["messages"], row["variables"], row["output"]) for row in rows}


async def questions_of(tx: Tx, execution_ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """What the user asked last, 300 characters of it. Those that are not kept, too large, or without one are missing."""
    rows = await tx.fetch(
        """SELECT c.execution_id, q.question FROM execution_contents c,
                  LATERAL (SELECT left(CASE jsonb_typeof(m.one -> 'content')
                                         WHEN 'string' THEN m.one ->> 'content'
                                         WHEN 'array' THEN (SELECT string_agg(p.part ->> 'text', ' ' ORDER BY p.place)
                                                              FROM jsonb_array_elements(m.one -> 'content') WITH ORDINALITY p (part, place)
                                                             WHERE p.part ->> 'type' = 'text') END, 300) AS question
                             FROM jsonb_array_elements(CASE jsonb_typeof(c.messages) WHEN 'array' THEN c.messages ELSE '[]' END)
                                  WITH ORDINALITY m (one, place)
                            WHERE m.one ->> 'role' = 'user' ORDER BY m.place DESC LIMIT 1) q
            WHERE c.execution_id = ANY ($1) AND pg_column_size(c.messages) <= $2 AND q.question IS NOT NULL""",
        list(execution_ids),
        QUESTION_MOST_BYTES,
    )
    return {row["execution_id"]: row["question"] for row in rows}


async def scores_of(tx: Tx, execution_ids: Sequence[UUID]) -> Mapping[UUID, list[dict[str, Any]]]:
    """What evaluators said of these executions, oldest first; those without scores are missing."""
    rows = await tx.fetch(
        """SELECT s.execution_id, s.evaluator_id, e.name AS evaluator, s.evaluator_version, s.kind, s.score, s.passed, s.unavailable,
                  s.reason, s.disagreement, s.uncertain, s.votes
             FROM scores s JOIN evaluators e ON e.workspace_id = s.workspace_id AND e.evaluator_id = s.evaluator_id
            WHERE s.execution_id = ANY ($1) ORDER BY s.scored_at, s.evaluator_id, s.evaluator_version LIMIT 2000""",
        list(execution_ids),
    )
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in rows:
        shown = {name: value for name, value in row.items() if name != "execution_id"}
        found.setdefault(row["execution_id"], []).append(shown | {"evaluator_id": str(row["evaluator_id"])})
    return found


async def save_decision(
    tx: Tx,
    review_id: UUID,
    *,
    verdict: Verdict,
    expected: str | None,
    note: str | None,
    by: str,
    dataset_id: UUID | None,
    item_id: UUID | None,
    item_added: bool,
) -> ReviewItem:
    [row] = await tx.fetch(
        f"""UPDATE review_items r SET verdict = $2, expected = $3, note = coalesce($4, r.note), decided_by = $5,
                  decided_at = clock_timestamp(), dataset_id = $6, item_id = $7, item_added = $8, claimed_by = NULL, claimed_until = NULL,
                  voice = NULL
            WHERE r.review_id = $1 RETURNING {COLUMNS}""",
        review_id, verdict, expected, note, by, dataset_id, item_id, item_added,
    )  # fmt: skip
    return _item(row)


async def save_skip(tx: Tx, review_id: UUID, *, by: str, user_id: UUID | None, note: str | None, set_aside: bool) -> ReviewItem:
    """Who was asked to look at it, and leaves it, is asked no more."""
    [row] = await tx.fetch(
        f"""UPDATE review_items r SET skipped_by = CASE WHEN $2 = ANY (r.skipped_by) THEN r.skipped_by ELSE r.skipped_by || $2 END,
                  note = coalesce($3, r.note), set_aside = r.set_aside OR $4, claimed_by = NULL, claimed_until = NULL,
                  assigned_to = CASE WHEN r.assigned_to = $5 THEN NULL ELSE r.assigned_to END
            WHERE r.review_id = $1 RETURNING {COLUMNS}""",
        review_id, by, note, set_aside, user_id,
    )  # fmt: skip
    return _item(row)


async def reopen(tx: Tx, review_id: UUID, *, by: str, lease_s: int) -> ReviewItem:
    """As it was before it was decided or skipped, and claimed by whoever undid it."""
    [row] = await tx.fetch(
        f"""UPDATE review_items r SET verdict = NULL, expected = NULL, decided_by = NULL, decided_at = NULL, dataset_id = NULL,
                  item_id = NULL, item_added = false, set_aside = false, skipped_by = array_remove(r.skipped_by, $2), claimed_by = $2,
                  claimed_until = clock_timestamp() + $3 * interval '1 second'
            WHERE r.review_id = $1 RETURNING {COLUMNS}""",
        review_id, by, lease_s,
    )  # fmt: skip
    return _item(row)


async def others_that_kept(tx: Tx, item_id: UUID, *, but: UUID) -> list[ReviewItem]:
    """Decided answers, locked, to which this item of a dataset was told as theirs; the oldest first, 100 at most."""
    rows = await tx.fetch(
        f"""SELECT {COLUMNS} FROM review_items r WHERE r.item_id = $1 AND r.review_id <> $2 AND r.verdict IS NOT NULL
             ORDER BY r.decided_at LIMIT 100 FOR UPDATE OF r""",
        item_id, but,
    )  # fmt: skip
    return [_item(row) for row in rows]


async def set_kept(tx: Tx, review_id: UUID, *, dataset_id: UUID, item_id: UUID, item_added: bool) -> None:
    await tx.execute(
        "UPDATE review_items SET dataset_id = $2, item_id = $3, item_added = $4 WHERE review_id = $1",
        review_id,
        dataset_id,
        item_id,
        item_added,
    )


def _item(row: asyncpg.Record) -> ReviewItem:
    return ReviewItem(**{name: value for name, value in row.items() if name != "urgency"})
