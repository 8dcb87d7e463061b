"""SQL of the wishes to send again."""

from uuid import UUID

from burnish_shared.db.session import Tx


async def waiting(tx: Tx, *, limit: int) -> list[tuple[UUID, UUID]]:
    """(workspace, replay) of the oldest wishes; workspaces take turns, and what was put aside comes last."""
    rows = await tx.fetch("SELECT workspace_id, replay_id FROM webhook_replays_waiting($1)", limit)
    return [(row["workspace_id"], row["replay_id"]) for row in rows]


async def is_anything_wanted(tx: Tx) -> bool:
    """Whether a wish or a range waits, of any workspace."""
    found: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM webhook_replays_waiting(1)) OR EXISTS (SELECT FROM webhook_ranges_running(1))"
    )
    return found


async def take_budget(tx: Tx, *, per_second: int) -> int:
    """How many replays may be started now, so that all processes together start at most `per_second`."""
    taken: int = await tx.fetchval("SELECT take_webhook_replays($1)", per_second)
    return taken


async def lock(tx: Tx, replay_id: UUID) -> tuple[UUID, UUID] | None:
    """(event, endpoint) of a wish, locked. None when it is done, or in somebody else's hands."""
    row = await tx.fetchrow(
        "SELECT event_id, endpoint_id FROM webhook_replays WHERE replay_id = $1 AND done_at IS NULL FOR UPDATE SKIP LOCKED", replay_id
    )
    return (row["event_id"], row["endpoint_id"]) if row is not None else None


async def put_aside(tx: Tx, replay_id: UUID) -> None:
    """An attempt is under way: other wishes come first."""
    await tx.execute("UPDATE webhook_replays SET tried_at = clock_timestamp() WHERE replay_id = $1", replay_id)


async def finish(tx: Tx, replay_id: UUID, *, outcome: str) -> None:
    await tx.execute("UPDATE webhook_replays SET done_at = clock_timestamp(), outcome = $2 WHERE replay_id = $1", replay_id, outcome)
