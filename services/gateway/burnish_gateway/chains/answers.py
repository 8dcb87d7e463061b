"""What callers are told about chains and their runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field

from burnish_gateway.chains.chain import ChainHead, ChainLabelMove, ChainVersion
from burnish_gateway.chains.runs_store import ENDED
from burnish_shared.chains.form import Call, Choose, Parallel, Step, Stop, all_steps, inside
from burnish_shared.chains.read_form import read_chain
from burnish_shared.money import credits_text
from burnish_shared.slug import LATEST

RunStatus = Literal["queued", "running", "success", "error", "timeout", "rate_limited", "cancelled", "blocked"]

KINDS: Final[Mapping[type, Literal["parallel", "choose", "stop"]]] = {Parallel: "parallel", Choose: "choose", Stop: "stop"}


class ChainItem(BaseModel):
    """A chain in a list."""

    id: UUID
    slug: str
    name: str
    description: str
    folder: str
    tags: list[str]
    latest_version: int
    labels: dict[str, int]
    created_by: str
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


class ChainVersionItem(BaseModel):
    """A version in a list, without its content."""

    version: int
    base_version: int | None
    message: str
    author: str
    created_at: datetime


WARNINGS: Final = "In the answer to saving it: steps that name a model that nobody can call here."


class ChainVersionAnswer(ChainVersionItem):
    """One immutable version. `is_new` only in the answer to saving it: false where this had been saved before."""

    slug: str
    steps: list[dict[str, Any]]
    parameters: dict[str, Any] | None = None
    output: str | dict[str, str] | None = None
    deadline_s: float | None = None
    is_new: bool | None = None
    warnings: list[str] | None = Field(default=None, description=WARNINGS)


class ChainAnswer(ChainItem):
    """A chain with one of its versions: `label` is the one it was reached by."""

    version: int
    label: str | None
    steps: list[dict[str, Any]]
    parameters: dict[str, Any] | None = None
    output: str | dict[str, str] | None = None
    deadline_s: float | None = None
    warnings: list[str] | None = Field(default=None, description=WARNINGS)


class ChainPage(BaseModel):
    """By slug."""

    data: list[ChainItem]
    next_cursor: str | None


class ChainVersionPage(BaseModel):
    """Newest first."""

    data: list[ChainVersionItem]
    next_cursor: str | None


class ChainLabelAnswer(BaseModel):
    """Where a label stands. `latest` moves by itself. `version` is null in the answer to removing a label."""

    label: str
    version: int | None
    moved_at: datetime | None


class ChainLabelPage(BaseModel):
    data: list[ChainLabelAnswer]
    next_cursor: str | None = None


class ChainLabelMoveAnswer(BaseModel):
    label: str
    from_version: int | None
    version: int | None
    reason: str
    author: str
    moved_at: datetime


class ChainLabelMovePage(BaseModel):
    """Newest first."""

    data: list[ChainLabelMoveAnswer]
    next_cursor: str | None


class ChainError(BaseModel):
    """Why a run, or a step of it, did not succeed."""

    type: str | None = None
    code: str
    message: str | None = Field(default=None, description="Absent where the workspace keeps no text, or not any more.")
    retryable: bool = False
    details: dict[str, Any] | None = Field(
        default=None, description="Of a step that credit, a budget or a rate refused: the numbers that the error of a call has."
    )


class RunStep(BaseModel):
    """A step. `waiting`: not begun yet; `skipped`: the run ended without it. The text of one that runs a prompt is read by `execution_id`.

    Of the others (`parallel`, `choose`, `stop`) `running` is said from the first step inside of them until the run has ended.
    """

    id: str
    kind: Literal["prompt", "parallel", "choose", "stop"] = "prompt"
    status: Literal["waiting", "running", "success", "error", "timeout", "rate_limited", "cancelled", "blocked", "skipped"]
    execution_id: UUID | None = None
    prompt: str | None = Field(default=None, description="Of a step that runs one.")
    version: int | None = None
    model: str | None = None
    attempts: int = 0
    cost_nusd: int = Field(default=0, description="Of all its attempts.")
    error: ChainError | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


class ChainRunItem(BaseModel):
    """A run in a list. `status` of a run that ended is that of an execution."""

    id: UUID
    chain: str
    version: int
    label: str | None
    mode: Literal["sync", "background"]
    status: RunStatus
    failed_step: str | None = Field(description="The step that failed, or stopped the run with an error; null where the run succeeded.")
    error: ChainError | None
    cost_nusd: int
    credits: str
    simulated: bool
    user_id: str | None
    session_id: str | None
    app: str | None
    trace_id: str = Field(description="Of W3C Trace Context: all steps belong to it.")
    created_by: str
    created_at: datetime
    deadline_at: datetime
    finished_at: datetime | None


class ChainRunAnswer(ChainRunItem):
    """A run with its steps, in the order in which they are written."""

    variables: dict[str, Any] | None
    output: Any
    metadata: dict[str, Any]
    steps: list[RunStep]


class ChainRunPage(BaseModel):
    """Newest first."""

    data: list[ChainRunItem]
    next_cursor: str | None


class CancelledRun(BaseModel):
    """`status`: how it ended, or `running` where it has not yet."""

    id: UUID
    status: RunStatus


def chain_item(head: ChainHead) -> ChainItem:
    return ChainItem(**_head(head))


def chain_answer(head: ChainHead, version: ChainVersion, *, label: str | None, warnings: Sequence[str] = ()) -> ChainAnswer:
    return ChainAnswer(**_head(head), version=version.version, label=label, warnings=list(warnings) or None, **version.content)


def version_item(version: ChainVersion) -> ChainVersionItem:
    return ChainVersionItem(**_version(version))


def version_answer(
    slug: str, version: ChainVersion, *, is_new: bool | None = None, warnings: Sequence[str] = ()
) -> ChainVersionAnswer:  # fmt: skip
    return ChainVersionAnswer(**_version(version), slug=slug, is_new=is_new, warnings=list(warnings) or None, **version.content)


def label_list(head: ChainHead) -> list[ChainLabelAnswer]:
    placed = [ChainLabelAnswer(label=label, version=one, moved_at=at) for label, (one, at) in head.labels.items()]
    return [*placed, ChainLabelAnswer(label=LATEST, version=head.latest_version, moved_at=None)]


def label_move_answer(move: ChainLabelMove) -> ChainLabelMoveAnswer:
    return ChainLabelMoveAnswer(
        label=move.label, from_version=move.from_version, version=move.to_version, reason=move.reason, author=move.author,
        moved_at=move.moved_at,
    )  # fmt: skip


def run_item(row: Record) -> ChainRunItem:
    return ChainRunItem(**_run(row))


def run_answer(row: Record, content: dict[str, Any], steps: Sequence[Record]) -> ChainRunAnswer:
    """`content`: of the version that ran; `steps`: rows of those that were begun."""
    begun = {one["step"]: one for one in steps}
    unbegun: Literal["waiting", "skipped"] = "skipped" if row["status"] in ENDED else "waiting"
    shown = []
    for one in all_steps(read_chain(content).steps):
        if not isinstance(one.does, Call):
            shown.append(RunStep(id=one.id, kind=KINDS[type(one.does)], status=_standing(one, row, begun, unbegun=unbegun)))
        elif one.id in begun:
            shown.append(_step(begun[one.id]))
        else:
            shown.append(RunStep(id=one.id, prompt=one.does.prompt.slug, status=unbegun))
    return ChainRunAnswer(
        **_run(row), variables=row["variables"], output=row["output"], metadata=row["metadata"], steps=shown
    )  # fmt: skip


def _standing(step: Step, row: Record, begun: Mapping[str, Record], *, unbegun: Literal["waiting", "skipped"]) -> Any:
    """Of a step that runs no prompt."""
    if row["status"] in ENDED:
        return (row["other_steps"] or {}).get(step.id, unbegun)
    return "running" if any(one.id in begun for part in inside(step) for one in all_steps(part)) else unbegun


def _head(head: ChainHead) -> dict[str, Any]:
    return {
        "id": head.chain_id, "slug": head.slug, "name": head.name, "description": head.description, "folder": head.folder,
        "tags": list(head.tags), "latest_version": head.latest_version, "labels": {name: one for name, (one, _) in head.labels.items()},
        "created_by": head.created_by, "created_at": head.created_at, "updated_at": head.updated_at, "archived_at": head.archived_at,
    }  # fmt: skip


def _version(version: ChainVersion) -> dict[str, Any]:
    return {
        "version": version.version, "base_version": version.base_version, "message": version.change_message, "author": version.author,
        "created_at": version.created_at,
    }  # fmt: skip


def _run(row: Record) -> dict[str, Any]:
    return {
        "id": row["run_id"], "chain": row["slug"], "version": row["version"], "label": row["label"],
        "mode": "background" if row["background"] else "sync", "status": row["status"], "failed_step": row["failed_step"],
        "error": _error(row["error"]), "cost_nusd": row["spent_nusd"], "credits": credits_text(row["spent_nusd"]),
        "simulated": row["simulated"], "user_id": row["end_user"], "session_id": row["session_id"], "app": row["app"],
        "trace_id": row["traceparent"][3:35], "created_by": row["actor"], "created_at": row["created_at"],
        "deadline_at": row["deadline_at"], "finished_at": row["finished_at"],
    }  # fmt: skip


def _step(row: Record) -> RunStep:
    return RunStep(
        id=row["step"], status=row["status"] or "running", execution_id=row["execution_id"], prompt=row["slug"], version=row["version"],
        model=row["model"], attempts=row["attempt"], cost_nusd=row["spent_nusd"], error=_error(row["error"]),
        started_at=row["started_at"], finished_at=row["finished_at"],
    )  # fmt: skip


def _error(error: dict[str, Any] | None) -> ChainError | None:
    return None if error is None else ChainError(**{name: one for name, one in error.items() if name != "http_status"})
