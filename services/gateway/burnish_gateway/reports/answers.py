"""What a report holds and how it is shown."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, Field

from burnish_gateway.experiments.figure_lines import FigureLine
from burnish_gateway.insights.answers import Distinct, Figures, NamedMetric, ProjectionAnswer, Satisfaction
from burnish_gateway.moments import Moment
from burnish_gateway.reports.schedule import Every, Weekday
from burnish_gateway.reports.target import Kind
from burnish_gateway.wire import ApiModel, Text

CHANNELS_MOST: Final = 20


class ReportBody(ApiModel):
    kind: Kind
    target: Annotated[Text, Field(max_length=200)] | None = Field(
        default=None,
        description="prompt: its slug; version: slug@3; model: its name; api_key and experiment: its id; end_user: as calls name them; "
        "workspace: none.",
    )
    start: Moment | None = Field(default=None, alias="from", description="7 days before `to` where absent; of an experiment leave it out.")
    end: Moment | None = Field(default=None, alias="to", description="Now where absent; of an experiment leave it out.")


class Change(BaseModel):
    """A figure now and in the time before of the same length. `change` is relative; of rates the difference."""

    before: float | None
    after: float | None
    change: float | None


class ReportStep(BaseModel):
    at: datetime
    executions: int
    success_rate: float | None
    satisfaction: Satisfaction | None
    p95_ms: float | None
    cost_nusd: int


class BreakdownRow(BaseModel):
    group: str
    executions: int
    success_rate: float | None
    satisfaction: Satisfaction | None
    effectiveness: float | None
    p95_ms: float | None
    cost_nusd: int
    simulated: bool


class ReportedAlert(BaseModel):
    alert_id: UUID
    kind: str
    metric: str
    severity: str
    prompt: str | None
    summary: str
    raised_at: datetime
    resolved_at: datetime | None


class ReportedRun(BaseModel):
    test_run_id: UUID
    prompt: str | None = Field(description="Null: a chain was tested.")
    chain: str | None = Field(default=None, description="Slug of the chain; `version` is its.")
    version: int
    model: str | None = Field(description="Null: of a chain, whose steps name theirs.")
    accuracy: float | None
    total: int
    simulated: bool
    finished_at: datetime


class ReportedGroup(BaseModel):
    """A failure group as /v1/analytics/failure-groups last found it, without its examples."""

    prompt: str
    name: str
    size: int
    share: float
    trend: float | None = Field(description="Failures of the newer half of the time over those of the older half, less one.")


class EndedExperiment(BaseModel):
    """An experiment that ended in this time, in a line. `decided_by`: `system:…` where its rule did, else a person or a key, whose choice
    `outcome` then is."""

    experiment_id: UUID
    name: str
    prompt: str
    metric: str
    outcome: str
    winner: str | None
    sentence: str
    decided_by: str = Field(default="", description="Empty in reports that were made before this was kept.")
    completed_at: datetime


class ReportedExperiment(BaseModel):
    """An experiment as it was decided, with every figure of every arm. `reason`: in the words of who decided by hand."""

    experiment_id: UUID
    name: str
    prompt: str
    label: str
    metric: str
    method: str
    confidence: float
    unit: str
    outcome: str
    winner: str | None
    sentence: str
    decided_by: str
    reason: str
    started_at: datetime
    completed_at: datetime
    figures: list[FigureLine]


class ReportContent(BaseModel):
    figures: Figures
    before: Figures
    changes: dict[str, Change]
    metrics: list[NamedMetric] = Field(description="By name; at most 100, those with the most reactions.")
    metrics_left_out: int = Field(default=0, description="How many other named metrics there were.")
    prompts: Distinct | None
    end_users: Distinct | None
    series: list[ReportStep]
    breakdowns: dict[str, list[BreakdownRow]] = Field(description="By each dimension the ten with most executions.")
    projection: ProjectionAnswer | None = Field(description="Where the time reaches into this month.")
    alerts: list[ReportedAlert] = Field(description="Raised in this time, newest first; at most 20.")
    alert_count: int
    test_runs: list[ReportedRun] = Field(description="Ended in this time, newest first; at most 20.")
    failure_groups: list[ReportedGroup] = Field(description="The largest, of what was grouped lately; at most 10.")
    experiments: list[EndedExperiment] = Field(
        default_factory=list, description="Of the workspace or the prompt: ended in this time, newest first; at most 20."
    )
    experiment: ReportedExperiment | None = Field(default=None, description="Of kind experiment.")


class ReportHead(BaseModel):
    id: UUID
    kind: str = Field(description="As in the body; a release to come may know others.")
    target: str | None
    title: str
    summary: str = Field(description="The report in a sentence.")
    schedule: str | None = Field(description="Of a digest: daily, weekly.")
    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    simulated: bool = Field(description="True when any of it was made by a simulated model.")
    created_by: str
    created_at: datetime


class ReportAnswer(ReportHead):
    content: ReportContent


class ReportPage(BaseModel):
    """Newest first."""

    data: list[ReportHead]
    next_cursor: str | None


class ScheduleBody(ApiModel):
    every: Every
    weekday: Weekday = Field(default="monday", description="Of weekly ones.")
    hour: int = Field(default=8, ge=0, le=23, description="Of the local clock.")
    time_zone: Annotated[Text, Field(min_length=1, max_length=60)] = Field(default="UTC", description="As IANA names it: Europe/Berlin.")
    channels: list[UUID] = Field(
        default_factory=list, max_length=CHANNELS_MOST, description="Ids of alert channels that are told: e-mail, Slack, Teams."
    )
    enabled: bool = True


class ScheduleAnswer(BaseModel):
    """`next_at` is null while it is switched off."""

    every: Every
    weekday: Weekday
    hour: int
    time_zone: str
    channels: list[UUID]
    enabled: bool
    next_at: datetime | None
    last_report_id: UUID | None
    updated_by: str
    updated_at: datetime

    def for_audit(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"next_at", "last_report_id", "updated_by", "updated_at"})
