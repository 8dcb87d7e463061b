"""What is said of a batch: OpenAI's batch object, so that its clients read it, and what we add. Moments are seconds since 1970, too."""

from datetime import datetime
from typing import Any, Final, Literal

from asyncpg import Record
from pydantic import BaseModel, Field

from burnish_gateway.batches.make_batch import Plan
from burnish_shared.money import credits_text

OUTPUT: Final = ".output"
ERRORS: Final = ".errors"
"""A batch's id with one of these names the file of its answers, or of its errors."""

ENDED: Final = frozenset({"completed", "failed", "cancelled", "expired"})

Status = Literal["validating", "in_progress", "pausing", "paused", "cancelling", "completed", "failed", "cancelled", "expired"]


class Counts(BaseModel):
    """`completed`: with an answer; `failed`: with an error, the lines that were never valid among them."""

    total: int
    completed: int
    failed: int


class LineError(BaseModel):
    line: int = Field(description="From 1.")
    custom_id: str | None = None
    code: str
    message: str
    param: str | None = None


class LineErrors(BaseModel):
    object: Literal["list"] = "list"
    data: list[LineError]


class Waits(BaseModel):
    """Lines of a batch that wait for one model."""

    reason: Literal["provider_limit", "provider_account"] = Field(
        description="A limit at the provider, which ends by itself, or an account there without money, which somebody has to put in."
    )
    model: str
    until: int = Field(description="When the model is asked again, in seconds of the Unix clock.")


class BatchAnswer(BaseModel):
    """`status`: `validating` until somebody works on it. `errors`: the first lines that were never valid."""

    id: str
    object: Literal["batch"] = "batch"
    endpoint: str
    status: Status
    input_file_id: str | None
    output_file_id: str | None
    error_file_id: str | None
    completion_window: str
    request_counts: Counts
    errors: LineErrors | None = None
    metadata: dict[str, str]
    created_at: int
    in_progress_at: int | None
    finalizing_at: int | None = None
    completed_at: int | None
    failed_at: int | None
    expires_at: int
    expired_at: int | None
    cancelling_at: int | None
    cancelled_at: int | None
    name: str | None
    pause_reason: Literal["asked", "funds", "budget", "suspended", "refused"] | None = Field(
        description="Why it waits: somebody asked, or what was set aside is used up, a budget or the workspace's standing refused a call."
    )
    waiting_for: list[Waits] = Field(description="Of a batch under way: why lines of it wait at a provider; they go on by themselves.")
    most_nusd: int = Field(description="What all of it can cost.")
    set_aside_nusd: int = Field(description="What was moved out of the credit for it; the rest comes back when it ends.")
    cost_nusd: int = Field(description="What its answered calls cost.")
    credits: str
    simulated: bool | None = Field(
        description="Whether a simulated model answered any of it so far; null while it is under way and nothing is answered."
    )
    error: dict[str, Any] | None
    created_by: str
    results: str = Field(description="Where its results are read, as JSON lines in the order of the input.")


class BatchPage(BaseModel):
    object: Literal["list"] = "list"
    data: list[BatchAnswer]
    first_id: str | None
    last_id: str | None
    has_more: bool
    next_cursor: str | None


class Estimate(BaseModel):
    """What a batch would be and cost, without making it."""

    total: int
    invalid: int
    most_nusd: int = Field(description="What it can cost; set aside before it begins, unless `max_cost_nusd` is lower.")
    likely_nusd: int = Field(description="A guess: the input as it is, answers as long as they were in the last week.")
    most_credits: str
    likely_credits: str
    errors: list[LineError] = Field(description="The first lines that could not run.")


class FileAnswer(BaseModel):
    """OpenAI's file object. What a batch gave has no time of its own: it goes with the text of its executions."""

    id: str
    object: Literal["file"] = "file"
    bytes: int | None = Field(description="Null of the embeddings of a batch, which are not written out to be counted.")
    created_at: int
    expires_at: int | None
    filename: str
    purpose: Literal["batch", "batch_output"] = "batch"
    status: Literal["processed"] = "processed"


class FilePage(BaseModel):
    object: Literal["list"] = "list"
    data: list[FileAnswer]
    first_id: str | None
    last_id: str | None
    has_more: bool
    next_cursor: str | None


class FileDeleted(BaseModel):
    id: str
    object: Literal["file"] = "file"
    deleted: bool = True


def status_of(row: Record) -> Status:
    """In OpenAI's words, and ours where it has none."""
    status: str = row["status"]
    if status in ENDED:
        return status  # type: ignore[return-value]
    if row["cancel_requested"]:
        return "cancelling"
    if status == "paused":
        return "paused"
    if row["pause_requested"]:
        return "pausing"
    return "in_progress" if row["started_at"] is not None else "validating"


def waits_of(row: Record) -> list[Waits]:
    """Why lines of it wait at a provider, while it is under way."""
    return [Waits(**one) for one in row["waiting_for"]] if status_of(row) in ("in_progress", "pausing") else []


def is_simulated(row: Record) -> bool | None:
    """Lines that failed may never have been valid, so that they say nothing until it has ended; then it says what its event does."""
    simulated: bool = row["simulated"]
    return simulated if simulated or row["succeeded"] or row["status"] in ENDED else None


def batch_answer(row: Record, *, errors: list[dict[str, Any]] | None = None) -> BatchAnswer:
    """A row as it is told; `errors`: its first lines that were never valid, where they were read."""
    batch_id, status = str(row["batch_id"]), status_of(row)
    ended = {name: _seconds(row["finished_at"]) if row["status"] == name else None for name in ENDED}
    has_ended = row["status"] in ENDED
    window_h = round((row["expires_at"] - row["created_at"]).total_seconds() / 3600)
    return BatchAnswer(
        id=batch_id,
        endpoint=row["endpoint"],
        status=status,
        input_file_id=str(row["input_file_id"]) if row["input_file_id"] else None,
        output_file_id=batch_id + OUTPUT if has_ended and row["succeeded"] else None,
        error_file_id=batch_id + ERRORS if has_ended and row["succeeded"] < row["total"] else None,
        completion_window=f"{window_h}h",
        request_counts=Counts(total=row["total"], completed=row["succeeded"], failed=row["failed"]),
        errors=LineErrors(data=[LineError(**one) for one in errors]) if errors else None,
        metadata=row["metadata"],
        created_at=int(row["created_at"].timestamp()),
        in_progress_at=_seconds(row["started_at"]),
        completed_at=ended["completed"],
        failed_at=ended["failed"],
        expires_at=int(row["expires_at"].timestamp()),
        expired_at=ended["expired"],
        cancelling_at=_seconds(row["stopping_at"]),
        cancelled_at=ended["cancelled"],
        name=row["name"],
        pause_reason=row["pause_reason"] if status in ("paused", "pausing") else None,
        waiting_for=waits_of(row),
        most_nusd=row["most_nusd"],
        set_aside_nusd=row["set_aside_nusd"],
        cost_nusd=row["spent_nusd"],
        credits=credits_text(row["spent_nusd"]),
        simulated=is_simulated(row),
        error=row["error"],
        created_by=row["created_by"],
        results=f"/v1/batches/{batch_id}/results",
    )


def file_answer(row: Record) -> FileAnswer:
    return FileAnswer(
        id=str(row["file_id"]),
        bytes=row["size_bytes"],
        created_at=int(row["created_at"].timestamp()),
        expires_at=int(row["expires_at"].timestamp()),
        filename=row["name"],
    )


def output_answer(file_id: str, batch: Record, *, size_bytes: int | None) -> FileAnswer:
    """The entry of the answers or errors of a batch that has ended."""
    made_at = int((batch["finished_at"] or batch["created_at"]).timestamp())
    return FileAnswer(
        id=file_id, bytes=size_bytes, created_at=made_at, expires_at=None, filename=f"{file_id}.jsonl", purpose="batch_output"
    )


def estimate_answer(plan: Plan) -> Estimate:
    return Estimate(
        total=len(plan.lines),
        invalid=plan.invalid,
        most_nusd=plan.most_nusd,
        likely_nusd=plan.likely_nusd,
        most_credits=credits_text(plan.most_nusd),
        likely_credits=credits_text(plan.likely_nusd),
        errors=[LineError(**one) for one in plan.problems],
    )


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())
