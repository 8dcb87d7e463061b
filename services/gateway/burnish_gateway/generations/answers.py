"""What callers are told about generations."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field

from burnish_gateway.generations.bodies import CandidateForm, GenerationForm, LineForm, MemberForm, ParentForm, SnapshotForm


class MemberAnswer(BaseModel):
    candidate_id: UUID
    text: str | None
    made_by: str = Field(description="What made it in this generation: an operator, `elite`, `incumbent`, `given`.")
    fitness: float | None = Field(description="Null: not measured.")
    scores: dict[str, float | None] = Field(description="By measure; null: it could not be taken.")
    evaluations: int


class GenerationFigures(BaseModel):
    number: int
    size: int
    best_fitness: float | None
    mean_fitness: float | None
    restored_from: int | None = Field(description="A copy of that generation of this line.")
    created_at: datetime


class GenerationAnswer(GenerationFigures):
    members: list[MemberAnswer] = Field(description="The best first.")


class GenerationPage(BaseModel):
    data: list[GenerationFigures]
    next_cursor: str | None


class LineAnswer(BaseModel):
    """A line of generations: of a job (then the ids are the same), forked, or imported."""

    id: UUID
    prompt: str
    base_version: int
    name: str
    origin: Literal["job", "fork", "import"]
    job_id: UUID | None
    forked_from: UUID | None
    forked_from_number: int | None
    latest_number: int | None
    best_number: int | None
    best_fitness: float | None
    simulated: bool
    created_by: str
    created_at: datetime
    updated_at: datetime


class HeadsAnswer(LineAnswer):
    latest: GenerationAnswer | None
    best: GenerationAnswer | None


class LinePage(BaseModel):
    data: list[LineAnswer]
    next_cursor: str | None


class SnapshotAnswer(BaseModel):
    name: str
    number: int
    note: str
    created_by: str
    created_at: datetime


class SnapshotPage(BaseModel):
    data: list[SnapshotAnswer]
    next_cursor: str | None


class RemovedAnswer(BaseModel):
    id: UUID
    generations: int


def line_answer(row: Record) -> LineAnswer:
    return LineAnswer(**_line(row))


def heads_answer(row: Record) -> HeadsAnswer:
    return HeadsAnswer(**_line(row), latest=row["latest"], best=row["best"])


def figures_answer(row: Record) -> GenerationFigures:
    return GenerationFigures(**{name: row[name] for name in GenerationFigures.model_fields})


def snapshot_answer(row: Record) -> SnapshotAnswer:
    return SnapshotAnswer(**dict(row))


def line_file(
    row: Record, *, generations: list[Record], candidates: list[Record], edges: list[Record], snapshots: list[Record]
) -> LineForm:
    """The line as a file. Candidates are named by their texts' hashes: the same line has the same file after an import."""
    digest = {one["candidate_id"]: one["digest"] for one in candidates}
    parents: dict[UUID, list[ParentForm]] = {}
    for edge in edges:
        parent = ParentForm.model_construct(kind=edge["kind"], candidate=digest[edge["parent_id"]])
        parents.setdefault(edge["child_id"], []).append(parent)
    first = generations[0]["number"] if generations else 0
    return LineForm.model_construct(
        prompt=row["slug"],
        base_version=row["base_version"],
        name=row["name"],
        simulated=row["simulated"],
        candidates=[
            CandidateForm.model_construct(
                id=one["digest"],
                text=one["text"],
                made_by=one["made_by"],
                parents=sorted(parents.get(one["candidate_id"], []), key=lambda parent: (parent.kind, parent.candidate)),
            )
            for one in candidates
        ],
        generations=[
            GenerationForm.model_construct(
                number=one["number"],
                members=[
                    MemberForm.model_construct(candidate=digest[UUID(member["candidate_id"])], **_scores(member))
                    for member in one["members"]
                ],
                restored_from=one["restored_from"],
            )
            for one in generations
        ],
        snapshots=[
            SnapshotForm.model_construct(name=one["name"], number=one["number"], note=one["note"])
            for one in snapshots
            if one["number"] >= first
        ],
        generations_left_out=first,
    )


def _line(row: Record) -> dict[str, Any]:
    own = {
        name: row[name] for name in LineAnswer.model_fields if name not in ("id", "prompt", "job_id", "forked_from", "forked_from_number")
    }
    return own | {
        "id": row["line_id"],
        "prompt": row["slug"],
        "job_id": row["line_id"] if row["origin"] == "job" else None,
        "forked_from": row["from_line_id"],
        "forked_from_number": row["from_number"],
    }


def _scores(member: dict[str, Any]) -> dict[str, Any]:
    return {name: member[name] for name in ("made_by", "fitness", "scores", "evaluations")}
