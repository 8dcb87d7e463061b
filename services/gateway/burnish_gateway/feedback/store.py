"""Reads feedback, with what it has replaced. Analytics writes it."""

from collections.abc import Sequence
from typing import Any, Final, Literal
from uuid import UUID

import asyncpg

from burnish_shared.db.session import Tx

COLUMNS: Final = "feedback_id, kind, value, comment, correction, context, end_user, accepted_at"
REPLACED_MOST: Final = 500
"""Reactions that others took the place of, of all that is shown at once; the newest."""


async def feedback_of(tx: Tx, execution_id: UUID) -> list[dict[str, Any]]:
    """The current reactions to one execution of the transaction's workspace, oldest first, as `FeedbackShown` has them.

    What was accepted and is not counted yet is missing for as long as that takes (well below a second).
    """
    rows = await tx.fetch(
        f"""SELECT target_id, {COLUMNS} FROM feedback
            WHERE target_kind = 'execution' AND target_id = $1 AND feedback_id IS NOT NULL ORDER BY accepted_at, kind, end_user""",
        str(execution_id),
    )
    return await _with_replaced(tx, "execution", rows)


async def feedback_of_many(tx: Tx, execution_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """As `feedback_of`, of several executions; those without feedback are missing."""
    rows = await tx.fetch(
        f"""SELECT execution_id, target_id, {COLUMNS} FROM feedback
            WHERE target_kind = 'execution' AND target_id = ANY ($1) AND feedback_id IS NOT NULL ORDER BY accepted_at, kind, end_user""",
        [str(one) for one in execution_ids],
    )
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row, shown in zip(rows, await _with_replaced(tx, "execution", rows), strict=True):
        found.setdefault(row["execution_id"], []).append(shown)
    return found


async def feedback_of_session(tx: Tx, session_id: str, *, at_most: int) -> list[dict[str, Any]]:
    """The current reactions to a session as a whole, the oldest first."""
    rows = await tx.fetch(
        f"""SELECT target_id, {COLUMNS} FROM feedback
            WHERE target_kind = 'session' AND target_id = $1 AND feedback_id IS NOT NULL ORDER BY accepted_at, kind, end_user LIMIT $2""",
        session_id,
        at_most,
    )
    return await _with_replaced(tx, "session", rows)


async def _with_replaced(tx: Tx, target_kind: Literal["execution", "session"], rows: Sequence[asyncpg.Record]) -> list[dict[str, Any]]:
    """The rows as they are shown, each with what it took the place of, the oldest first."""
    if not rows:
        return []
    before = await tx.fetch(
        f"""SELECT target_id, {COLUMNS} FROM feedback_history WHERE target_kind = $1 AND target_id = ANY ($2)
            ORDER BY accepted_at DESC LIMIT {REPLACED_MOST}""",
        target_kind,
        list({row["target_id"] for row in rows}),
    )
    replaced: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in reversed(before):
        replaced.setdefault((row["target_id"], row["end_user"], row["kind"]), []).append(_shown(row))
    return [_shown(row) | {"replaced": replaced.get((row["target_id"], row["end_user"], row["kind"]), [])} for row in rows]


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
