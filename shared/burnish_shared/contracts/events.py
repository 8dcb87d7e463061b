"""Events of the EVENTS stream: one envelope, thin data (ids and numbers, no prompt or answer text), a version for each type.

Readers accept unknown fields, so that a version N−1 reader lives with version N (PROMISES M-12).
"""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from burnish_shared import subjects

EventType = Literal[
    "prompt.version.created",
    "prompt.label.moved",
    "prompt.comment.created",
    "prompt.comment.resolved",
    "prompt.review.requested",
    "prompt.review.decided",
    "run.comment.created",
    "run.comment.resolved",
    "execution.completed",
    "feedback.created",
    "feedback.retracted",
    "feedback.threshold_reached",
    "metric.degraded",
    "metric.recovered",
    "alert.raised",
    "alert.acknowledged",
    "alert.resolved",
    "test_run.completed",
    "chain_test_run.completed",
    "batch.completed",
    "chain_run.completed",
    "optimization.completed",
    "optimization.failed",
    "suggestion.created",
    "suggestion.accepted",
    "suggestion.rejected",
    "experiment.started",
    "experiment.paused",
    "experiment.resumed",
    "experiment.advanced",
    "experiment.held",
    "experiment.decided",
    "experiment.rolled_back",
    "budget.threshold_crossed",
    "budget.exhausted",
    "credits.low",
    "credits.exhausted",
    "provider_key.unhealthy",
    "usage.anomaly_detected",
    "data.erased",
    "report.ready",
    "webhook.endpoint_disabled",
    "webhook.delivery.exhausted",
    "webhook.test",
]

EVENT_TYPES: Final[tuple[str, ...]] = EventType.__args__  # type: ignore[attr-defined]


class Event(BaseModel):
    """What happened, to which workspace, when. `object_version` grows with each event of one object, so a receiver can drop the stale."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    v: Literal[1] = 1
    id: UUID
    type: EventType
    workspace_id: UUID
    occurred_at: datetime
    object_id: str | None = None
    object_version: int | None = None
    simulated: bool = False
    traceparent: str | None = None
    hops: int = Field(default=0, ge=0, description="How many webhook → API → event rounds led here; cut at 3.")
    data: dict[str, Any]

    def subject(self) -> str:
        return subjects.event(self.type, self.workspace_id)

    def to_bytes(self) -> bytes:
        return self.model_dump_json().encode()
