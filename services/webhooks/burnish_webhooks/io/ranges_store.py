"""SQL of replays of a range: how far each has come, and the next deliveries of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from burnish_shared.db.session import Tx

GROWS_MOST_S: Final = 60
"""For so long after it was asked for, a catch-up whose end lies ahead waits for what is cancelled meanwhile."""


@dataclass(frozen=True, slots=True)
class Range:
    """A replay of a range, locked. `at_time`, `at_event`: the last delivery that it came by. `settled_from` None: whenever it ended.

    `may_grow`: its time is not over, so that what was not there yet may still belong to it.
    """

    range_id: UUID
    endpoint_id: UUID
    to_at: datetime
    settled_from: datetime | None
    statuses: Sequence[str]
    event_types: Sequence[str]
    at_time: datetime
    at_event: UUID
    cancel_requested: bool
    may_grow: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A delivery of a range, with its place in it."""

    event_id: UUID
    created_at: datetime


async def running(tx: Tx, *, limit: int) -> list[tuple[UUID, UUID]]:
    """(workspace, range) of those that go on, of any workspace; the one that waited longest first."""
    rows = await tx.fetch("SELECT workspace_id, range_id FROM webhook_ranges_running($1)", limit)
    return [(row["workspace_id"], row["range_id"]) for row in rows]


async def lock(tx: Tx, range_id: UUID) -> Range | None:
    """None when it is over, or in somebody else's hands."""
    row = await tx.fetchrow(
        "SELECT range_id, endpoint_id, to_at, settled_from, statuses, event_types, at_time, at_event, cancel_requested,"
        " kind = 'catch_up' AND least(to_at, requested_at + $2 * interval '1 second') > clock_timestamp() AS may_grow FROM webhook_ranges "
        "WHERE range_id = $1 AND status = 'running' FOR UPDATE SKIP LOCKED",
        range_id,
        GROWS_MOST_S,
    )
    return Range(**row) if row is not None else None


async def outstanding(tx: Tx, range_id: UUID) -> int:
    """How many of its deliveries were started and have not ended."""
    counted: int = await tx.fetchval("SELECT count(*) FROM webhook_deliveries WHERE range_id = $1 AND status = 'pending'", range_id)
    return counted


async def next_of(tx: Tx, one: Range, *, limit: int) -> list[Found]:
    """The next deliveries of the range, in the order in which they were made."""
    rows = await tx.fetch(
        """
        SELECT event_id, created_at FROM webhook_deliveries
         WHERE endpoint_id = $1 AND (created_at, event_id) > ($2, $3) AND created_at < $4 AND status = ANY ($5::text[])
           AND status <> 'pending' AND reason IS DISTINCT FROM 'dismissed'
           AND ($6::text[] = '{}' OR event_type = ANY ($6)) AND ($7::timestamptz IS NULL OR settled_at >= $7)
         ORDER BY created_at, event_id LIMIT $8""",
        one.endpoint_id,
        one.at_time,
        one.at_event,
        one.to_at,
        list(one.statuses),
        list(one.event_types),
        one.settled_from,
        limit,
    )
    return [Found(row["event_id"], row["created_at"]) for row in rows]


async def advance(tx: Tx, one: Range, found: Sequence[Found], *, restarted: int) -> None:
    """Notes how far it has come; with nothing found, only that it had its turn."""
    last = found[-1] if found else Found(one.at_event, one.at_time)
    await tx.execute(
        "UPDATE webhook_ranges SET at_time = $2, at_event = $3, restarted = restarted + $4, stepped_at = clock_timestamp() "
        "WHERE range_id = $1",
        one.range_id,
        last.created_at,
        last.event_id,
        restarted,
    )


async def finish(tx: Tx, range_id: UUID, *, status: str) -> None:
    """'done': all are started; 'cancelled'; 'endpoint_off'."""
    await tx.execute("UPDATE webhook_ranges SET status = $2, finished_at = clock_timestamp() WHERE range_id = $1", range_id, status)
