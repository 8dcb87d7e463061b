"""What the data of each event holds: ids, numbers and short words, never text of prompts or answers.

Emitters, the catalogue (`GET /v1/webhooks/events`) and docs/reference follow from these; a test compares them with the golden files and
every event that integration tests leave in the outbox. Within a version fields are only added; receivers ignore what they do not know.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema


class EventData(BaseModel):
    """Base of all data. Ids are text here, as JSON has them."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, allow_inf_nan=False)


class OfPrompt(EventData):
    prompt_id: str
    slug: str = Field(description="Name of the prompt in the API.")


class VersionCreated(OfPrompt):
    version: int
    source: str = Field(description="manual | optimizer | import | merge | clone")


class LabelMoved(OfPrompt):
    label: str
    from_version: int | None = Field(description="Null: the label is new.")
    version: int | None = Field(description="Null: the label was removed.")


class OfComment(OfPrompt):
    comment_id: str
    version: int
    against: int | None = Field(description="The other version, where the comment is about how the two differ.")


class CommentCreated(OfComment):
    part: str | None = Field(description="What of the version it is about, such as messages[0]; null: all of it.")
    reply_to: str | None = Field(description="The comment that it answers.")
    author: str = Field(description="user:<id> | api_key:<id>")
    mentions: list[str] = Field(description="User ids of the members whom it mentions.")


class CommentResolved(OfComment):
    resolved_by: str = Field(description="user:<id> | api_key:<id>")


class OfReview(OfPrompt):
    review_id: str
    version: int


class ReviewRequested(OfReview):
    requested_by: str = Field(description="user:<id> | api_key:<id>")
    reviewers: list[str] = Field(description="User ids of the members who are asked; empty: whoever may decide.")


class ReviewDecided(OfReview):
    status: Literal["approved", "sent_back", "withdrawn"]
    decided_by: str = Field(description="user:<id> | api_key:<id>")


class ExecutionCompleted(EventData):
    execution_id: str
    status: str = Field(description="success | error | timeout | rate_limited | cancelled | blocked")
    prompt: str | None
    version: int | None
    label: str | None = Field(default=None, description="By which the prompt was called.")
    model: str
    cost_nusd: int = Field(description="Nano-dollars.")
    latency_ms: int


class ReactionCreated(EventData):
    feedback_id: str
    execution_id: str | None = Field(description="Null: a session.")
    session_id: str | None = Field(default=None, description="The caller's own, where the reaction is to a session as a whole.")
    kind: str = Field(description="thumb | score | comment | correction | metric:<name>")
    value: float | None = Field(description="thumb: 1 or 0; score: 0 to 1; metric: its value")
    at: str


class _Reactions(EventData):
    execution_id: str | None = Field(description="Null: of several executions, or of a session.")
    session_id: str | None = Field(default=None, description="Null: of several sessions, or of an execution.")
    prompt: str | None = Field(default=None, description="Slug; null: the execution had none or is not known, or it is a session.")
    version: int | None = None
    label: str | None = None
    kind: str = Field(description="thumb | score | comment | correction | metric:<name> | several")


class FeedbackCreated(_Reactions):
    value: float | None = Field(description="Of a single one; thumb: 1 or 0; score: 0 to 1; metric: its value")
    count: int = Field(default=1, description="Reactions in this event: those of about a second on one version and label, at most 100.")
    reactions: list[ReactionCreated] = Field(default_factory=list, description="Each of them, without text and without who it was.")


class ReactionRetracted(EventData):
    feedback_id: str = Field(description="As `feedback.created` named it. All that was said under it counts nowhere.")
    execution_id: str | None = Field(description="Null: a session.")
    session_id: str | None = Field(default=None, description="The caller's own, where the reaction was to a session as a whole.")
    kind: str = Field(description="thumb | score | comment | correction | metric:<name>; each kind of one feedback_id is told apart.")
    at: str = Field(description="When it was taken back. What is said later under the same id counts again.")


class FeedbackRetracted(_Reactions):
    count: int = Field(description="Reactions in this event: those of about a second on one version and label, at most 100.")
    reactions: list[ReactionRetracted] = Field(description="Each of them, without text and without who it was.")


class ThresholdReached(EventData):
    prompt: str
    label: str
    version: int
    reason: str = Field(description="min_samples | below_target")
    min_samples: int
    target: float
    alert_id: str | None
    samples: int
    satisfaction: float
    low: float = Field(description="Lower end of the 95 % interval of satisfaction.")
    high: float


class OfAlert(EventData):
    alert_id: str
    kind: str = Field(description="feedback_threshold | degradation | budget | credits | provider_key | usage | model | provider")
    metric: str
    severity: str = Field(default="warning", description="info | warning | error | critical")
    prompt: str | None
    label: str | None
    version: int | None


class AlertRaised(OfAlert):
    summary: str = Field(description="One sentence with the numbers.")
    before: dict[str, Any]
    after: dict[str, Any]
    changed: dict[str, Any] = Field(description="What changed at about that time: version, model, …")
    raised_at: datetime


class AlertAcknowledged(OfAlert):
    acknowledged_by: str = Field(description="api_key:<id> | user:<id>")
    acknowledged_by_name: str | None = Field(default=None, description="What people call it, as far as it is still there.")


class AlertResolved(AlertRaised):
    resolution: str = Field(description="recovered | superseded | rule_disabled | unused")


class MetricDegraded(OfAlert):
    summary: str
    before: dict[str, Any]
    after: dict[str, Any]
    changed: dict[str, Any]
    raised_at: datetime


class MetricRecovered(MetricDegraded):
    resolution: str


class TestRunCompleted(OfPrompt):
    test_run_id: str
    status: Literal["completed", "failed"]
    version: int
    model: str
    dataset_id: str
    split: str
    overall_accuracy: float | None
    correct: int
    total: int
    error_code: str | None


class ChainTestRunCompleted(EventData):
    test_run_id: str
    status: Literal["completed", "failed"]
    chain_id: str
    slug: str = Field(description="Name of the chain in the API.")
    version: int
    dataset_id: str
    split: str
    overall_accuracy: float | None
    correct: int
    total: int
    error_code: str | None


class BatchCompleted(EventData):
    batch_id: str
    status: Literal["completed", "failed", "cancelled", "expired"]
    endpoint: str
    total: int
    succeeded: int
    failed: int
    cost_nusd: int
    error_code: str | None


class ChainRunCompleted(EventData):
    chain_run_id: str
    chain_id: str
    slug: str
    version: int
    status: Literal["success", "error", "timeout", "rate_limited", "cancelled", "blocked"]
    failed_step: str | None = Field(description="The step that ended it, where it was not the last.")
    cost_nusd: int
    error_code: str | None


class OfJob(OfPrompt):
    job_id: str
    base_version: int


class MeasuredGain(EventData):
    n: int
    baseline: float
    candidate: float
    delta: float
    ci_low: float
    ci_high: float
    p_value: float


class OptimizationCompleted(OfJob):
    outcome: str
    finish_reason: str
    suggestion_id: str | None
    test: MeasuredGain | None


class OptimizationFailed(OfJob):
    error_code: str


class SuggestionCreated(OfJob):
    suggestion_id: str
    delta: float = Field(description="Measured gain on the test items.")
    ci_low: float
    ci_high: float


class SuggestionAccepted(OfJob):
    suggestion_id: str
    version: int
    label: str | None


class SuggestionRejected(OfJob):
    suggestion_id: str


class OfExperiment(OfPrompt):
    experiment_id: str
    name: str
    kind: str = Field(description="ab | rollout")
    label: str = Field(description="Whose calls take part.")
    epoch: int = Field(description="Counts changes of the arms' shares.")


class ExperimentStarted(OfExperiment):
    shares: dict[str, float] = Field(description="Arm -> share of the calls.")
    step: int | None = Field(default=None, description="Of a guarded rollout's ramp, from 0.")


class ExperimentPaused(OfExperiment):
    by: str = Field(description="user:… | api_key:… | system:optimizer")


class ExperimentAdvanced(OfExperiment):
    """Shares were changed: a step of a ramp, an adaptive allocation, or by hand."""

    reason: str = Field(description="step | adaptive | allocation")
    step: int | None
    shares: dict[str, float]
    before: dict[str, float]


class ExperimentHeld(OfExperiment):
    step: int | None
    why: str = Field(description="In words, with the numbers.")


class ExperimentDecided(OfExperiment):
    outcome: str = Field(description="better | worse | no_difference | not_enough_data | refused | rolled_back | rolled_out | stopped")
    winner: str | None = Field(description="The arm.")
    winner_version: int | None
    label_moved: bool
    decided_by: str
    sentence: str = Field(description="One sentence with the numbers.")


class ExperimentRolledBack(OfExperiment):
    step: int | None
    version: int | None = Field(description="The candidate that nobody gets any more.")
    decided_by: str
    sentence: str = Field(description="One sentence with the numbers.")


class AccountCrossed(EventData):
    account_id: SkipJsonSchema[int] = Field(description="Ours, and not sent to webhooks.")
    budget_id: str | None
    limit_nusd: int
    spent_nusd: int
    available_nusd: int
    period: str | None
    resets_at: datetime | None


class BudgetCrossed(AccountCrossed):
    prompt: str | None = Field(default=None, description="Slug, where it is the budget of a prompt.")
    name: str | None = Field(default=None, description="Of the budget; a cap has none.")
    target: str | None = Field(default=None, description="workspace | api_key | prompt | end_user | live_evaluation (its cap)")
    target_name: str | None = Field(default=None, description="Slug, name of the key or of the evaluator; an end user is not named.")
    hard: bool | None = Field(default=None, description="false: it warns, and refuses nothing.")
    live_evaluation_id: str | None = Field(default=None, description="Instead of budget_id, where it is a live evaluation's cap.")


class KeyUnhealthy(EventData):
    provider_key_id: str
    provider: str
    name: str
    last4: str
    status: str
    reason: str
    http_status: int


class UsageAnomaly(EventData):
    alert_id: str
    metric: str = Field(description="calls | cost")
    summary: str
    before: dict[str, Any] = Field(description="What the busiest end user of an hour typically uses, and the limit.")
    after: dict[str, Any]
    hour: datetime
    example_execution_id: str = Field(description="One of the end user's executions; it says who they are.")


class DataErased(EventData):
    erasure_id: str
    scope: str = Field(description="end_user")
    executions: int
    feedback: int
    counts: dict[str, int] | None = Field(default=None, description="Rows by place.")
    restored: bool | None = Field(default=None, description="Done again after a restore.")


class ReportFigures(EventData):
    executions: int
    success_rate: float | None = None
    satisfaction: float | None = None
    satisfaction_samples: int = 0
    p95_ms: float | None = None
    cost_nusd: int
    projected_cost_nusd: int | None = Field(default=None, description="Of this month at its end, where something can be said.")
    alerts: int = 0


class ReportReady(EventData):
    report_id: str
    kind: str = Field(description="workspace | prompt | version | model | api_key | end_user | experiment")
    title: str
    schedule: str | None = Field(description="daily | weekly: a digest")
    period_start: datetime
    period_end: datetime
    summary: str = Field(description="One sentence with the numbers.")
    figures: ReportFigures
    channels: list[str] = Field(default_factory=list, description="Alert channels that are told.")


class OfDelivery(EventData):
    endpoint_id: str
    delivery_id: str = Field(description="The `webhook-id` of the delivery that this is about.")
    event_id: str
    event_type: str


class DeliveryExhausted(OfDelivery):
    """`status_code`: of the last attempt; null where no answer came. `attempts`: so many were made at it, replays among them."""

    error_class: str
    status_code: int | None = None
    attempts: int | None = None


class EndpointDisabled(OfDelivery):
    reason: Literal["gone", "failing"]


class WebhookTest(EventData):
    endpoint_id: str
    message: str
