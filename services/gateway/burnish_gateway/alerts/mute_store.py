"""SQL of mutes: what alerts are kept and told to nobody."""

from uuid import UUID

import asyncpg

from burnish_gateway.alerts.answers import MuteAnswer, MuteBody
from burnish_shared.db.session import Tx

COLUMNS = "kind, slug, muted_until, reason, muted_by, muted_at"


async def list_mutes(tx: Tx) -> list[MuteAnswer]:
    """Those that are not over."""
    rows = await tx.fetch(f"SELECT {COLUMNS} FROM alert_mutes WHERE muted_until > clock_timestamp() ORDER BY slug, kind")
    return [_mute(row) for row in rows]


async def put_mute(tx: Tx, workspace_id: UUID, body: MuteBody, *, by: str) -> MuteAnswer:
    """Sets it, or sets it anew. Those that are over go."""
    await tx.execute("DELETE FROM alert_mutes WHERE muted_until <= clock_timestamp()")
    [row] = await tx.fetch(
        f"""INSERT INTO alert_mutes (workspace_id, kind, slug, muted_until, reason, muted_by) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (workspace_id, kind, slug) DO UPDATE SET muted_until = excluded.muted_until, reason = excluded.reason,
              muted_by = excluded.muted_by, muted_at = clock_timestamp()
            RETURNING {COLUMNS}""",
        workspace_id, body.kind or "", body.prompt or "", body.until, body.reason, by,
    )  # fmt: skip
    return _mute(row)


async def delete_mute(tx: Tx, *, kind: str, slug: str) -> MuteAnswer | None:
    """The mute that was there."""
    row = await tx.fetchrow(f"DELETE FROM alert_mutes WHERE kind = $1 AND slug = $2 RETURNING {COLUMNS}", kind, slug)
    return _mute(row) if row is not None else None


def _mute(row: asyncpg.Record) -> MuteAnswer:
    return MuteAnswer(
        kind=row["kind"] or None,
        prompt=row["slug"] or None,
        until=row["muted_until"],
        reason=row["reason"],
        muted_by=row["muted_by"],
        muted_at=row["muted_at"],
    )
