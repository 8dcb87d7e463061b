"""The SQL of what a comment on a run needs to know of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from burnish_shared.db.session import Tx
from burnish_shared.ids import created_at


@dataclass(frozen=True, slots=True)
class Run:
    """What is there to comment on. `has_text`: what was said is kept. `due_from`: from when its workspace's days count; None: from a
    comment itself, as of a session, of which each run goes by itself, or not yet, of what is under way."""

    has_text: bool
    due_from: datetime | None


async def find_execution(tx: Tx, workspace_id: UUID, execution_id: UUID) -> Run | None:
    """None while it is under way: it has no row."""
    row = await tx.fetchrow(
        """SELECT EXISTS (SELECT FROM execution_contents c WHERE c.execution_id = e.execution_id) AS has_text
             FROM executions e WHERE e.workspace_id = $1 AND e.execution_id = $2""",
        workspace_id,
        execution_id,
    )
    return Run(row["has_text"], created_at(execution_id)) if row else None


async def find_session(tx: Tx, workspace_id: UUID, session_id: str) -> Run | None:
    """One that an execution or feedback carries."""
    is_there = await tx.fetchval(
        """SELECT EXISTS (SELECT FROM executions e WHERE e.workspace_id = $1 AND e.session_id = $2)
               OR EXISTS (SELECT FROM feedback f WHERE f.workspace_id = $1 AND f.target_kind = 'session' AND f.target_id = $2
                             AND f.feedback_id IS NOT NULL)""",
        workspace_id,
        session_id,
    )
    return Run(has_text=False, due_from=None) if is_there else None


async def find_chain_run(tx: Tx, workspace_id: UUID, run_id: UUID) -> Run | None:
    row = await tx.fetchrow("SELECT keeps_text, finished_at FROM chain_runs WHERE workspace_id = $1 AND run_id = $2", workspace_id, run_id)
    return Run(row["keeps_text"], row["finished_at"]) if row else None
