"""The digest of a workspace: its rhythm, whom to tell, and when the next is due."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from burnish_gateway.reports.answers import ScheduleAnswer, ScheduleBody
from burnish_gateway.reports.schedule import WEEKDAYS
from burnish_shared.db.session import Tx

COLUMNS: Final = """every, weekday, hour, time_zone, enabled, next_at, updated_by, updated_at,
  ARRAY(SELECT c.channel_id FROM alert_channels c WHERE c.channel_id = ANY (channels) ORDER BY c.channel_id) AS channels,
  (SELECT r.report_id FROM reports r WHERE r.schedule IS NOT NULL ORDER BY r.report_id DESC LIMIT 1) AS last_report_id"""
"""A channel that was deleted is told no more."""


async def due(tx: Tx, *, at_most: int) -> list[UUID]:
    """Workspaces whose digest is due, the longest waiting first."""
    return [row[0] for row in await tx.fetch("SELECT report_schedules_due($1)", at_most)]


async def lock_due(tx: Tx, *, now: datetime) -> ScheduleAnswer | None:
    """A schedule whose moment has come, locked. None where another gateway has it, or it is not due any more."""
    row = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM report_schedules WHERE enabled AND next_at <= $1 FOR UPDATE OF report_schedules SKIP LOCKED", now
    )
    return _schedule(row) if row is not None else None


async def put_off(tx: Tx, next_at: datetime) -> None:
    await tx.execute("UPDATE report_schedules SET next_at = $1", next_at)


async def find(tx: Tx) -> ScheduleAnswer | None:
    row = await tx.fetchrow(f"SELECT {COLUMNS} FROM report_schedules")
    return _schedule(row) if row is not None else None


async def put(tx: Tx, workspace_id: UUID, body: ScheduleBody, *, next_at: datetime, by: str) -> ScheduleAnswer:
    [row] = await tx.fetch(
        f"""INSERT INTO report_schedules (workspace_id, every, weekday, hour, time_zone, channels, enabled, next_at, updated_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (workspace_id) DO UPDATE SET every = excluded.every, weekday = excluded.weekday, hour = excluded.hour,
              time_zone = excluded.time_zone, channels = excluded.channels, enabled = excluded.enabled, next_at = excluded.next_at,
              updated_by = excluded.updated_by, updated_at = clock_timestamp()
            RETURNING {COLUMNS}""",
        workspace_id, body.every, WEEKDAYS.index(body.weekday), body.hour, body.time_zone, list(body.channels), body.enabled, next_at, by,
    )  # fmt: skip
    return _schedule(row)


async def delete(tx: Tx) -> ScheduleAnswer | None:
    """The schedule that was there."""
    row = await tx.fetchrow(f"DELETE FROM report_schedules RETURNING {COLUMNS}")
    return _schedule(row) if row is not None else None


async def channel_kinds(tx: Tx, channels: Sequence[UUID]) -> dict[UUID, str]:
    """Of those of these channels that there are."""
    rows = await tx.fetch("SELECT channel_id, kind FROM alert_channels WHERE channel_id = ANY ($1::uuid[])", list(channels))
    return {row["channel_id"]: row["kind"] for row in rows}


def _schedule(row: asyncpg.Record) -> ScheduleAnswer:
    return ScheduleAnswer(
        every=row["every"],
        weekday=WEEKDAYS[row["weekday"]],
        hour=row["hour"],
        time_zone=row["time_zone"],
        channels=row["channels"],
        enabled=row["enabled"],
        next_at=row["next_at"] if row["enabled"] else None,
        last_report_id=row["last_report_id"],
        updated_by=row["updated_by"],
        updated_at=row["updated_at"],
    )
