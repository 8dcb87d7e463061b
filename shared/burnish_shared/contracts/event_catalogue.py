"""Every event: what it tells, what its data holds, and which object it is about. One line for each type of contracts.events."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from burnish_shared.contracts import event_data as data
from burnish_shared.contracts import event_data_comments as comments
from burnish_shared.contracts.events import Event, EventType


@dataclass(frozen=True, slots=True)
class EventKind:
    """`object` says what `object_id` names. `version` is that of the data's schema; a new one is a new type of body, never an edit."""

    description: str
    data: type[data.EventData]
    object: str
    version: int = 1


CATALOGUE: Final[dict[EventType, EventKind]] = {
    "prompt.version.created": EventKind("A prompt has a new version.", data.VersionCreated, "the prompt"),
    "prompt.label.moved": EventKind("A label of a prompt names another version, or was removed.", data.LabelMoved, "the prompt"),
    "prompt.comment.created": EventKind("Somebody commented on a version, or answered a comment.", data.CommentCreated, "the comment"),
    "prompt.comment.resolved": EventKind("A comment was settled.", data.CommentResolved, "the comment"),
    "prompt.review.requested": EventKind("A version was handed in for review.", data.ReviewRequested, "the review"),
    "prompt.review.decided": EventKind("A review ended, or an approval was taken back.", data.ReviewDecided, "the review"),
    "run.comment.created": EventKind(
        "Somebody commented on an execution, a session or a run of a chain, or answered there.", comments.RunCommentCreated, "the comment"
    ),
    "run.comment.resolved": EventKind("A comment on one of these was settled.", comments.RunCommentResolved, "the comment"),
    "execution.completed": EventKind("An execution that was asked for in the background ended.", data.ExecutionCompleted, "the execution"),
    "feedback.created": EventKind("Somebody reacted to an answer.", data.FeedbackCreated, "the feedback"),
    "feedback.retracted": EventKind("A reaction was taken back: it counts nowhere any more.", data.FeedbackRetracted, "the feedback"),
    "feedback.threshold_reached": EventKind(
        "A label has collected enough reactions, or its satisfaction is surely below the target.", data.ThresholdReached, "the label's rule"
    ),
    "metric.degraded": EventKind("A measure of a label got worse and stayed worse.", data.MetricDegraded, "the label's measure"),
    "metric.recovered": EventKind("It is as good as before again.", data.MetricRecovered, "the label's measure"),
    "alert.raised": EventKind("An alert was raised.", data.AlertRaised, "the alert"),
    "alert.acknowledged": EventKind("Somebody has seen an alert.", data.AlertAcknowledged, "the alert"),
    "alert.resolved": EventKind("An alert is over.", data.AlertResolved, "the alert"),
    "test_run.completed": EventKind("A test run ended; `status` says how.", data.TestRunCompleted, "the test run"),
    "chain_test_run.completed": EventKind("A test run of a chain ended; `status` says how.", data.ChainTestRunCompleted, "the test run"),
    "batch.completed": EventKind("A batch ended; `status` says how.", data.BatchCompleted, "the batch"),
    "chain_run.completed": EventKind("A run of a chain in the background ended; `status` says how.", data.ChainRunCompleted, "the run"),
    "optimization.completed": EventKind("An optimization ended with a result.", data.OptimizationCompleted, "the optimization"),
    "optimization.failed": EventKind("An optimization ended without a result.", data.OptimizationFailed, "the optimization"),
    "suggestion.created": EventKind("The optimizer found a better prompt.", data.SuggestionCreated, "the suggestion"),
    "suggestion.accepted": EventKind("A suggestion became a version.", data.SuggestionAccepted, "the suggestion"),
    "suggestion.rejected": EventKind("A suggestion was turned down.", data.SuggestionRejected, "the suggestion"),
    "experiment.started": EventKind("An experiment or a guarded rollout began.", data.ExperimentStarted, "the experiment"),
    "experiment.paused": EventKind("It rests: everybody gets what the label names.", data.ExperimentPaused, "the experiment"),
    "experiment.resumed": EventKind("It goes on.", data.ExperimentStarted, "the experiment"),
    "experiment.advanced": EventKind(
        "Its arms have other shares, or a rollout took its next step.", data.ExperimentAdvanced, "the experiment"
    ),
    "experiment.held": EventKind("A guarded rollout waits for somebody.", data.ExperimentHeld, "the experiment"),
    "experiment.decided": EventKind("It is over; `outcome` says how.", data.ExperimentDecided, "the experiment"),
    "experiment.rolled_back": EventKind("A guarded rollout was taken back.", data.ExperimentRolledBack, "the experiment"),
    "budget.threshold_crossed": EventKind("A budget's warning mark was passed.", data.BudgetCrossed, "the budget"),
    "budget.exhausted": EventKind("A budget is used up; calls that it pays for are refused.", data.BudgetCrossed, "the budget"),
    "credits.low": EventKind("Credit fell below the warning mark.", data.AccountCrossed, "the workspace"),
    "credits.exhausted": EventKind(
        "A call was refused because credit did not suffice for it; `available_nusd` is what is left.", data.AccountCrossed, "the workspace"
    ),
    "provider_key.unhealthy": EventKind("A provider refused one of your keys; it is not used any more.", data.KeyUnhealthy, "the key"),
    "usage.anomaly_detected": EventKind("One end user used far more than is usual in an hour.", data.UsageAnomaly, "the incident"),
    "data.erased": EventKind("The erasure of an end user's data is done.", data.DataErased, "the erasure"),
    "report.ready": EventKind("A report or a digest was made.", data.ReportReady, "the report"),
    "webhook.endpoint_disabled": EventKind("An endpoint was switched off; others are told so.", data.EndpointDisabled, "the endpoint"),
    "webhook.delivery.exhausted": EventKind("A delivery failed for good; it can be replayed.", data.DeliveryExhausted, "the delivery"),
    "webhook.test": EventKind("A test that somebody asked for; it goes to its endpoint alone.", data.WebhookTest, "the endpoint"),
}


def faults(event: Event) -> Iterator[str]:
    """What is wrong with an event's data, in words: fields that the catalogue does not know, that are missing or of another kind."""
    kind = CATALOGUE[event.type]
    for name in sorted(event.data.keys() - kind.data.model_fields.keys()):
        yield f"{event.type}: data.{name} is not in its contract"
    try:
        kind.data.model_validate(event.data)
    except ValueError as error:
        yield f"{event.type}: {error}"
