"""SQL of alert channels as their owners see them."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import asyncpg

from burnish_gateway.alerts.channel_bodies import ChannelAnswer, LastNotice
from burnish_shared.contracts.alert_channels import OVER_ALREADY, TEST
from burnish_shared.db.session import Tx

CHANNEL: Final = f"""
SELECT c.channel_id, c.kind, c.name, c.settings, c.filters, c.enabled, c.created_at, c.updated_at,
       (SELECT count(*) FROM alert_notices n
         WHERE n.channel_id = c.channel_id AND n.status = 'pending' AND n.next_attempt_at < 'infinity') AS waiting,
       l.event_type, CASE l.status WHEN 'pending' THEN 'retrying' ELSE l.status END AS status, l.attempts, l.error, l.detail,
       coalesce(l.settled_at, l.next_attempt_at) AS at
  FROM alert_channels c
  LEFT JOIN LATERAL (
    SELECT * FROM (
      (SELECT n.*, 0 AS rank FROM alert_notices n WHERE n.channel_id = c.channel_id AND n.status = 'pending' AND n.error IS NOT NULL
        ORDER BY n.event_id DESC LIMIT 1)
      UNION ALL
      (SELECT n.*, 1 FROM alert_notices n
        WHERE n.channel_id = c.channel_id AND n.status <> 'pending' AND n.error IS DISTINCT FROM '{OVER_ALREADY}'
        ORDER BY n.settled_at DESC LIMIT 1)
    ) one ORDER BY rank LIMIT 1) l ON true"""

COLUMNS: Final = ("name", "settings", "secret_sealed", "filters", "enabled")


async def count(tx: Tx) -> int:
    counted: int = await tx.fetchval("SELECT count(*) FROM alert_channels")
    return counted


async def name_is_taken(tx: Tx, name: str, *, besides: UUID) -> bool:
    return bool(
        await tx.fetchval("SELECT EXISTS (SELECT FROM alert_channels WHERE lower(name) = lower($1) AND channel_id <> $2)", name, besides)
    )


async def insert(tx: Tx, workspace_id: UUID, channel_id: UUID, *, kind: str, values: Mapping[str, Any]) -> None:
    """`values`: of COLUMNS."""
    await tx.execute(
        """INSERT INTO alert_channels (workspace_id, channel_id, kind, name, settings, secret_sealed, filters, enabled)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
        workspace_id, channel_id, kind, *[values[name] for name in COLUMNS],
    )  # fmt: skip


async def change(tx: Tx, channel_id: UUID, changes: Mapping[str, Any]) -> None:
    """Sets the given ones of COLUMNS."""
    names = [name for name in COLUMNS if name in changes]
    sets = "".join(f"{name} = ${n}, " for n, name in enumerate(names, 2))
    await tx.execute(
        f"UPDATE alert_channels SET {sets} updated_at = clock_timestamp() WHERE channel_id = $1",
        channel_id,
        *[changes[name] for name in names],
    )


async def delete(tx: Tx, channel_id: UUID) -> None:
    """Its notices go with it."""
    await tx.execute("DELETE FROM alert_channels WHERE channel_id = $1", channel_id)


async def lock(tx: Tx, channel_id: UUID) -> None:
    await tx.execute("SELECT FROM alert_channels WHERE channel_id = $1 FOR UPDATE", channel_id)


async def find(tx: Tx, channel_id: UUID) -> ChannelAnswer | None:
    row = await tx.fetchrow(f"{CHANNEL} WHERE c.channel_id = $1", channel_id)
    return _channel(row) if row is not None else None


async def list_newest(tx: Tx, *, before: UUID | None, limit: int) -> list[ChannelAnswer]:
    rows = await tx.fetch(f"{CHANNEL} WHERE $1::uuid IS NULL OR c.channel_id < $1 ORDER BY c.channel_id DESC LIMIT $2", before, limit)
    return [_channel(row) for row in rows]


async def add_test(tx: Tx, workspace_id: UUID, channel_id: UUID, notice_id: UUID, *, body: dict[str, Any]) -> None:
    """A notice that tells of no alert."""
    await tx.execute(
        """INSERT INTO alert_notices (event_id, channel_id, workspace_id, event_type, body, occurred_at)
           VALUES ($1, $2, $3, $4, $5, clock_timestamp())""",
        notice_id, channel_id, workspace_id, TEST, body,
    )  # fmt: skip


def _channel(row: asyncpg.Record) -> ChannelAnswer:
    settings = row["settings"]
    last = None
    if row["at"] is not None:
        last = LastNotice(
            event=row["event_type"],
            status=row["status"],
            attempts=row["attempts"],
            error=row["error"],
            detail=row["detail"],
            at=row["at"],
        )
    return ChannelAnswer(
        id=row["channel_id"],
        kind=row["kind"],
        name=row["name"],
        recipients=settings.get("recipients"),
        region=settings.get("region"),
        url=settings.get("url"),
        address=settings.get("address"),
        filters=row["filters"],
        enabled=row["enabled"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        waiting=row["waiting"],
        last_notice=last,
    )
