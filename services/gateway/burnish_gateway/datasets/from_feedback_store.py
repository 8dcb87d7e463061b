"""The SQL of datasets made of what people said. Each function runs in the caller's transaction, whose policies admit one workspace."""

from collections.abc import Collection, Sequence
from uuid import UUID

import asyncpg

from burnish_shared.db.session import Tx


async def lock_prompt(tx: Tx, prompt_id: UUID) -> None:
    """Until the transaction ends, nobody else gathers what was said of this prompt: two at once would make two datasets."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('feedback of ' || $1::text, 0))", str(prompt_id))


async def said_of(tx: Tx, workspace_id: UUID, prompt_id: UUID, *, days: int, most: int, of_a_voice: int) -> Sequence[asyncpg.Record]:
    """Corrections, thumbs and scores of a prompt's answers, the newest first: execution_id, kind, value, correction, end_user and voice,
    which is that of analytics (`core/voices.py`); "": the executing key itself, which counts once for each execution.

    `of_a_voice`: no voice has more of the rows, so that one that shouts leaves room for the others.
    """
    return await tx.fetch(
        """SELECT execution_id, kind, value, correction, end_user, voice
             FROM (SELECT *, row_number() OVER (PARTITION BY voice ORDER BY accepted_at DESC, feedback_id) AS place
                     FROM (SELECT f.execution_id, f.kind, f.value, f.correction, f.end_user, f.accepted_at, f.feedback_id,
                                  CASE WHEN f.api_key_id IS NOT DISTINCT FROM e.api_key_id::text OR f.api_key_id LIKE 'inbound:%'
                                            OR f.end_user <> '' AND f.end_user = e.end_user
                                       THEN CASE WHEN f.end_user = '' THEN '' ELSE 'user:' || f.end_user END
                                       ELSE 'key:' || coalesce(f.api_key_id, '') END AS voice
                             FROM feedback f JOIN execution_facts e ON e.execution_id = f.execution_id AND e.workspace_id = f.workspace_id
                            WHERE f.workspace_id = $1 AND e.prompt_id = $2 AND f.target_kind = 'execution' AND f.forgotten_at IS NULL
                              AND f.accepted_at > clock_timestamp() - $3 * interval '1 day'
                              AND (f.correction <> '' OR f.kind IN ('thumb', 'score') AND f.value IS NOT NULL)) said) placed
            WHERE voice = '' OR place <= $5 ORDER BY accepted_at DESC, feedback_id LIMIT $4""",
        workspace_id,
        prompt_id,
        days,
        most,
        of_a_voice,
    )


async def still_said(tx: Tx, workspace_id: UUID, said: Sequence[tuple[UUID, str]]) -> set[UUID]:
    """The executions of which that end user's reactions are not forgotten. `said`: (execution, end user), each execution once."""
    rows = await tx.fetch(
        """SELECT id FROM unnest($2::uuid[], $3::text[]) u(id, who)
            WHERE EXISTS (SELECT FROM feedback f WHERE f.workspace_id = $1 AND f.target_kind = 'execution' AND f.target_id = u.id::text
                                                   AND f.end_user = u.who AND f.forgotten_at IS NULL AND f.feedback_id IS NOT NULL
                                                   AND NOT f.is_taken_back)""",
        workspace_id,
        [one for one, _ in said],
        [who for _, who in said],
    )
    return {row["id"] for row in rows}


async def datasets_of_searches(tx: Tx, workspace_id: UUID, prompt_id: UUID) -> list[UUID]:
    """What the prompt's searches from feedback were made on, the newest first."""
    rows = await tx.fetch(
        """SELECT dataset_id FROM optimization_jobs WHERE workspace_id = $1 AND prompt_id = $2 AND search ->> 'source' = 'feedback'
            GROUP BY dataset_id ORDER BY max(created_at) DESC LIMIT 10""",
        workspace_id,
        prompt_id,
    )
    return [row["dataset_id"] for row in rows]


async def newest_of_searches(tx: Tx, workspace_id: UUID, slug: str) -> UUID | None:
    """What the prompt's newest search from feedback was made on. None: there was none."""
    found: UUID | None = await tx.fetchval(
        """SELECT dataset_id FROM optimization_jobs WHERE workspace_id = $1 AND slug = $2 AND search ->> 'source' = 'feedback'
            ORDER BY created_at DESC LIMIT 1""",
        workspace_id,
        slug,
    )
    return found


async def fits(tx: Tx, workspace_id: UUID, dataset_id: UUID, variables: Collection[str]) -> bool:
    """Whether each of its items gives these variables, as `item.gives` says it of one."""
    found: bool = await tx.fetchval(
        """SELECT NOT EXISTS (SELECT FROM dataset_items WHERE workspace_id = $1 AND dataset_id = $2 AND removed_version IS NULL
                                 AND CASE jsonb_typeof(input) WHEN 'object' THEN NOT input ?& $3::text[]
                                     ELSE cardinality($3::text[]) > 1 AND NOT 'input' = ANY ($3::text[]) END)""",
        workspace_id,
        dataset_id,
        list(variables),
    )
    return found
