"""Bodies and answers of `/v1/live-evaluations`."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field

from burnish_gateway.billing.budget import Period
from burnish_gateway.wire import ApiModel, Text
from burnish_shared.contracts.live_filters import LiveFilters
from burnish_shared.money import MAX_AMOUNT_NUSD

Slugs = Annotated[list[Annotated[Text, Field(min_length=1, max_length=63)]], Field(max_length=100)]
Sample = Annotated[float, Field(gt=0, le=1)]


class Cap(ApiModel):
    """What judges may cost in a calendar day or month (UTC). Never more is spent: what does not fit any more is not asked."""

    limit_nusd: Annotated[int, Field(ge=0, le=MAX_AMOUNT_NUSD)]
    period: Period


class NewLiveEvaluation(ApiModel):
    """An evaluator, what it scores, and what that may cost."""

    evaluator_id: UUID
    prompts: Slugs = Field(default_factory=list, description="Slugs; none: all, and calls without a prompt.")
    labels: Slugs = Field(default_factory=list, description="Labels that served; none: all, and calls by version.")
    sample: Sample = Field(
        default=1.0, description="Share of the executions; drawn by their id, so that a larger share holds the smaller one."
    )
    filters: LiveFilters = Field(
        default_factory=LiveFilters, description="What else an execution must be; by the names of the list of executions."
    )
    cap: Cap | None = Field(default=None, description="Needed where the evaluator asks models.")
    active: bool = True


class LiveEvaluationChange(ApiModel):
    """What is named changes, for what is counted from now on. `cap` null: none, where the evaluator asks no model."""

    prompts: Slugs | None = None
    labels: Slugs | None = None
    sample: Sample | None = None
    filters: LiveFilters | None = Field(default=None, description="All of them anew; {}: none.")
    cap: Cap | None = None
    active: bool | None = Field(default=None, description="false: nothing is taken or scored; what waits stays and is scored afterwards.")


class CapAnswer(BaseModel):
    limit_nusd: int
    period: Period
    spent_nusd: int
    held_nusd: int
    left_nusd: int
    resets_at: datetime


class LiveEvaluationAnswer(BaseModel):
    """`waiting`: executions that were drawn and have no score yet, counted up to 10,000."""

    id: UUID
    evaluator_id: UUID
    evaluator: str
    kind: str
    prompts: list[str]
    labels: list[str]
    sample: float
    filters: dict[str, Any]
    cap: CapAnswer | None
    active: bool
    waiting: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    object: Literal["live_evaluation"] = "live_evaluation"


class LiveEvaluationPage(BaseModel):
    data: list[LiveEvaluationAnswer]
    next_cursor: str | None


def live_answer(row: Record) -> LiveEvaluationAnswer:
    cap = None
    if row["cap_nusd"] is not None:
        cap = CapAnswer(
            limit_nusd=row["cap_nusd"], period=row["cap_period"], spent_nusd=row["spent_nusd"], held_nusd=row["held_nusd"],
            left_nusd=max(0, row["cap_nusd"] - row["spent_nusd"] - row["held_nusd"]), resets_at=row["resets_at"],
        )  # fmt: skip
    return LiveEvaluationAnswer(
        id=row["live_evaluation_id"], evaluator_id=row["evaluator_id"], evaluator=row["evaluator"], kind=row["kind"],
        prompts=row["prompts"], labels=row["labels"], sample=row["sample_ratio"], filters=row["filters"], cap=cap,
        active=row["active"], waiting=row["waiting"],
        created_by=row["created_by"], created_at=row["created_at"], updated_at=row["updated_at"], archived_at=row["archived_at"],
    )  # fmt: skip
