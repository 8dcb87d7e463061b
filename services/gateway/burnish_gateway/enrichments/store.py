"""Enrichments, their calls and the prompts of their source types in SQL."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args
from uuid import UUID

from asyncpg import Record

from burnish_gateway.assistant.work_store import Claim, ClaimLost
from burnish_gateway.enrichments.shipped import SourceType
from burnish_shared.db.session import Tx

LISTED: Final = """enrichment_id, group_id, source_type, processing_status, external_id, session_id, url, metadata, result, parts, done,
  model, prompt, version, error, input_tokens, output_tokens, spent_nusd, simulated, created_at, updated_at, computed_at"""


async def insert(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """All at once. Names of columns are the callers' keywords, never a user's text; every row has the same."""
    names = list(rows[0])
    places = ", ".join(f"${number}" for number in range(1, len(names) + 1))
    for row in rows:
        await tx.execute(f"INSERT INTO enrichments ({', '.join(names)}) VALUES ({places})", *row.values())


async def find(tx: Tx, workspace_id: UUID, enrichment_id: UUID, *, lock: bool = False) -> Record | None:
    suffix = " FOR NO KEY UPDATE" if lock else ""
    return await tx.fetchrow(
        f"SELECT {LISTED}, content FROM enrichments WHERE workspace_id = $1 AND enrichment_id = $2{suffix}", workspace_id, enrichment_id
    )


async def find_theirs(tx: Tx, workspace_id: UUID, source_type: SourceType, external_id: str) -> UUID | None:
    """The newest content that a caller stored under this id."""
    found: UUID | None = await tx.fetchval(
        """SELECT enrichment_id FROM enrichments WHERE workspace_id = $1 AND source_type = $2 AND external_id = $3
            ORDER BY enrichment_id DESC LIMIT 1""",
        workspace_id, source_type, external_id,
    )  # fmt: skip
    return found


async def type_of(tx: Tx, workspace_id: UUID, name: str) -> SourceType | None:
    """Of the content of this id, ours or a caller's. Of several of a caller's id a document first, then the newest. None: of none."""
    found: SourceType | None = await tx.fetchval(
        """SELECT source_type FROM enrichments WHERE workspace_id = $1 AND external_id = $2 AND source_type = ANY ($3)
            ORDER BY source_type = 'document' DESC, enrichment_id DESC LIMIT 1""",
        workspace_id, name, list(get_args(SourceType)),  # all there are: the index begins with them
    )  # fmt: skip
    try:
        own = await find(tx, workspace_id, UUID(name))
    except ValueError:
        return found
    if own is not None:
        found = own["source_type"]
    return found


async def conversation_of(tx: Tx, workspace_id: UUID, session_id: str, *, most: int) -> Sequence[Record]:
    """What was said in the executions of a session, in their order: the caller's last message and the answer."""
    return await tx.fetch(
        """SELECT c.messages, c.output, e.end_user FROM executions e
             JOIN execution_contents c ON c.execution_id = e.execution_id AND c.workspace_id = e.workspace_id
            WHERE e.workspace_id = $1 AND e.session_id = $2 ORDER BY e.execution_id LIMIT $3""",
        workspace_id, session_id, most,
    )  # fmt: skip


async def again(tx: Tx, workspace_id: UUID, enrichment_id: UUID, asked: Mapping[str, Any]) -> None:
    """A content is to be read anew, as it is stored. `asked`: columns that say who asks this time, and for what. Their names are the
    callers' keywords, never a user's text."""
    changes = ", ".join(f"{name} = ${number}" for number, name in enumerate(asked, start=3))
    await tx.execute(
        f"""UPDATE enrichments SET processing_status = 'pending', error = NULL, parts = 0, done = 0, leased_by = NULL, leased_until = NULL,
                   fence = fence + 1, updated_at = clock_timestamp(), {changes} WHERE workspace_id = $1 AND enrichment_id = $2""",
        workspace_id, enrichment_id, *asked.values(),
    )  # fmt: skip
    await tx.execute("DELETE FROM enrichment_calls WHERE workspace_id = $1 AND enrichment_id = $2", workspace_id, enrichment_id)


async def list_page(
    tx: Tx, workspace_id: UUID, *, source_type: str | None, status: str | None, group_id: UUID | None, before: UUID | None, limit: int
) -> Sequence[Record]:
    """Newest first, without their contents."""
    return await tx.fetch(
        f"""SELECT {LISTED} FROM enrichments WHERE workspace_id = $1 AND ($2::text IS NULL OR source_type = $2)
               AND ($3::text IS NULL OR processing_status = $3) AND ($4::uuid IS NULL OR group_id = $4)
               AND ($5::uuid IS NULL OR enrichment_id < $5) ORDER BY enrichment_id DESC LIMIT $6""",
        workspace_id, source_type, status, group_id, before, limit,
    )  # fmt: skip


async def group_counts(tx: Tx, workspace_id: UUID, group_id: UUID) -> dict[str, Any] | None:
    row = await tx.fetchrow(
        """SELECT count(*) AS total, count(*) FILTER (WHERE processing_status = 'pending') AS pending,
                  count(*) FILTER (WHERE processing_status = 'processing') AS processing,
                  count(*) FILTER (WHERE processing_status = 'completed') AS completed,
                  count(*) FILTER (WHERE processing_status = 'failed') AS failed,
                  count(*) FILTER (WHERE processing_status = 'cancelled') AS cancelled,
                  coalesce(sum(spent_nusd), 0)::bigint AS cost_nusd, bool_or(simulated) AS simulated, min(source_type) AS source_type,
                  min(created_at) AS created_at
             FROM enrichments WHERE workspace_id = $1 AND group_id = $2""",
        workspace_id, group_id,
    )  # fmt: skip
    return dict(row) if row is not None and row["total"] else None


async def cancel_group(tx: Tx, workspace_id: UUID, group_id: UUID) -> int:
    """Of those that nobody has begun. Returns how many."""
    rows = await tx.fetch(
        """UPDATE enrichments SET processing_status = 'cancelled', updated_at = clock_timestamp()
            WHERE workspace_id = $1 AND group_id = $2 AND processing_status = 'pending' RETURNING 1""",
        workspace_id, group_id,
    )  # fmt: skip
    return len(rows)


async def delete(tx: Tx, workspace_id: UUID, enrichment_id: UUID) -> bool:
    gone = await tx.fetchval(
        "DELETE FROM enrichments WHERE workspace_id = $1 AND enrichment_id = $2 RETURNING true", workspace_id, enrichment_id
    )
    return bool(gone)


async def prompts(tx: Tx) -> dict[str, Record]:
    """The workspace's own, by source type."""
    rows = await tx.fetch("SELECT source_type, slug, label, updated_by, updated_at FROM enrichment_prompts")
    return {row["source_type"]: row for row in rows}


async def put_prompt(tx: Tx, workspace_id: UUID, source_type: str, *, slug: str, label: str, by: str) -> None:
    await tx.execute(
        """INSERT INTO enrichment_prompts (workspace_id, source_type, slug, label, updated_by) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (workspace_id, source_type) DO UPDATE SET slug = excluded.slug, label = excluded.label,
             updated_by = excluded.updated_by, updated_at = clock_timestamp()""",
        workspace_id, source_type, slug, label, by,
    )  # fmt: skip


async def delete_prompt(tx: Tx, workspace_id: UUID, source_type: str) -> None:
    await tx.execute("DELETE FROM enrichment_prompts WHERE workspace_id = $1 AND source_type = $2", workspace_id, source_type)


async def load(tx: Tx, claim: Claim) -> Record:
    """Raises ClaimLost."""
    row = await tx.fetchrow(
        """SELECT * FROM enrichments WHERE workspace_id = $1 AND enrichment_id = $2 AND fence = $3 AND processing_status = 'processing'
              FOR NO KEY UPDATE""",
        claim.workspace_id, claim.id, claim.fence,
    )  # fmt: skip
    if row is None:
        raise ClaimLost
    return row


async def calls_of(tx: Tx, claim: Claim) -> dict[str, Record]:
    rows = await tx.fetch(
        "SELECT step, execution_id, attempt, status, result FROM enrichment_calls WHERE workspace_id = $1 AND enrichment_id = $2",
        claim.workspace_id, claim.id,
    )  # fmt: skip
    return {row["step"]: row for row in rows}


async def keep_content(tx: Tx, claim: Claim, content: dict[str, Any]) -> None:
    """What a URL held. Raises ClaimLost."""
    await load(tx, claim)
    await tx.execute(
        "UPDATE enrichments SET content = $3 WHERE workspace_id = $1 AND enrichment_id = $2", claim.workspace_id, claim.id, content
    )


async def begin_call(tx: Tx, claim: Claim, step: str, *, execution_id: UUID) -> int:
    """Writes under which execution a step is asked; returns the number of the attempt. Raises ClaimLost."""
    await load(tx, claim)
    attempt: int = await tx.fetchval(
        """INSERT INTO enrichment_calls AS c (workspace_id, enrichment_id, step, execution_id) VALUES ($1, $2, $3, $4)
           ON CONFLICT (workspace_id, enrichment_id, step) DO UPDATE SET execution_id = excluded.execution_id, attempt = c.attempt + 1,
             status = NULL RETURNING c.attempt""",
        claim.workspace_id, claim.id, step, execution_id,
    )  # fmt: skip
    return attempt


async def end_call(
    tx: Tx, claim: Claim, step: str, *, execution_id: UUID, status: str, result: Any, input_tokens: int, output_tokens: int,
    spent_nusd: int, simulated: bool, model: str, version: int | None,
) -> None:  # fmt: skip
    """Once for each execution: what it came to is added. Raises ClaimLost."""
    await load(tx, claim)
    await tx.execute(
        """WITH ended AS (
             UPDATE enrichment_calls SET status = $5, result = $6
              WHERE workspace_id = $1 AND enrichment_id = $2 AND step = $3 AND execution_id = $4 AND status IS NULL RETURNING true)
           UPDATE enrichments SET input_tokens = input_tokens + $7, output_tokens = output_tokens + $8, spent_nusd = spent_nusd + $9,
                  simulated = simulated OR $10, model = $11, version = $12, done = done + ($6::jsonb IS NOT NULL)::integer,
                  updated_at = clock_timestamp()
            WHERE workspace_id = $1 AND enrichment_id = $2 AND EXISTS (SELECT FROM ended)""",
        claim.workspace_id, claim.id, step, execution_id, status, result, input_tokens, output_tokens, spent_nusd, simulated, model,
        version,
    )  # fmt: skip


async def plan(tx: Tx, claim: Claim, *, parts: int, prompt: str | None) -> None:
    """Into how many parts it is split. Raises ClaimLost."""
    await load(tx, claim)
    await tx.execute(
        "UPDATE enrichments SET parts = $3, prompt = $4 WHERE workspace_id = $1 AND enrichment_id = $2",
        claim.workspace_id, claim.id, parts, prompt,
    )  # fmt: skip


async def finish(tx: Tx, claim: Claim, *, status: str, result: Any = None, error: dict[str, Any] | None = None) -> None:
    """The one end of it. A result that stood before stays where there is no new one. Raises ClaimLost."""
    await load(tx, claim)
    await tx.execute(
        """UPDATE enrichments SET processing_status = $3, result = coalesce($4, result), error = $5, leased_by = NULL, leased_until = NULL,
                  computed_at = CASE WHEN $4::jsonb IS NULL THEN computed_at ELSE clock_timestamp() END, updated_at = clock_timestamp()
            WHERE workspace_id = $1 AND enrichment_id = $2""",
        claim.workspace_id, claim.id, status, result, error,
    )  # fmt: skip
    await tx.execute("DELETE FROM enrichment_calls WHERE workspace_id = $1 AND enrichment_id = $2", claim.workspace_id, claim.id)
