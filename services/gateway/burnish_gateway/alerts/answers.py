"""How alerts and their rules look from outside."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from burnish_gateway.wire import ApiModel, Moment

Status = Literal["open", "acknowledged", "resolved"]


class AlertAnswer(BaseModel):
    """One incident. `before` and `after` hold the figures that were compared, `changed` what changed in between."""

    id: UUID
    kind: Literal["feedback_threshold", "degradation"]
    metric: str
    status: Status
    prompt: str
    label: str
    version: int
    summary: str
    before: dict[str, Any]
    after: dict[str, Any]
    changed: dict[str, Any]
    simulated: bool
    muted: bool
    raised_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None
    resolution: str | None = None
    links: dict[str, str]


class AlertPage(BaseModel):
    data: list[AlertAnswer]
    next_cursor: str | None


class AlertRuleBody(ApiModel):
    """What is asked of a prompt's feedback. What is not given falls back to the workspace's rule, then to the product's defaults."""

    enabled: bool = True
    min_samples: Annotated[int, Field(ge=10, le=1_000_000)] | None = Field(
        default=None, description="Reactions before anything is said; 100 by default."
    )
    target: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None, description="Satisfaction whose lower bound must not fall below this; 0.8 by default."
    )
    min_drop: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None, description="Smallest fall of satisfaction that is an alert; 0.05 by default."
    )
    muted_until: Moment | None = Field(default=None, description="Until then alerts are kept, and nobody is told.")


class AlertRuleAnswer(BaseModel):
    """`prompt` null: the workspace's own default for all its prompts."""

    prompt: str | None
    enabled: bool
    min_samples: int | None
    target: float | None
    min_drop: float | None
    muted_until: datetime | None
    updated_at: datetime


class AlertRulePage(BaseModel):
    data: list[AlertRuleAnswer]
    next_cursor: str | None
