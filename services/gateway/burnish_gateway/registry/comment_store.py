"""The SQL of comments on versions. Each function runs in the caller's transaction, whose policies admit one workspace."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from burnish_gateway.registry.prompt import Prompt
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

_COLUMNS = """c.comment_id, c.version, c.against, c.part, c.reply_to, c.body, c.mentions, c.author, c.created_at, c.edited_at,
              c.resolved_by, c.resolved_at"""


@dataclass(frozen=True, slots=True)
class Comment:
    """On `version`, or on how it differs from `against`. `mentions`: user ids of members."""

    comment_id: UUID
    slug: str
    version: int
    against: int | None
    part: str | None
    reply_to: UUID | None
    body: str
    mentions: tuple[UUID, ...]
    author: str
    created_at: datetime
    edited_at: datetime | None
    resolved_by: str | None
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which comments are listed. None: all."""

    slug: str | None = None
    version: int | None = None
    against: int | None = None
    mentions: UUID | None = None
    is_resolved: bool | None = None


async def insert_comment(
    tx: Tx, prompt: Prompt, *, version: int, against: int | None, part: str | None, reply_to: UUID | None, body: str,
    mentions: Sequence[UUID], author: str,
) -> Comment:  # fmt: skip
    (row,) = await tx.fetch(
        f"""INSERT INTO prompt_comments AS c (comment_id, workspace_id, prompt_id, version, against, part, reply_to, body, mentions, author)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING {_COLUMNS}""",
        new_uuid(), prompt.workspace_id, prompt.prompt_id, version, against, part, reply_to, body, list(mentions), author,
    )  # fmt: skip
    return _comment(row, prompt.slug)


async def find_comment(tx: Tx, prompt: Prompt, comment_id: UUID, *, for_update: bool = False) -> Comment | None:
    row = await tx.fetchrow(
        f"""SELECT {_COLUMNS} FROM prompt_comments c WHERE c.workspace_id = $1 AND c.prompt_id = $2 AND c.comment_id = $3
            {"FOR UPDATE" if for_update else ""}""",
        prompt.workspace_id,
        prompt.prompt_id,
        comment_id,
    )
    return _comment(row, prompt.slug) if row else None


async def change_text(tx: Tx, workspace_id: UUID, comment_id: UUID, *, body: str, mentions: Sequence[UUID]) -> None:
    await tx.execute(
        """UPDATE prompt_comments SET body = $3, mentions = $4, edited_at = clock_timestamp()
            WHERE workspace_id = $1 AND comment_id = $2""",
        workspace_id,
        comment_id,
        body,
        list(mentions),
    )


async def settle(tx: Tx, workspace_id: UUID, comment_id: UUID, *, by: str | None) -> None:
    """`by` None: it is open again. One that is settled stays as it was settled."""
    await tx.execute(
        """UPDATE prompt_comments SET resolved_by = $3, resolved_at = CASE WHEN $3::text IS NOT NULL THEN clock_timestamp() END
            WHERE workspace_id = $1 AND comment_id = $2 AND (resolved_by IS NULL) <> ($3::text IS NULL)""",
        workspace_id,
        comment_id,
        by,
    )


async def delete_comment(tx: Tx, workspace_id: UUID, comment_id: UUID) -> None:
    """With the answers to it."""
    await tx.execute("DELETE FROM prompt_comments WHERE workspace_id = $1 AND comment_id = $2", workspace_id, comment_id)


async def list_comments(tx: Tx, workspace_id: UUID, wanted: Wanted, *, before: UUID | None, limit: int) -> list[Comment]:
    """The newest first, those before the comment `before`. An answer is settled with what it answers."""
    rows = await tx.fetch(
        f"""SELECT {_COLUMNS}, p.slug FROM prompt_comments c JOIN prompts p USING (workspace_id, prompt_id)
              LEFT JOIN prompt_comments answered ON answered.workspace_id = c.workspace_id AND answered.comment_id = c.reply_to
             WHERE c.workspace_id = $1 AND ($2::text IS NULL OR p.slug = $2) AND ($3::integer IS NULL OR c.version = $3)
               AND ($4::integer IS NULL OR c.against = $4) AND ($5::uuid IS NULL OR c.mentions @> ARRAY[$5::uuid])
               AND ($6::boolean IS NULL OR (coalesce(answered.resolved_at, c.resolved_at) IS NOT NULL) = $6)
               AND ($7::uuid IS NULL OR c.comment_id < $7)
             ORDER BY c.comment_id DESC LIMIT $8""",
        workspace_id,
        wanted.slug,
        wanted.version,
        wanted.against,
        wanted.mentions,
        wanted.is_resolved,
        before,
        limit,
    )
    return [_comment(row, row["slug"]) for row in rows]


async def members_by_email(tx: Tx, emails: Sequence[str]) -> list[UUID]:
    """Of the workspace, in the order of their accounts."""
    rows = await tx.fetch(
        "SELECT m.user_id FROM members m JOIN users u USING (user_id) WHERE u.email = ANY ($1) ORDER BY m.user_id", list(emails)
    )
    return [row["user_id"] for row in rows]


async def names_of_members(tx: Tx, user_ids: Sequence[UUID]) -> dict[UUID, str]:
    """User id → name, or e-mail where there is none; those who are members."""
    rows = await tx.fetch(
        """SELECT m.user_id, coalesce(nullif(u.name, ''), u.email, '') AS name FROM members m JOIN users u USING (user_id)
            WHERE m.user_id = ANY ($1)""",
        list(user_ids),
    )
    return {row["user_id"]: row["name"] for row in rows}


def _comment(row: Record, slug: str) -> Comment:
    values = {name: row[name] for name in Comment.__slots__ if name not in ("slug", "mentions")}
    return Comment(**values, slug=slug, mentions=tuple(row["mentions"]))
