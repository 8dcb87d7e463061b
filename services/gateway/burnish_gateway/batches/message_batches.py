"""Batches as Anthropic's clients know them: a batch told in their words, and a line of its results. Pure."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from asyncpg import Record
from pydantic import BaseModel, Field

from burnish_gateway.batches.answers import ENDED, Status, Waits, is_simulated, status_of, waits_of
from burnish_gateway.batches.results import GONE, UNSENT, as_line
from burnish_gateway.compat.anthropic.answer import message
from burnish_gateway.compat.anthropic.errors import in_anthropics_words
from burnish_gateway.execution import books
from burnish_gateway.execution import store as executions
from burnish_gateway.execution.answer import failure_of
from burnish_shared.contracts.executions import Status as Outcome

OF_CODES: Final = {"not_found": "not_found_error", "model_not_found": "not_found_error", "payload_too_large": "request_too_large"}
"""Anthropic's word for what a line failed with that was never sent; all else is the request's fault."""


class MessageCounts(BaseModel):
    processing: int = Field(description="Without an answer yet.")
    succeeded: int
    errored: int = Field(description="With an error, lines that were never valid among them.")
    canceled: int = Field(description="Stopped, or never sent, since the batch was cancelled.")
    expired: int = Field(description="Stopped, or never sent, since its time was over.")


class OfBatch(BaseModel):
    """What Anthropic has no place for."""

    status: Status
    name: str | None
    pause_reason: str | None
    waiting_for: list[Waits]
    set_aside_nusd: int
    cost_nusd: int
    simulated: bool | None


class MessageBatch(BaseModel):
    """A `message_batch`. Moments are RFC 3339."""

    id: str
    type: Literal["message_batch"] = "message_batch"
    processing_status: Literal["in_progress", "canceling", "ended"]
    request_counts: MessageCounts
    created_at: str
    expires_at: str
    cancel_initiated_at: str | None
    ended_at: str | None
    archived_at: str | None = Field(description="Always null: results are there as long as the workspace keeps text.")
    results_url: str | None = Field(description="Once it has ended. Read from where the batch was read.")
    burnish: Annotated[OfBatch, Field(description="What the format has no place for.")]


class MessageBatchPage(BaseModel):
    data: list[MessageBatch]
    has_more: bool
    first_id: str | None
    last_id: str | None


def message_batch(row: Record) -> MessageBatch:
    has_ended = row["status"] in ENDED
    status = status_of(row)
    batch_id = str(row["batch_id"])
    return MessageBatch(
        id=batch_id,
        processing_status="ended" if has_ended else "canceling" if status == "cancelling" else "in_progress",
        request_counts=_counts(row, has_ended=has_ended),
        created_at=_moment(row["created_at"]),
        expires_at=_moment(row["expires_at"]),
        cancel_initiated_at=_moment(row["stopping_at"]) if row["cancel_requested"] else None,
        ended_at=_moment(row["finished_at"]) if has_ended else None,
        archived_at=None,
        results_url=f"/v1/messages/batches/{batch_id}/results" if has_ended else None,
        burnish=OfBatch(
            status=status,
            name=row["name"],
            pause_reason=row["pause_reason"] if status in ("paused", "pausing") else None,
            waiting_for=waits_of(row),
            set_aside_nusd=row["set_aside_nusd"],
            cost_nusd=row["spent_nusd"],
            simulated=is_simulated(row),
        ),
    )


def _counts(row: Record, *, has_ended: bool) -> MessageCounts:
    """By the row alone, which stays when retention takes the lines. What was stopped counts among the failed there."""
    stopped, left = row["stopped"], row["total"] - row["succeeded"] - row["failed"]
    counts = {"canceled": 0, "expired": 0, "errored": row["failed"] - stopped}
    counts[_unanswered(row, was_stopped=True)] += stopped
    if has_ended:
        counts[_unanswered(row, was_stopped=False)] += left
    return MessageCounts(processing=0 if has_ended else left, succeeded=row["succeeded"], **counts)


def _unanswered(batch: Record, *, was_stopped: bool) -> Literal["canceled", "expired", "errored"]:
    """What became of a line that was stopped on its way, or never sent."""
    if batch["status"] == "expired":
        return "expired"
    return "canceled" if was_stopped or batch["status"] == "cancelled" else "errored"


def message_line(batch: Record, line: Record, execution: Record | None) -> bytes:
    """`{custom_id, result}`: a result is `succeeded` with its `message`, `errored` with its `error`, `canceled` or `expired`. A line
    about somebody who was erased has lost its id: it is "", which no caller can give.
    """
    return as_line({"custom_id": line["custom_id"] or "", "result": _result(batch, line, execution)})


def _result(batch: Record, line: Record, execution: Record | None) -> dict[str, Any]:
    outcome = None if execution is None else executions.outcome_of(execution, output_json=books.output_json(execution))
    if outcome is not None and outcome.status is Outcome.SUCCESS:
        return {"type": "succeeded", "message": json.loads(message(outcome.model_dump(mode="json")))}
    is_unsent = line["status"] == "unsent" and not line["error"]
    if line["status"] == "cancelled" or is_unsent:
        became = _unanswered(batch, was_stopped=not is_unsent)
        if became != "errored":
            return {"type": became}
    if outcome is not None:
        return {"type": "errored", "error": in_anthropics_words(failure_of(outcome.model_dump_json().encode()), request_id=str(outcome.id))}
    told = line["error"] or (UNSENT if is_unsent else GONE)
    error = {"type": OF_CODES.get(told["code"], "invalid_request_error"), **told, "retryable": False}
    return {"type": "errored", "error": {"type": "error", "error": error, "request_id": None}}


def _moment(given: datetime) -> str:
    return given.astimezone(UTC).isoformat().replace("+00:00", "Z")
