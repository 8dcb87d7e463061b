"""How alerts and their rules look from outside."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from burnish_gateway.moments import Moment
from burnish_gateway.optimization.bodies import BudgetBody, HowToSearch
from burnish_gateway.wire import ApiModel, Text
from burnish_shared.contracts.alert_channels import AlertKind, Severity
from burnish_shared.contracts.targets import (
    IN_SHARES,
    MIN_SAMPLES_DEFAULT,
    TARGETS_MOST,
    WINDOW_MINUTES_DEFAULT,
    WINDOW_MINUTES_LEAST,
    WINDOW_MINUTES_MOST,
    TargetMetric,
)
from burnish_shared.money import MAX_AMOUNT_NUSD

Status = Literal["open", "acknowledged", "resolved"]


class AlertAnswer(BaseModel):
    """One incident. `before` and `after` hold the figures that were compared, `changed` what changed in between."""

    id: UUID
    kind: AlertKind
    metric: str
    severity: Severity
    status: Status
    prompt: str | None
    label: str | None
    version: int | None
    subject: str | None = Field(
        description="Provider key, provider or model that it is about; of a budget its name or, without one, whose it is: `prompt route`."
    )
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


class AlertStep(BaseModel):
    """One line of an alert's history. `by`: who or what did it; `detail`: the channel, or how it ended."""

    at: datetime
    what: Literal[
        "raised", "muted", "unmuted", "told", "not_told", "optimization_started", "optimization_refused", "acknowledged", "resolved"
    ]
    by: str | None = None
    detail: str | None = None


class ChartPoint(BaseModel):
    """One hour of one version: a share, the 95th percentile in milliseconds, or the mean cost in nano-dollars, as the metric is."""

    at: datetime
    version: int
    value: float
    samples: int


class AlertDetail(AlertAnswer):
    """The alert with its history, oldest first, and its measure by the hour from a day before to a day after."""

    timeline: list[AlertStep]
    chart: list[ChartPoint]


class AlertPage(BaseModel):
    data: list[AlertAnswer]
    next_cursor: str | None


class StartOptimization(ApiModel):
    """What an alert may start by itself. It makes a suggestion, which somebody accepts or not, or which the workspace's
    `rollout_policy` rolls out behind guardrails."""

    dataset_id: UUID | None = Field(default=None, description="What to search and prove on; needed unless `source` is given.")
    source: Literal["feedback"] | None = Field(
        default=None, description="`feedback`, in place of a dataset: what people said of the prompt's answers, as of a search."
    )
    budget: BudgetBody
    cooldown_hours: Annotated[int, Field(ge=1, le=720)] = Field(default=24, description="Least time between two starts for this prompt.")
    metrics: Annotated[list[Literal["satisfaction", "error_rate", "quality"]], Field(min_length=1, max_length=3)] = Field(
        default=["satisfaction", "error_rate"], description="Whose degradation starts it."
    )
    search: HowToSearch | None = Field(
        default=None,
        description="By which method, models, metrics and constraints, as in `POST /v1/optimizations`; the usual ones, unless given.",
    )

    @model_validator(mode="after")
    def _has_items(self) -> Self:
        if (self.dataset_id is None) == (self.source is None):
            raise ValueError('dataset_id: give it, or source: "feedback" in its place')
        return self

    @model_validator(mode="after")
    def _has_a_cap(self) -> Self:
        if self.budget.credits is None:
            raise ValueError("budget.credits is needed: what starts by itself must have a cap")
        return self

    @model_validator(mode="after")
    def _has_a_prompt_to_itself(self) -> Self:
        if self.source is not None and self.search is not None and self.search.chain is not None:
            raise ValueError("search.chain: people judge the answers of a prompt and not of a chain; give a dataset_id")
        return self

    def stored(self) -> dict[str, Any]:
        """As the rule keeps it: of the search what was said, so that its defaults stay those of the product."""
        search = {} if self.search is None else {"search": self.search.model_dump(mode="json", exclude_none=True, exclude_unset=True)}
        return self.model_dump(mode="json", exclude={"search"}) | search


class AlertTarget(ApiModel):
    """An absolute limit of what live calls of a prompt do in the last `window_minutes`, by when they finished. An alert of the
    kind `target` is raised beyond it, and ends when the figure is back by a tenth of the limit. With fewer than
    `min_samples` it does neither."""

    metric: TargetMetric = Field(
        description="`latency`: 95th percentile in ms; `cost`: mean of a call in nano-dollars; `error_rate`, `satisfaction`, "
        "`reaction_rate` (calls that people reacted to), `quality` (mean score of an evaluator): 0 to 1. The first three must stay below "
        "the limit, the others above."
    )
    limit: Annotated[float, Field(gt=0, le=MAX_AMOUNT_NUSD, allow_inf_nan=False)]
    label: Annotated[Text, Field(min_length=1, max_length=63)] | None = Field(
        default=None, description="Of calls by this label alone; of all calls of the prompt where nothing is said."
    )
    evaluator_id: UUID | None = Field(default=None, description="Whose scores, by its newest version; for `quality`, and for nothing else.")
    window_minutes: Annotated[int, Field(ge=WINDOW_MINUTES_LEAST, le=WINDOW_MINUTES_MOST)] = Field(
        default=WINDOW_MINUTES_DEFAULT, description="Above 360 it begins with a whole hour."
    )
    min_samples: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=MIN_SAMPLES_DEFAULT, description="Calls, reactions or scores in the window before anything is said."
    )

    @model_validator(mode="after")
    def _fits_its_metric(self) -> Self:
        if self.metric in IN_SHARES and self.limit >= 1:
            raise ValueError(f"limit: of {self.metric} it is a share above 0 and below 1, such as 0.9")
        if (self.evaluator_id is not None) != (self.metric == "quality"):
            raise ValueError("evaluator_id: name it for the metric quality, and for no other")
        return self

    @property
    def identity(self) -> tuple[object, ...]:
        """What one rule has no two of."""
        return self.metric, self.label, self.evaluator_id, self.window_minutes


class AlertRuleBody(ApiModel):
    """What is asked of a prompt's feedback. What is not given falls back to the workspace's rule, then to the product's defaults."""

    enabled: bool = True
    min_samples: Annotated[int, Field(ge=10, le=1_000_000)] | None = Field(
        default=None, description="Reactions before anything is said; 100 by default."
    )
    target: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None, description="Satisfaction whose lower bound must not fall below this; 0.8 by default."
    )
    target_p95_ms: Annotated[int, Field(ge=1, le=86_400_000)] | None = Field(
        default=None, description="What the 95th percentile of latency should stay below: the speed in effectiveness. Raises no alert."
    )
    target_cost_nusd: Annotated[int, Field(ge=1, le=MAX_AMOUNT_NUSD)] | None = Field(
        default=None, description="What an answer should cost less than, on average: the thrift in effectiveness. Raises no alert."
    )
    min_drop: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None, description="Smallest fall of satisfaction that is an alert; 0.05 by default."
    )
    min_error_rise: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None, description="Smallest rise of the share of failed calls that is an alert; 0.03 by default."
    )
    min_latency_rise: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None,
        description="Smallest rise of the share of answers that take over a tenth longer than 95 of 100 did before; 0.15 by default, and "
        "0.05 once the hours of the week are known.",
    )
    min_cost_rise: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None, description="The same of answers that cost over a tenth more than 95 of 100 did before."
    )
    targets: Annotated[list[AlertTarget], Field(max_length=TARGETS_MOST)] | None = Field(
        default=None,
        description="Absolute limits, of each prompt by itself. A prompt's own list takes the place of that for all prompts; empty: none.",
    )
    muted_until: Moment | None = Field(
        default=None, description="Until then alerts are kept, and nobody is told; what is open then is told then."
    )
    start_optimization: StartOptimization | None = Field(default=None, description="Of a prompt's own rule: what a degradation starts.")

    @model_validator(mode="after")
    def _has_each_target_once(self) -> Self:
        named = [one.identity for one in self.targets or ()]
        if len(set(named)) < len(named):
            raise ValueError("targets: two are of the same metric, label, evaluator and window; leave one out")
        return self


class AlertRuleAnswer(BaseModel):
    """`prompt` null: the workspace's own default for all its prompts."""

    prompt: str | None
    enabled: bool
    min_samples: int | None
    target: float | None
    target_p95_ms: int | None
    target_cost_nusd: int | None
    min_drop: float | None
    min_error_rise: float | None
    min_latency_rise: float | None
    min_cost_rise: float | None
    targets: list[AlertTarget] | None
    muted_until: datetime | None
    start_optimization: dict[str, Any] | None
    updated_at: datetime


class AlertRulePage(BaseModel):
    data: list[AlertRuleAnswer]
    next_cursor: str | None


class MuteBody(ApiModel):
    """Until `until`, alerts of this kind and prompt are kept, and nobody is told. Without a kind, or a prompt: of all."""

    kind: AlertKind | None = None
    prompt: Annotated[Text, Field(max_length=63)] | None = None
    until: Moment
    reason: Annotated[Text, Field(max_length=500)] = ""


class MuteAnswer(BaseModel):
    kind: AlertKind | None
    prompt: str | None
    until: datetime
    reason: str
    muted_by: str
    muted_at: datetime


class MuteList(BaseModel):
    data: list[MuteAnswer]
