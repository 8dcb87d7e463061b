"""What callers are told about moves to another model."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field

from burnish_gateway.model_migrations.bodies import search_told
from burnish_gateway.model_migrations.start import Plan
from burnish_gateway.model_migrations.store import OPEN

State = Literal["pending", "measuring", "searching", "done", "skipped", "failed", "cancelled"]


class StepAnswer(BaseModel):
    """One version of one prompt."""

    prompt: str
    version: int
    dataset_id: UUID | None
    split: str | None
    state: State
    outcome: Literal["as_good", "worse", "improved", "not_measured"] | None
    before_run_id: UUID | None = Field(description="The test run with the old model.")
    after_run_id: UUID | None = Field(description="The same with the successor: `GET /v1/test-runs/{id}/compare`.")
    job_id: UUID | None
    suggestion_id: UUID | None
    new_version: int | None = Field(description="The version for the successor, on a branch; nobody gets it until a label moves to it.")
    because: str | None
    cost_nusd: int
    updated_at: datetime


class MigrationAnswer(BaseModel):
    id: UUID
    status: Literal["running", "completed", "cancelled"]
    model: str
    successor: str
    margin: float
    search: dict[str, Any] | None
    progress: dict[str, int] = Field(description="Steps in all, those that are over, and by state.")
    cost_nusd: int = Field(description="What test runs and optimizations have cost so far.")
    simulated: bool
    created_by: str
    created_at: datetime
    finished_at: datetime | None


class WholeMigrationAnswer(MigrationAnswer):
    steps: list[StepAnswer]


class MigrationPage(BaseModel):
    data: list[MigrationAnswer]
    next_cursor: str | None


class ProblemAnswer(BaseModel):
    prompt: str
    version: int
    because: str


class MigrationForecast(BaseModel):
    """Guesses from above; only what is used is paid."""

    model: str
    successor: str
    steps: int
    not_measured: int = Field(description="Versions without a completed test run with the old model: they are skipped.")
    measure_nusd: int = Field(description="All test runs with the successor.")
    search_nusd: int = Field(description="If each of them were worse and searched, with the plan's fees.")
    problems: list[ProblemAnswer] = Field(description="Versions that cannot be measured or searched, and why.")


def migration_answer(row: Record, steps: Sequence[Record]) -> MigrationAnswer:
    return MigrationAnswer(**_migration(row, steps))


def whole_answer(row: Record, steps: Sequence[Record]) -> WholeMigrationAnswer:
    shown = [StepAnswer(prompt=one["slug"], **{name: one[name] for name in StepAnswer.model_fields if name != "prompt"}) for one in steps]
    return WholeMigrationAnswer(**_migration(row, steps), steps=shown)


def forecast_answer(plan: Plan) -> MigrationForecast:
    return MigrationForecast(
        model=plan.from_model,
        successor=plan.to_model,
        steps=len(plan.rows),
        not_measured=sum(row["dataset_id"] is None for row in plan.rows),
        measure_nusd=plan.measure_nusd,
        search_nusd=plan.search_nusd,
        problems=[ProblemAnswer(prompt=slug, version=version, because=why) for slug, version, why in plan.problems],
    )


def _migration(row: Record, steps: Sequence[Record]) -> dict[str, Any]:
    states = [one["state"] for one in steps]
    return {
        "id": row["migration_id"],
        "status": row["status"],
        "model": row["from_model"],
        "successor": row["to_model"],
        "progress": {"steps": len(states), "over": sum(one not in OPEN for one in states)}
        | {one: states.count(one) for one in sorted(set(states))},
        "cost_nusd": sum(one["cost_nusd"] for one in steps),
        "simulated": any(one["simulated"] for one in steps),
        "search": search_told(row["search"]),
    } | {name: row[name] for name in ("margin", "created_by", "created_at", "finished_at")}
