"""The SQL of inboxes. Each function runs in the caller's transaction, whose policies admit one workspace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from burnish_gateway.inbox.kinds import AnswerStatus, Kind, ReviewStatus
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

UNREAD_MOST: Final = 100
"""So many unread items are counted, and no more."""

TEXT_MOST: Final = 280
"""Characters of a comment or note that an item shows: of a longer one the beginning and "…"."""

ASKED_MOST: Final = 500
"""Members who are told of a review that names nobody."""

_IN_ORDER: Final = "ORDER BY i.item_id FOR UPDATE OF i"
"""Whoever marks several rows takes them in one order, so that no two wait for each other."""


@dataclass(frozen=True, slots=True)
class Item:
    """What a member is told. `text`: the beginning of the comment, of the note of a review, or of what was said when it was decided.

    `slug` and `version` None: an answer of no prompt, or a comment on a run; of a run of a chain `slug` is the chain's. `review_status`
    and `answer_status` as they stand now; `resolved_at`: since when the comment, or the one that it answers, is settled.
    """

    item_id: UUID
    kind: Kind
    slug: str | None
    version: int | None
    against: int | None
    comment_id: UUID | None
    execution_id: UUID | None
    session_id: str | None
    chain_run_id: UUID | None
    review_id: UUID | None
    queue_item_id: UUID | None
    answer_status: AnswerStatus | None
    text: str
    made_by: str
    made_at: datetime
    read_at: datetime | None
    review_status: ReviewStatus | None
    resolved_at: datetime | None


async def insert_items(
    tx: Tx, workspace_id: UUID, *, prompt_id: UUID | None, version: int | None, kinds: Mapping[UUID, Kind], comment_id: UUID | None,
    review_id: UUID | None, by: str,
) -> None:  # fmt: skip
    """`kinds`: user → why. Who is no member is left out, and whoever was told of the same before. No prompt: of a comment on a run."""
    if not kinds:
        return
    await tx.execute(
        """INSERT INTO inbox_items (item_id, workspace_id, user_id, kind, prompt_id, version, comment_id, review_id, made_by)
           SELECT told.item_id, m.workspace_id, m.user_id, told.kind, $5, $6, $7, $8, $9
             FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS told (item_id, user_id, kind)
             JOIN members m ON m.workspace_id = $1 AND m.user_id = told.user_id
              FOR KEY SHARE OF m
           ON CONFLICT DO NOTHING""",
        workspace_id, [new_uuid() for _ in kinds], list(kinds), list(kinds.values()), prompt_id, version, comment_id,
        review_id, by,
    )  # fmt: skip


async def members_of_roles(tx: Tx, workspace_id: UUID, roles: Sequence[str], *, among: Sequence[UUID] | None) -> list[UUID]:
    """Those with one of these roles, at most ASKED_MOST. `among` None: whoever it is."""
    rows = await tx.fetch(
        """SELECT user_id FROM members WHERE workspace_id = $1 AND role = ANY ($2) AND ($3::uuid[] IS NULL OR user_id = ANY ($3))
            ORDER BY user_id LIMIT $4""",
        workspace_id,
        list(roles),
        None if among is None else list(among),
        ASKED_MOST,
    )
    return [row["user_id"] for row in rows]


async def list_items(tx: Tx, workspace_id: UUID, user_id: UUID, *, is_unread: bool | None, before: UUID | None, limit: int) -> list[Item]:
    """The newest first, those before the item `before`. `is_unread` None: all."""
    rows = await tx.fetch(
        """SELECT i.item_id, i.kind, coalesce(p.slug, nullif(q.slug, ''), h.slug) AS slug,
                  coalesce(i.version, nullif(q.version, 0)) AS version, c.against,
                  i.comment_id, c.execution_id, c.session_id, c.chain_run_id, i.review_id, i.queue_item_id, i.made_by, i.made_at, i.read_at,
                  CASE WHEN length(told.text) > $6 THEN rtrim(left(told.text, $6 - 1), E' \\n\\t') || '…' ELSE told.text END AS text,
                  CASE WHEN q.review_id IS NULL THEN NULL WHEN q.decided_at IS NOT NULL THEN 'decided' WHEN q.set_aside THEN 'set_aside'
                       WHEN q.assigned_to IS DISTINCT FROM i.user_id THEN 'passed_on' ELSE 'waiting' END AS answer_status,
                  r.status AS review_status, coalesce(answered.resolved_at, c.resolved_at) AS resolved_at
             FROM inbox_items i LEFT JOIN prompts p ON p.workspace_id = i.workspace_id AND p.prompt_id = i.prompt_id
             LEFT JOIN review_items q ON q.workspace_id = i.workspace_id AND q.review_id = i.queue_item_id
             LEFT JOIN prompt_comments c ON c.workspace_id = i.workspace_id AND c.comment_id = i.comment_id
             LEFT JOIN chain_runs h ON h.workspace_id = c.workspace_id AND h.run_id = c.chain_run_id
             LEFT JOIN prompt_comments answered ON answered.workspace_id = c.workspace_id AND answered.comment_id = c.reply_to
             LEFT JOIN prompt_reviews r ON r.workspace_id = i.workspace_id AND r.review_id = i.review_id
            CROSS JOIN LATERAL (
                  SELECT coalesce(c.body, q.note, CASE WHEN i.kind = 'review_asked' THEN r.note ELSE r.decision END, '') AS text) told
            WHERE i.workspace_id = $1 AND i.user_id = $2 AND ($3::boolean IS NULL OR (i.read_at IS NULL) = $3)
              AND (p.prompt_id IS NOT NULL OR q.review_id IS NOT NULL OR c.comment_id IS NOT NULL)
              AND ($4::uuid IS NULL OR i.item_id < $4) ORDER BY i.item_id DESC LIMIT $5""",
        workspace_id,
        user_id,
        is_unread,
        before,
        limit,
        TEXT_MOST,
    )
    return [Item(**dict(row)) for row in rows]


async def count_unread(tx: Tx, workspace_id: UUID, user_id: UUID) -> int:
    """At most UNREAD_MOST."""
    count: int = await tx.fetchval(
        """SELECT count(*) FROM (SELECT FROM inbox_items WHERE workspace_id = $1 AND user_id = $2 AND read_at IS NULL LIMIT $3) AS few""",
        workspace_id,
        user_id,
        UNREAD_MOST,
    )
    return count


async def mark(tx: Tx, workspace_id: UUID, user_id: UUID, *, ids: Sequence[UUID] | None, up_to: UUID | None, is_read: bool) -> int:
    """Of this member: those of `ids`, or `up_to` and all that are older. How many changed; another's id changes nothing."""
    rows = await tx.fetch(
        f"""WITH held AS (
             SELECT item_id FROM inbox_items i
              WHERE workspace_id = $1 AND user_id = $2 AND ($3::uuid[] IS NULL OR item_id = ANY ($3))
                AND ($4::uuid IS NULL OR item_id <= $4) AND (read_at IS NULL) = $5 {_IN_ORDER})
           UPDATE inbox_items i SET read_at = CASE WHEN $5 THEN clock_timestamp() END FROM held WHERE i.item_id = held.item_id
           RETURNING true""",
        workspace_id,
        user_id,
        None if ids is None else list(ids),
        up_to,
        is_read,
    )
    return len(rows)


async def read_thread(tx: Tx, workspace_id: UUID, first: UUID, *, user_id: UUID | None) -> None:
    """What tells of the comment `first` and of answers to it is read: by `user_id`, or by all."""
    await tx.execute(
        f"""WITH held AS (
             SELECT i.item_id FROM inbox_items i JOIN prompt_comments c USING (workspace_id, comment_id)
              WHERE i.workspace_id = $1 AND (c.comment_id = $2 OR c.reply_to = $2) AND i.read_at IS NULL
                AND ($3::uuid IS NULL OR i.user_id = $3) {_IN_ORDER})
           UPDATE inbox_items i SET read_at = clock_timestamp() FROM held WHERE i.item_id = held.item_id""",
        workspace_id,
        first,
        user_id,
    )


async def read_asked(tx: Tx, workspace_id: UUID, review_id: UUID) -> None:
    """Nobody is asked for this review any more."""
    await tx.execute(
        f"""WITH held AS (
             SELECT item_id FROM inbox_items i
              WHERE workspace_id = $1 AND review_id = $2 AND kind = 'review_asked' AND read_at IS NULL {_IN_ORDER})
           UPDATE inbox_items i SET read_at = clock_timestamp() FROM held WHERE i.item_id = held.item_id""",
        workspace_id,
        review_id,
    )


async def tell_of_answer(tx: Tx, workspace_id: UUID, queue_item_id: UUID, *, user_id: UUID, by: str) -> None:
    """A member is asked to look at an answer of the review queue. Told before, it is unread again, and the newest: who asked last, now."""
    await tx.execute(
        """INSERT INTO inbox_items (item_id, workspace_id, user_id, kind, queue_item_id, made_by)
           SELECT $1, m.workspace_id, m.user_id, 'queue_asked', $4, $5 FROM members m WHERE m.workspace_id = $2 AND m.user_id = $3
              FOR KEY SHARE OF m
           ON CONFLICT (workspace_id, queue_item_id, user_id) WHERE queue_item_id IS NOT NULL DO UPDATE
             SET item_id = excluded.item_id, made_by = excluded.made_by, made_at = clock_timestamp(), read_at = NULL""",
        new_uuid(),
        workspace_id,
        user_id,
        queue_item_id,
        by,
    )


async def read_queued(tx: Tx, workspace_id: UUID, queue_item_id: UUID, *, but: UUID | None = None) -> None:
    """Nobody is asked to look at this answer of the review queue any more, save `but`."""
    await tx.execute(
        f"""WITH held AS (
             SELECT item_id FROM inbox_items i
              WHERE workspace_id = $1 AND queue_item_id = $2 AND read_at IS NULL AND user_id IS DISTINCT FROM $3 {_IN_ORDER})
           UPDATE inbox_items i SET read_at = clock_timestamp() FROM held WHERE i.item_id = held.item_id""",
        workspace_id,
        queue_item_id,
        but,
    )


async def unread_queued(tx: Tx, workspace_id: UUID, queue_item_id: UUID, *, user_id: UUID) -> None:
    """The member is asked for this answer still: what was said of it was taken back. Nothing where they were told nothing of it."""
    await tx.execute(
        f"""WITH held AS (
             SELECT item_id FROM inbox_items i
              WHERE workspace_id = $1 AND queue_item_id = $2 AND user_id = $3 AND read_at IS NOT NULL {_IN_ORDER})
           UPDATE inbox_items i SET read_at = NULL FROM held WHERE i.item_id = held.item_id""",
        workspace_id,
        queue_item_id,
        user_id,
    )
