"""The audit log in SQL, for those who read it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for; None: whatever it is. `action` is its beginning. `start` is included, `end` is not."""

    actor: str | None = None
    action: str | None = None
    object_kind: str | None = None
    object_id: str | None = None
    request_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None


async def find_entry(tx: Tx, audit_id: UUID) -> Record | None:
    return await tx.fetchrow(
        "SELECT audit_id, at, actor, action, object_kind, object_id, before, after, request_id, address FROM audit_log WHERE audit_id = $1",
        audit_id,
    )


async def list_entries(tx: Tx, wanted: Wanted, *, before: UUID | None, limit: int) -> list[Record]:
    """Newest first, at most `limit`, older than the entry `before`."""
    return list(
        await tx.fetch(
            """SELECT audit_id, at, actor, action, object_kind, object_id, before, after, request_id, address FROM audit_log
                WHERE ($1::text IS NULL OR actor = $1) AND ($2::text IS NULL OR starts_with(action, $2))
                  AND ($3::text IS NULL OR object_kind = $3) AND ($4::text IS NULL OR object_id = $4)
                  AND ($5::text IS NULL OR request_id = $5)
                  AND ($6::timestamptz IS NULL OR at >= $6) AND ($7::timestamptz IS NULL OR at < $7)
                  AND ($8::uuid IS NULL OR audit_id < $8) ORDER BY audit_id DESC LIMIT $9""",
            wanted.actor, wanted.action, wanted.object_kind, wanted.object_id, wanted.request_id, wanted.start, wanted.end, before, limit,
        )
    )  # fmt: skip
