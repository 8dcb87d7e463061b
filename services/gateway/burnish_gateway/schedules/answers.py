"""What callers are told about schedules."""

from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field

from burnish_gateway.schedules.rhythm import Rhythm
from burnish_shared.money import credits_text


class ScheduleAnswer(BaseModel):
    id: UUID
    prompt: str
    name: str
    cron: str
    time_zone: str
    paused: bool
    paused_at: datetime | None
    next_at: list[datetime] = Field(description="The next five times, within eight years of the first; none while it is paused.")
    optimization: dict[str, Any] = Field(description="What each run asks for, as in `POST /v1/optimizations`.")
    month_credits: str
    created_by: str
    created_at: datetime
    updated_at: datetime


class WholeScheduleAnswer(ScheduleAnswer):
    spent_this_month_nusd: int = Field(description="With what runs under way may still spend, and fees.")


class SchedulePage(BaseModel):
    data: list[ScheduleAnswer]
    next_cursor: str | None


class RunAnswer(BaseModel):
    due_at: datetime
    started_at: datetime
    missed: int = Field(description="Times after it that passed while nobody looked: one run stands for all of them.")
    job_id: UUID | None
    refused: str | None = Field(description="Why nothing was started.")
    status: str | None
    outcome: str | None
    spent_nusd: int | None


class RunPage(BaseModel):
    data: list[RunAnswer]
    next_cursor: str | None


class RemovedSchedule(BaseModel):
    id: UUID


def schedule_answer(row: Record) -> ScheduleAnswer:
    return ScheduleAnswer(**_schedule(row))


def whole_answer(row: Record, *, spent_nusd: int) -> WholeScheduleAnswer:
    return WholeScheduleAnswer(**_schedule(row), spent_this_month_nusd=spent_nusd)


def run_answer(row: Record) -> RunAnswer:
    return RunAnswer(**dict(row))


def _schedule(row: Record) -> dict[str, Any]:
    times: list[datetime] = []
    if row["next_at"] is not None:
        times = Rhythm.kept(row["cron"], row["time_zone"]).upcoming(row["next_at"])
    return {
        "id": row["schedule_id"],
        "prompt": row["slug"],
        "name": row["name"],
        "cron": row["cron"],
        "time_zone": row["time_zone"],
        "paused": row["paused_at"] is not None,
        "paused_at": row["paused_at"],
        "next_at": times,
        "optimization": row["request"] | {"prompt": row["slug"]},
        "month_credits": credits_text(row["month_cap_nusd"]),
        "created_by": row["created_by"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
