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
    """Of each that has one the correction that was accepted last."""
    rows = await tx.fetch(
        """SELECT DISTINCT ON (target_id) target_id::uuid AS execution_id, correction FROM feedback
            WHERE workspace_id = $1 AND target_kind = 'execution' AND target_id = ANY ($2) AND correction <> ''
            ORDER BY target_id, accepted_at DESC, feedback_id DESC""",
        workspace_id,
        [str(one) for one in execution_ids],
    )
    return {row["execution_id"]: row["correction"] for row in rows}
