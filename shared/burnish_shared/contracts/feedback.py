"""Feedback on its way from the gateway to analytics: a batch of what came meanwhile."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class FeedbackItem(BaseModel):
    """One reaction. Exactly one of thumb, score, comment, correction, metric gives `kind`; a comment may ride along with a thumb or score.

    `accepted_at` is the gateway's time of acceptance: of several by one end user on one target and kind the latest wins.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    feedback_id: UUID
    workspace_id: UUID
    target_kind: Literal["execution", "session"]
    target_id: str
    kind: str = Field(description="thumb | score | comment | correction | metric:<name>")
    value: float | None = Field(default=None, allow_inf_nan=False, description="thumb: 1 or 0; score: 0..1; metric: its value")
    comment: str | None = None
    correction: str | None = None
    user_id: str | None = None
    context: dict[str, Any] = Field(default_factory=dict)
    accepted_at: datetime
    api_key_id: str | None = Field(
        default=None, description="Who sent it: an API key's id, `user:<id>` of a person, `inbound:<id>` of a webhook."
    )
    is_taken_back: bool = Field(
        default=False, description="It says nothing: what stands under this feedback id, and was accepted no later, is taken back."
    )
    hops: int = Field(default=0, ge=0, description="Rounds of webhook → API → event that led to it; its own event carries them on.")


class FeedbackBatch(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    v: Literal[1] = 1
    event_id: str
    items: list[FeedbackItem]
