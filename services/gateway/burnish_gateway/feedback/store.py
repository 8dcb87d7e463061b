"""Reads feedback, with what it has replaced. Analytics writes it."""

from collections.abc import Collection, Sequence
from typing import Any, Final, Literal
from uuid import UUID

import asyncpg

from burnish_shared.db.session import Tx
from burnish_shared.moments import in_utc_us

COLUMNS: Final = "feedback_id, kind, value, comment, correction, context, end_user, accepted_at, api_key_id, is_taken_back"
REPLACED_MOST: Final = 500
"""Reactions that others took the place of, of all that is shown at once; the newest."""


async def feedback_of(tx: Tx, execution_id: UUID) -> list[dict[str, Any]]:
    """The current reactions to one execution of the transaction's workspace, oldest first, as `FeedbackShown` has them.

    What was accepted and is not counted yet is missing for as long as that takes (well below a second).
    """
    rows = await tx.fetch(
        f"""SELECT target_id, {COLUMNS} FROM feedback
            WHERE target_kind = 'execution' AND target_id = $1 AND feedback_id IS NOT NULL AND NOT is_taken_back
            ORDER BY accepted_at, kind, end_user""",
        str(execution_id),
    )
    return await _with_replaced(tx, "execution", rows)


async def feedback_of_many(tx: Tx, execution_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """As `feedback_of`, of several executions; those without feedback are missing."""
    rows = await tx.fetch(
        f"""SELECT execution_id, target_id, {COLUMNS} FROM feedback
            WHERE target_kind = 'execution' AND target_id = ANY ($1) AND feedback_id IS NOT NULL AND NOT is_taken_back
            ORDER BY accepted_at, kind, end_user""",
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
            WHERE target_kind = 'session' AND target_id = $1 AND feedback_id IS NOT NULL AND NOT is_taken_back
            ORDER BY accepted_at, kind, end_user LIMIT $2""",
        session_id,
        at_most,
    )
    return await _with_replaced(tx, "session", rows)


Key = tuple[str, str, str, str]
"""Target kind, target, end user, kind."""


async def with_history(tx: Tx, rows: Sequence[asyncpg.Record]) -> list[dict[str, Any]]:
    """The rows as they are shown, each with what it took the place of, the oldest first. Their targets may be of either kind.

    One that was taken back is shown as what it was, with who took it back and when.
    """
    before: dict[Key, list[asyncpg.Record]] = {}
    for target_kind in ("execution", "session"):
        of_kind = {row["target_id"] for row in rows if row["target_kind"] == target_kind}
        for row in await _replaced(tx, target_kind, of_kind):
            before.setdefault(_key(row, target_kind), []).append(row)
    return [_with_entries(row, before.get(_key(row, row["target_kind"]), [])) for row in rows]


async def _with_replaced(tx: Tx, target_kind: Literal["execution", "session"], rows: Sequence[asyncpg.Record]) -> list[dict[str, Any]]:
    """As `with_history`, of rows whose targets are of one kind."""
    before: dict[Key, list[asyncpg.Record]] = {}
    for row in await _replaced(tx, target_kind, {row["target_id"] for row in rows}):
        before.setdefault(_key(row, target_kind), []).append(row)
    return [_with_entries(row, before.get(_key(row, target_kind), [])) for row in rows]


async def _replaced(tx: Tx, target_kind: str, targets: Collection[str]) -> Sequence[asyncpg.Record]:
    """What others took the place of, the oldest first."""
    if not targets:
        return []
    newest = await tx.fetch(
        f"""SELECT target_id, {COLUMNS} FROM feedback_history WHERE target_kind = $1 AND target_id = ANY ($2)
            ORDER BY accepted_at DESC LIMIT {REPLACED_MOST}""",
        target_kind,
        sorted(targets),
    )
    return list(reversed(newest))


def _key(row: asyncpg.Record, target_kind: str) -> Key:
    return (target_kind, row["target_id"], row["end_user"], row["kind"])


def _with_entries(current: asyncpg.Record, before: Sequence[asyncpg.Record]) -> dict[str, Any]:
    takes_back = [row for row in (*before, current) if row["is_taken_back"]]
    said = [row for row in (*before, current) if not row["is_taken_back"]]
    entries = [shown(row) | _taken_back(row, takes_back) for row in said]
    if current["is_taken_back"] and (not said or said[-1]["feedback_id"] != current["feedback_id"]):
        entries.append(shown(current) | _taken_back(current, takes_back))  # What it was is forgotten.
    return entries[-1] | {"replaced": entries[:-1]}


def _taken_back(row: asyncpg.Record, takes_back: Sequence[asyncpg.Record]) -> dict[str, Any]:
    """By whom and when, where that was done. `takes_back`: the oldest first."""
    for one in takes_back:
        if one["feedback_id"] == row["feedback_id"] and one["accepted_at"] >= row["accepted_at"]:
            return {"taken_back_at": in_utc_us(one["accepted_at"]), "taken_back_by": one["api_key_id"]}
    return {}


def shown(row: asyncpg.Record) -> dict[str, Any]:
    """A row as `ReactionShown` has it."""
    kind, value = row["kind"], row["value"]
    told: dict[str, Any] = {
        "feedback_id": str(row["feedback_id"]),
        "kind": kind.partition(":")[0],
        "user_id": row["end_user"] or None,
        "context": row["context"] or {},
        "accepted_at": in_utc_us(row["accepted_at"]),
        "sent_by": row["api_key_id"],
    }
    if kind == "thumb" and value is not None:
        told["thumb"] = "up" if value == 1 else "down"
    elif kind == "score":
        told["score"] = value
    elif kind.startswith("metric:"):
        told["metric"] = {"name": kind.removeprefix("metric:"), "value": value}
    return told | {name: row[name] for name in ("comment", "correction") if row[name] is not None}
