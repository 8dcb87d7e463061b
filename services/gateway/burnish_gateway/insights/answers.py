"""Figures as they are shown. Anything made from simulated answers says so."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


class Percentiles(BaseModel):
    """Milliseconds, each within `relative_error`; null when nothing was measured."""

    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    relative_error: float


class Satisfaction(BaseModel):
    """Share of satisfied reactions: thumbs count 0 or 1, scores what they are. The bounds hold it with 95 % confidence."""

    value: float
    low: float
    high: float
    samples: int


class NamedMetric(BaseModel):
    """What reactions said of one named metric."""

    metric: str
    reactions: int
    mean: float
    positives: int = Field(description="Reactions whose value was above zero.")
    conversion: Satisfaction | None = Field(
        description="Positives as a share of executions, with 95 % bounds; `samples` are the executions. Null where there were none."
    )


class Distinct(BaseModel):
    """How many different ones. `relative_error` is the standard error of an estimate; 0: counted."""

    value: int
    relative_error: float


class Figures(BaseModel):
    """What is known of a set of executions. Rates are 0..1, null where there is nothing to divide by."""

    executions: int
    successes: int
    errors: int
    timeouts: int
    rate_limited: int
    cancelled: int
    blocked: int
    success_rate: float | None = Field(description="Of all that were not cancelled.")
    cached: int
    cache_hit_rate: float | None = Field(description="Answers from our cache, of all executions.")
    provider_cache_rate: float | None = Field(description="Input tokens that the provider had in its cache, of all input tokens.")
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int
    cost_nusd: int
    mean_cost_nusd: float | None
    mean_latency_ms: float | None
    latency: Percentiles
    first_token: Percentiles
    reactions: int
    thumbs_up: int
    thumbs_down: int
    scores: int
    mean_score: float | None
    satisfaction: Satisfaction | None
    effectiveness: float | None = Field(
        description="0..100, of satisfaction, success rate, and speed and thrift where there are targets; the summary says what is missing."
    )
    simulated: bool = Field(description="True when any of it was made by a simulated model.")
    simulated_executions: int


class Counted(BaseModel):
    """How old figures are."""

    counted_through: datetime | None = Field(
        description="Until when all that came is counted, dead letters apart; it stands still while analytics is away or behind. "
        "Null: not known."
    )
    behind_s: float | None = Field(description="Seconds since then by the database's clock; below 10 while all goes well.")


class EffectivenessTargets(BaseModel):
    """Null: none is set."""

    p95_ms: int | None
    cost_nusd: int | None


class SummaryAnswer(Figures, Counted):
    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    grain: Literal["minute", "hour", "day"]
    effectiveness_version: int
    effectiveness_without: list[str] = Field(
        description="Terms of effectiveness that dropped out, so that the others weigh more: of `satisfaction` and `success_rate` those "
        "without data; `speed` and `thrift` also where no target is set."
    )
    effectiveness_targets: EffectivenessTargets = Field(description="What speed and thrift are told against; set in a rule of alerts.")
    prompts: Distinct = Field(description="Prompts that were executed.")
    end_users: Distinct | None = Field(
        description="End users of live executions, estimated. By hour and day, of the workspace or of one prompt; null for all else."
    )
    metrics: list[NamedMetric] = Field(
        description="Named metrics, by name; not told for an app, key or provider. At most 1,000, those with the most reactions."
    )
    metrics_left_out: int = Field(description="How many other named metrics there are; `metric` of a time series tells each of them.")
    feedback_waiting: int = Field(description="Reactions of the workspace whose execution has not been seen.")
    feedback_orphans: int = Field(description="Of these, those that waited for more than 7 days.")


class Point(Figures):
    """One step. `group` is the value of what was grouped by, null without grouping."""

    at: datetime
    group: str | None = None
    metric: NamedMetric | None = Field(default=None, description="The one that was asked for by `metric`.")


class TimeseriesAnswer(Counted):
    """Steps without any execution are left out."""

    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    grain: Literal["minute", "hour", "day"]
    is_whole: bool = Field(description="False: there are more groups than `data` tells, see `others`.")
    data: list[Point]
    others: list[Point] = Field(
        description="Steps of all groups together that are not in `data`, which has the busiest of the range. Their percentiles and "
        "`effectiveness` are null: they would be as dear as those of each group."
    )


class Projected(BaseModel):
    """Cost of the calendar month at its end; within the bounds in `confidence` of all months."""

    expected_nusd: int
    low_nusd: int
    high_nusd: int


class BacktestAnswer(BaseModel):
    """The same projection made from past days, with what was known then, against what came."""

    projections: int
    horizon_days: int = Field(description="Days ahead, as many as are left now.")
    median_error: float = Field(description="Half of the projections were nearer: a share of what came.")
    bias: float = Field(description="Mean error; above zero: too much was expected.")
    coverage: float = Field(description="Share of the projections whose interval held what came; aims at `confidence`.")


class ProjectionAnswer(BaseModel):
    """This calendar month (UTC) at its end, from the last 84 days. It follows the filters, not `from` and `to`."""

    month: str
    days_left: float
    history_days: int = Field(description="Whole days known, from the first with use.")
    spent_nusd: int = Field(description="This month so far.")
    expected_nusd: int | None
    low_nusd: int | None
    high_nusd: int | None
    confidence: float
    why_not: str | None = Field(description="Why nothing can be said.")
    backtest: BacktestAnswer | None = Field(description="Null while too little is known to try it on the past.")


class CostRow(BaseModel):
    group: str
    executions: int
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int
    cost_nusd: int
    credits: str = Field(description="The same in credits, exact to four decimals.")
    simulated: bool
    projected: Projected | None = Field(default=None, description="This month at its end, of the ten dearest, where asked for.")


class CostsAnswer(Counted):
    """Dearest first."""

    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    grain: Literal["minute", "hour", "day"]
    group_by: str
    total_nusd: int
    projection: ProjectionAnswer | None = Field(default=None, description="With `projection=true`.")
    data: list[CostRow]
