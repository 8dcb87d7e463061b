"""Rows of `reports`. Nothing changes one once it is made; retention and erasure take persons out."""

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from burnish_gateway.reports.answers import ReportAnswer, ReportContent, ReportHead
from burnish_shared.db.session import Tx

HEAD: Final = "report_id, kind, target, end_user, title, summary, schedule, period_start, period_end, simulated, created_by, created_at"


async def add(tx: Tx, workspace_id: UUID, report: ReportAnswer, *, due_at: datetime | None) -> None:
    """`due_at`: the moment of the schedule that it was made for; each has one report."""
    await tx.execute(
        """INSERT INTO reports (report_id, workspace_id, kind, target, end_user, title, summary, schedule, due_at, period_start, period_end,
                                content, simulated, created_by, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)""",
        report.id, workspace_id, report.kind, None if report.kind == "end_user" else report.target or "",
        report.target if report.kind == "end_user" else None, report.title, report.summary, report.schedule, due_at, report.start,
        report.end, report.content.model_dump(mode="json"), report.simulated, report.created_by, report.created_at,
    )  # fmt: skip


async def has_digest(tx: Tx, due_at: datetime) -> bool:
    return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM reports WHERE due_at = $1)", due_at))


async def find(tx: Tx, report_id: UUID) -> ReportAnswer | None:
    row = await tx.fetchrow(f"SELECT {HEAD}, content FROM reports WHERE report_id = $1", report_id)
    if row is None:
        return None
    return ReportAnswer(**_head(row).model_dump(), content=ReportContent.model_validate(row["content"]))


async def newest(
    tx: Tx, *, kind: str | None, target: str | None, schedule: str | None, before: UUID | None, limit: int
) -> list[ReportHead]:
    """Newest first."""
    rows = await tx.fetch(
        f"""SELECT {HEAD} FROM reports
             WHERE ($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR target = $2 OR end_user = $2)
               AND ($3::text IS NULL OR schedule = $3) AND ($4::uuid IS NULL OR report_id < $4)
             ORDER BY report_id DESC LIMIT $5""",
        kind,
        target,
        schedule,
        before,
        limit,
    )
    return [_head(row) for row in rows]


async def delete(tx: Tx, report_id: UUID) -> ReportHead | None:
    """The report that was there."""
    row = await tx.fetchrow(f"DELETE FROM reports WHERE report_id = $1 RETURNING {HEAD}", report_id)
    return _head(row) if row is not None else None


def _head(row: asyncpg.Record) -> ReportHead:
    return ReportHead(
        id=row["report_id"],
        kind=row["kind"],
        target=row["end_user"] or row["target"] or None,
        title=row["title"],
        summary=row["summary"],
        schedule=row["schedule"],
        start=row["period_start"],
        end=row["period_end"],
        simulated=row["simulated"],
        created_by=row["created_by"],
        created_at=row["created_at"],
    )
