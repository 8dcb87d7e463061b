"""Rows of `recounts`: what was asked for, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from burnish_shared.db.session import Tx
from burnish_shared.moments import in_utc

NIGHTLY: Final = "nightly"


@dataclass(frozen=True, slots=True)
class Asked:
    """A recount that nobody has finished."""

    recount_id: UUID
    workspace_id: UUID
    requested_by: str
    range_start: datetime
    range_end: datetime


async def claim(tx: Tx, *, lease_s: int, attempts: int) -> tuple[UUID, UUID] | None:
    """(workspace, recount) that waits longest, for `lease_s`; one that was tried `attempts` times is given up. None: nothing is due."""
    row = await tx.fetchrow("SELECT * FROM claim_recount($1, $2)", lease_s, attempts)
    return (row["workspace_id"], row["recount_id"]) if row is not None else None


async def put_off(tx: Tx, workspace_id: UUID, recount_id: UUID, *, wait_s: int, attempts: int) -> bool:
    """After a try that failed: once more after `wait_s`, or never again. Returns whether it was given up."""
    status = await tx.fetchval(
        """UPDATE recounts SET status = CASE WHEN attempts < $4 THEN status ELSE 'failed' END,
                  finished_at = CASE WHEN attempts < $4 THEN NULL ELSE clock_timestamp() END,
                  claimed_until = clock_timestamp() + $3 * interval '1 second'
            WHERE workspace_id = $1 AND recount_id = $2 AND status = 'pending' RETURNING status""",
        workspace_id,
        recount_id,
        wait_s,
        attempts,
    )
    return bool(status == "failed")


async def nightly_due(tx: Tx, midnight: datetime, *, at_most: int) -> list[UUID]:
    """Workspaces whose last day before `midnight` has not been recounted."""
    return [row[0] for row in await tx.fetch("SELECT nightly_recounts_due($1, $2)", midnight, at_most)]


async def ask_nightly(tx: Tx, workspace_id: UUID, recount_id: UUID, *, start: datetime, end: datetime) -> None:
    """Once for each night, whichever replica is first."""
    await tx.execute(
        """INSERT INTO recounts (recount_id, workspace_id, requested_by, range_start, range_end) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT DO NOTHING""",
        recount_id,
        workspace_id,
        NIGHTLY,
        start,
        end,
    )


async def find(tx: Tx, workspace_id: UUID, recount_id: UUID) -> Asked | None:
    """None when somebody else has finished it."""
    row = await tx.fetchrow(
        """SELECT recount_id, workspace_id, requested_by, range_start, range_end FROM recounts
            WHERE workspace_id = $1 AND recount_id = $2 AND status = 'pending'""",
        workspace_id,
        recount_id,
    )
    return Asked(**dict(row)) if row is not None else None


async def finish(tx: Tx, asked: Asked, *, counted_from: datetime, shown: Sequence[dict[str, Any]], count: int, uncounted: int) -> bool:
    """Writes the result. False when another replica was faster."""
    done = await tx.fetchval(
        """UPDATE recounts SET status = 'completed', finished_at = clock_timestamp(), counted_from = $3, differences = $4,
                  difference_count = $5, uncounted = $6
            WHERE workspace_id = $1 AND recount_id = $2 AND status = 'pending' RETURNING true""",
        asked.workspace_id,
        asked.recount_id,
        counted_from,
        list(shown),
        count,
        uncounted,
    )
    return bool(done)


async def note_differences(tx: Tx, audit_id: UUID, asked: Asked, *, count: int) -> None:
    """An entry in the workspace's audit log: figures were found wrong."""
    await tx.execute(
        """INSERT INTO audit_log (audit_id, workspace_id, actor, action, object_kind, object_id, after)
           VALUES ($1, $2, 'system:analytics', 'rollups.differ', 'recount', $3, $4)""",
        audit_id,
        asked.workspace_id,
        str(asked.recount_id),
        {"differences": count, "from": in_utc(asked.range_start), "to": in_utc(asked.range_end)},
    )


async def forget_rollups(tx: Tx, *, at_most: int) -> int:
    """Rollups of 25 months ago and recounts of 90 days ago, some of each."""
    return await tx.fetchval("SELECT forget_rollups($1)", at_most)  # type: ignore[no-any-return]
