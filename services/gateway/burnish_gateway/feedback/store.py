"""Reads current feedback. Analytics writes it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from burnish_shared.db.session import Tx


async def feedback_of(tx: Tx, execution_id: UUID) -> list[dict[str, Any]]:
    """The current reactions to one execution of the transaction's workspace, oldest first, as `FeedbackShown` has them.

    What was accepted and is not counted yet is missing for as long as that takes (well below a second).
    """
    rows = await tx.fetch(
        """SELECT feedback_id, kind, value, comment, correction, context, end_user, accepted_at FROM feedback
            WHERE target_kind = 'execution' AND target_id = $1 AND feedback_id IS NOT NULL ORDER BY accepted_at, kind, end_user""",
        str(execution_id),
    )
    return [_shown(row) for row in rows]


async def feedback_of_many(tx: Tx, execution_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """As `feedback_of`, of several executions; those without feedback are missing."""
    rows = await tx.fetch(
        """SELECT execution_id, feedback_id, kind, value, comment, correction, context, end_user, accepted_at FROM feedback
            WHERE target_kind = 'execution' AND target_id = ANY ($1) AND feedback_id IS NOT NULL ORDER BY accepted_at, kind, end_user""",
        [str(one) for one in execution_ids],
    )
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["execution_id"], []).append(_shown(row))
    return found


async def feedback_of_session(tx: Tx, session_id: str, *, at_most: int) -> list[dict[str, Any]]:
    """The current reactions to a session as a whole, the oldest first."""
    rows = await tx.fetch(
        """SELECT feedback_id, kind, value, comment, correction, context, end_user, accepted_at FROM feedback
            WHERE target_kind = 'session' AND target_id = $1 AND feedback_id IS NOT NULL ORDER BY accepted_at, kind, end_user LIMIT $2""",
        session_id,
        at_most,
    )
    return [_shown(row) for row in rows]


def _shown(row: asyncpg.Record) -> dict[str, Any]:
    kind, value = row["kind"], row["value"]
    shown: dict[str, Any] = {
        "feedback_id": str(row["feedback_id"]),
        "kind": kind.partition(":")[0],
        "user_id": row["end_user"] or None,
        "context": row["context"] or {},
        "accepted_at": row["accepted_at"].isoformat(),
    }
    if kind == "thumb":
        shown["thumb"] = "up" if value == 1 else "down"
    elif kind == "score":
        shown["score"] = value
    elif kind.startswith("metric:"):
        shown["metric"] = {"name": kind.removeprefix("metric:"), "value": value}
    return shown | {name: row[name] for name in ("comment", "correction") if row[name] is not None}
