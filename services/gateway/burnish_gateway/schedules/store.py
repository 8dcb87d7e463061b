"""SQL of schedules and their runs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.optimization.store import spent_of
from burnish_shared.db.session import Tx

_SCHEDULE: Final = """s.schedule_id, s.prompt_id, s.slug, s.name, s.cron, s.time_zone, s.request, s.month_cap_nusd, s.next_at, s.paused_at,
    s.created_by, s.created_at, s.updated_at"""

OF_PROMPT_MOST: Final = 20


async def insert(tx: Tx, **columns: Any) -> None:
    """Names of columns are the callers' keywords, never a user's text."""
    names = sorted(columns)
    places = ", ".join(f"${number}" for number in range(1, len(names) + 1))
    await tx.execute(f"INSERT INTO optimization_schedules ({', '.join(names)}) VALUES ({places})", *(columns[name] for name in names))


async def count_of(tx: Tx, workspace_id: UUID, prompt_id: UUID) -> int:
    count: int = await tx.fetchval(
        "SELECT count(*) FROM optimization_schedules WHERE workspace_id = $1 AND prompt_id = $2", workspace_id, prompt_id
    )
    return count


async def find(tx: Tx, workspace_id: UUID, schedule_id: UUID, *, for_update: bool = False) -> Record | None:
    lock = " FOR UPDATE" if for_update else ""
    return await tx.fetchrow(
        f"SELECT {_SCHEDULE} FROM optimization_schedules s WHERE s.workspace_id = $1 AND s.schedule_id = $2{lock}",
        workspace_id,
        schedule_id,
    )


async def page(tx: Tx, workspace_id: UUID, *, slug: str | None, before: UUID | None, limit: int) -> list[Record]:
    """Newest first."""
    rows = await tx.fetch(
        f"""SELECT {_SCHEDULE} FROM optimization_schedules s WHERE s.workspace_id = $1 AND ($2::text IS NULL OR s.slug = $2)
               AND ($3::uuid IS NULL OR s.schedule_id < $3) ORDER BY s.schedule_id DESC LIMIT $4""",
        workspace_id,
        slug,
        before,
        limit,
    )
    return list(rows)


async def change(
    tx: Tx,
    workspace_id: UUID,
    schedule_id: UUID,
    *,
    name: str,
    cron: str,
    time_zone: str,
    request: dict[str, Any],
    month_cap_nusd: int,
    next_at: datetime | None,
) -> None:
    """`next_at` None: paused."""
    await tx.execute(
        """UPDATE optimization_schedules SET name = $3, cron = $4, time_zone = $5, request = $6, month_cap_nusd = $7, next_at = $8,
                  paused_at = CASE WHEN $8::timestamptz IS NULL THEN coalesce(paused_at, clock_timestamp()) END,
                  updated_at = clock_timestamp()
            WHERE workspace_id = $1 AND schedule_id = $2""",
        workspace_id, schedule_id, name, cron, time_zone, request, month_cap_nusd, next_at,
    )  # fmt: skip


async def remove(tx: Tx, workspace_id: UUID, schedule_id: UUID) -> None:
    """With its runs. Jobs that it began stay."""
    await tx.execute("DELETE FROM optimization_schedules WHERE workspace_id = $1 AND schedule_id = $2", workspace_id, schedule_id)


async def due(tx: Tx, *, at_most: int) -> list[tuple[UUID, UUID]]:
    """(workspace, schedule) of those whose time has come."""
    rows = await tx.fetch("SELECT workspace_id, schedule_id FROM schedules_due($1)", at_most)
    return [(row["workspace_id"], row["schedule_id"]) for row in rows]


async def lock_due(tx: Tx, schedule_id: UUID, *, now: datetime) -> Record | None:
    """None where another gateway has it, or was first, or it was paused or removed meanwhile."""
    return await tx.fetchrow(
        f"SELECT {_SCHEDULE} FROM optimization_schedules s WHERE s.schedule_id = $1 AND s.next_at <= $2 FOR UPDATE SKIP LOCKED",
        schedule_id,
        now,
    )


async def set_next(tx: Tx, schedule_id: UUID, at: datetime) -> None:
    await tx.execute("UPDATE optimization_schedules SET next_at = $2 WHERE schedule_id = $1", schedule_id, at)


async def note_run(tx: Tx, schedule: Record, *, workspace_id: UUID, missed: int, job_id: UUID | None, refused: str | None) -> bool:
    """Once for each time that came. False: it is noted already."""
    noted = await tx.fetchval(
        """INSERT INTO optimization_schedule_runs (workspace_id, prompt_id, schedule_id, due_at, missed, job_id, refused)
           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING true""",
        workspace_id, schedule["prompt_id"], schedule["schedule_id"], schedule["next_at"], missed, job_id, refused,
    )  # fmt: skip
    return bool(noted)


async def runs(tx: Tx, workspace_id: UUID, schedule_id: UUID, *, before: datetime | None, limit: int) -> Sequence[Record]:
    """Newest first, with what became of the jobs."""
    return await tx.fetch(
        f"""SELECT r.due_at, r.started_at, r.missed, r.job_id, r.refused, j.status, j.outcome,
                    CASE WHEN j.job_id IS NOT NULL THEN {spent_of("j")} END AS spent_nusd
             FROM optimization_schedule_runs r LEFT JOIN optimization_jobs j ON j.workspace_id = r.workspace_id AND j.job_id = r.job_id
            WHERE r.workspace_id = $1 AND r.schedule_id = $2 AND ($3::timestamptz IS NULL OR r.due_at < $3)
            ORDER BY r.due_at DESC LIMIT $4""",
        workspace_id,
        schedule_id,
        before,
        limit,
    )


async def spent_nusd(tx: Tx, workspace_id: UUID, schedule_id: UUID, *, since: datetime, until: datetime) -> int:
    """What its runs of that time cost: what they spent, or may still spend, and their fees where they were not given back."""
    total_nusd: int = await tx.fetchval(
        f"""WITH jobs AS (
             SELECT 'optimization:' || j.job_id::text AS reference,
                    CASE WHEN j.finished_at IS NULL THEN j.budget_nusd ELSE {spent_of("j")} END AS cost_nusd
               FROM optimization_schedule_runs r JOIN optimization_jobs j ON j.workspace_id = r.workspace_id AND j.job_id = r.job_id
              WHERE r.workspace_id = $1 AND r.schedule_id = $2 AND r.started_at >= $3 AND r.started_at < $4),
           fees AS (
             SELECT t.amount_nusd - coalesce((SELECT sum(c.amount_nusd) FROM transfers c WHERE c.workspace_id = $1
                                                 AND c.execution_id IS NULL AND c.corrects = t.transfer_id), 0) AS fee_nusd
               FROM transfers t WHERE t.workspace_id = $1 AND t.kind = 'fee' AND t.reference = ANY (ARRAY(SELECT reference FROM jobs)))
           SELECT (coalesce((SELECT sum(cost_nusd) FROM jobs), 0) + coalesce((SELECT sum(fee_nusd) FROM fees), 0))::bigint""",
        workspace_id,
        schedule_id,
        since,
        until,
    )
    return total_nusd


async def open_job(tx: Tx, workspace_id: UUID, prompt_id: UUID) -> UUID | None:
    """A job of this prompt that is not over."""
    job_id: UUID | None = await tx.fetchval(
        """SELECT job_id FROM optimization_jobs WHERE workspace_id = $1 AND prompt_id = $2 AND status IN ('pending', 'running')
            ORDER BY job_id LIMIT 1""",
        workspace_id,
        prompt_id,
    )
    return job_id
