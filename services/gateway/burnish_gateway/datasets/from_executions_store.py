"""The SQL of executions that become dataset items. Each function runs in the caller's transaction, whose policies admit one workspace."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from burnish_shared.db.session import Tx


async def executions_of(tx: Tx, workspace_id: UUID, execution_ids: Sequence[UUID]) -> dict[UUID, asyncpg.Record]:
    """Those that are there; their texts are null where they are not kept."""
    ordered = sorted(execution_ids)
    rows = await tx.fetch(
        """SELECT x.execution_id, x.status, x.end_user, x.session_id, c.messages, c.variables, c.output
             FROM executions x LEFT JOIN execution_contents c ON c.execution_id = x.execution_id AND c.execution_id BETWEEN $2 AND $3
            WHERE x.workspace_id = $1 AND x.execution_id BETWEEN $2 AND $3 AND x.execution_id = ANY ($4)""",
        workspace_id,
        ordered[0],
        ordered[-1],
        ordered,
    )
    return {row["execution_id"]: row for row in rows}


async def corrections_of(tx: Tx, workspace_id: UUID, execution_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The newest correction of each that has one."""
    rows = await tx.fetch(
        """SELECT DISTINCT ON (target_id) target_id::uuid AS execution_id, correction FROM feedback
            WHERE workspace_id = $1 AND target_kind = 'execution' AND target_id = ANY ($2) AND correction <> ''
            ORDER BY target_id, received_at DESC""",
        workspace_id,
        [str(one) for one in execution_ids],
    )
    return {row["execution_id"]: row["correction"] for row in rows}


async def said_right(tx: Tx, workspace_id: UUID, prompt_id: UUID, *, days: int, most: int) -> list[tuple[UUID, str]]:
    """Executions of a prompt of which people said what is right, the newest word first: those that they corrected, and those that they
    liked and nobody disliked. With the end user who spoke last; "": nobody named.

    Liked as in `optimizer/io/history_store`: a thumb up, or a score of at least 0.5.
    """
    rows = await tx.fetch(
        """SELECT f.execution_id, (array_agg(f.end_user ORDER BY f.accepted_at DESC))[1] AS voice
             FROM feedback f JOIN execution_facts e ON e.execution_id = f.execution_id AND e.workspace_id = f.workspace_id
            WHERE f.workspace_id = $1 AND e.prompt_id = $2 AND f.target_kind = 'execution' AND f.forgotten_at IS NULL
              AND f.accepted_at > clock_timestamp() - $3 * interval '1 day'
            GROUP BY f.execution_id
           HAVING bool_or(f.correction <> '')
               OR bool_or(f.kind = 'thumb' AND f.value = 1 OR f.kind = 'score' AND f.value >= 0.5)
              AND NOT bool_or(f.kind = 'thumb' AND f.value < 1 OR f.kind = 'score' AND f.value < 0.5)
            ORDER BY max(f.accepted_at) DESC, f.execution_id LIMIT $4""",
        workspace_id,
        prompt_id,
        days,
        most,
    )
    return [(row["execution_id"], row["voice"]) for row in rows]


async def dataset_of_feedback(tx: Tx, workspace_id: UUID, prompt_id: UUID) -> UUID | None:
    """What the prompt's newest search from feedback was made on; None: there was none."""
    found: UUID | None = await tx.fetchval(
        """SELECT dataset_id FROM optimization_jobs WHERE workspace_id = $1 AND prompt_id = $2 AND search ->> 'source' = 'feedback'
            ORDER BY created_at DESC LIMIT 1""",
        workspace_id,
        prompt_id,
    )
    return found
