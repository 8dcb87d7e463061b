"""The SQL of comments, which all stand in one table. Each function runs in the caller's transaction, whose policies admit one workspace."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_gateway.comments.comment import About, Comment, OfRun, OfVersion, Place
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

_COLUMNS = """c.comment_id, c.workspace_id, c.prompt_id, c.version, c.against, c.part, c.execution_id, c.session_id, c.chain_run_id,
              c.reply_to, c.body, c.mentions, c.author, c.created_at, c.edited_at, c.resolved_by, c.resolved_at"""

_SLUG = "(SELECT p.slug FROM prompts p WHERE p.workspace_id = c.workspace_id AND p.prompt_id = c.prompt_id) AS slug"

_ANSWERED = "LEFT JOIN prompt_comments answered ON answered.workspace_id = c.workspace_id AND answered.comment_id = c.reply_to"

_IS_SETTLED = "(coalesce(answered.resolved_at, c.resolved_at) IS NOT NULL)"
"""An answer is settled with what it answers."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which comments on versions are listed. None: all."""

    slug: str | None = None
    version: int | None = None
    against: int | None = None
    mentions: UUID | None = None
    is_resolved: bool | None = None


async def insert_comment(
    tx: Tx, workspace_id: UUID, about: About, *, reply_to: UUID | None, body: str, mentions: Sequence[UUID], author: str,
    of_text: bool = False,
) -> Comment[About]:  # fmt: skip
    """`of_text`: of a run whose text is kept, so that it goes with that."""
    run = about if isinstance(about, OfRun) else OfRun()
    version = (about.prompt_id, about.version, about.against, about.part) if isinstance(about, OfVersion) else (None,) * 4
    (row,) = await tx.fetch(
        f"""INSERT INTO prompt_comments AS c (comment_id, workspace_id, prompt_id, version, against, part, execution_id, session_id,
                                              chain_run_id, of_text, reply_to, body, mentions, author)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING {_COLUMNS}, NULL AS slug""",
        new_uuid(), workspace_id, *version, run.execution_id, run.session_id, run.chain_run_id, of_text,
        reply_to, body, list(mentions), author,
    )  # fmt: skip
    return _comment(row, about)


async def find_comment(tx: Tx, place: Place[About], comment_id: UUID, *, for_update: bool = False) -> Comment[About] | None:
    row = await tx.fetchrow(
        f"""SELECT {_COLUMNS}, {_SLUG} FROM prompt_comments c WHERE c.workspace_id = $1 AND c.{place.column} = $2 AND c.comment_id = $3
            {"FOR UPDATE OF c" if for_update else ""}""",
        place.workspace_id,
        place.key,
        comment_id,
    )
    return _comment(row, _about(row)) if row else None


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
    """With the answers to it, in the order in which `drop_comments` of the database takes them."""
    await tx.execute(
        """WITH held AS (SELECT comment_id FROM prompt_comments WHERE workspace_id = $1 AND (comment_id = $2 OR reply_to = $2)
                          ORDER BY comment_id FOR UPDATE)
           DELETE FROM prompt_comments c USING held WHERE c.workspace_id = $1 AND c.comment_id = held.comment_id""",
        workspace_id,
        comment_id,
    )


async def list_of_versions(tx: Tx, workspace_id: UUID, wanted: Wanted, *, before: UUID | None, limit: int) -> list[Comment[OfVersion]]:
    """The newest first, those before the comment `before`."""
    rows = await tx.fetch(
        f"""SELECT {_COLUMNS}, p.slug FROM prompt_comments c JOIN prompts p USING (workspace_id, prompt_id) {_ANSWERED}
             WHERE c.workspace_id = $1 AND ($2::text IS NULL OR p.slug = $2) AND ($3::integer IS NULL OR c.version = $3)
               AND ($4::integer IS NULL OR c.against = $4) AND ($5::uuid IS NULL OR c.mentions @> ARRAY[$5::uuid])
               AND ($6::boolean IS NULL OR {_IS_SETTLED} = $6) AND ($7::uuid IS NULL OR c.comment_id < $7)
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
    return [_comment(row, _about(row)) for row in rows]


async def list_of(
    tx: Tx, place: Place[OfRun], *, is_resolved: bool | None, before: UUID | None, limit: int
) -> list[Comment[OfRun]]:  # fmt: skip
    """The newest first, those before the comment `before`. `is_resolved` None: all."""
    rows = await tx.fetch(
        f"""SELECT {_COLUMNS}, NULL AS slug FROM prompt_comments c {_ANSWERED} WHERE c.workspace_id = $1 AND c.{place.column} = $2
               AND ($3::boolean IS NULL OR {_IS_SETTLED} = $3) AND ($4::uuid IS NULL OR c.comment_id < $4)
             ORDER BY c.comment_id DESC LIMIT $5""",
        place.workspace_id,
        place.key,
        is_resolved,
        before,
        limit,
    )
    return [_comment(row, _about(row)) for row in rows]


async def speakers(tx: Tx, workspace_id: UUID, first: UUID, *, at_most: int) -> list[UUID]:
    """The people who wrote in the thread of the comment `first`."""
    rows = await tx.fetch(
        """SELECT DISTINCT substr(author, 6)::uuid AS user_id FROM prompt_comments
            WHERE workspace_id = $1 AND (comment_id = $2 OR reply_to = $2) AND author LIKE 'user:%' ORDER BY 1 LIMIT $3""",
        workspace_id,
        first,
        at_most,
    )
    return [row["user_id"] for row in rows]


async def members_by_email(tx: Tx, emails: Sequence[str]) -> list[UUID]:
    """Of the workspace, in the order of their accounts."""
    rows = await tx.fetch(
        "SELECT m.user_id FROM members m JOIN users u USING (user_id) WHERE u.email = ANY ($1) ORDER BY m.user_id", list(emails)
    )
    return [row["user_id"] for row in rows]


async def emails_of_members(tx: Tx, emails: Sequence[str]) -> set[str]:
    """Those of the addresses that are members' of the workspace."""
    rows = await tx.fetch("SELECT u.email FROM members m JOIN users u USING (user_id) WHERE u.email = ANY ($1)", list(emails))
    return {row["email"] for row in rows}


async def names_of_members(tx: Tx, user_ids: Sequence[UUID]) -> dict[UUID, str]:
    """User id → name, or e-mail where there is none; those who are members."""
    rows = await tx.fetch(
        """SELECT m.user_id, coalesce(nullif(u.name, ''), u.email, '') AS name FROM members m JOIN users u USING (user_id)
            WHERE m.user_id = ANY ($1)""",
        list(user_ids),
    )
    return {row["user_id"]: row["name"] for row in rows}


def _about(row: Record) -> Any:
    """What the row says that it is about; the place that was asked for, or the table, makes sure of which kind."""
    if row["prompt_id"] is not None:
        return OfVersion(row["prompt_id"], row["slug"], row["version"], row["against"], row["part"])
    return OfRun(row["execution_id"], row["session_id"], row["chain_run_id"])


def _comment(row: Record, about: About) -> Comment[About]:
    values = {name: row[name] for name in Comment.__slots__ if name not in ("about", "mentions")}
    return Comment(**values, about=about, mentions=tuple(row["mentions"]))
