"""Prometheus objects of analytics. No tenant's name in a label."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from burnish_shared.streams import CONSUMERS

LAG_BUCKETS_S: Final = (0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0)

items_total = Counter("burnish_analytics_items_total", "Items of batches by what came of them.", ["consumer", "outcome"])
"""outcome: new | repeated. Refused items are in burnish_events_dropped_total by reason; all three add up to what came (A-08)."""

joined_total = Counter("burnish_feedback_joined_total", "Reactions joined to their execution, by who found the match.", ["by"])
"""by: records | feedback | joiner."""

lag_seconds = Histogram(
    "burnish_analytics_lag_seconds",
    "From the end of an execution, or the acceptance of feedback, to its count: of the oldest in each transaction.",
    ["consumer"],
    buckets=LAG_BUCKETS_S,
)
feedback_waiting = Gauge("burnish_feedback_waiting", "Reactions whose execution has not been seen.")
feedback_orphans = Gauge("burnish_feedback_orphans", "Reactions that have waited for their execution for more than 7 days.")
alerts_raised_total = Counter("burnish_alerts_raised_total", "Alerts raised, by kind.", ["kind"])
for _kind in ("feedback_threshold", "degradation", "usage", "model", "provider"):
    alerts_raised_total.labels(_kind)  # A series that begins at 1 has not grown: the first alert would ring nowhere.
recounts_total = Counter("burnish_recounts_total", "Recounts of rollups from raw rows that were made: nightly, asked.", ["kind"])
recount_differences_total = Counter(
    "burnish_recount_differences_total", "Figures of rollups that were not what their raw rows add up to. Anything above 0 is a fault."
)
month_turns_total = Counter("burnish_month_turns_total", "Base credits and allowances given, by the turn of the month or a change of plan.")
housework_failures_total = Counter(
    "burnish_housework_failures_total", "Rounds of housework that failed; the next round tries again.", ["task"]
)
HOUSEWORK: Final = (
    "adopt", "backups", "budgets", "compare_tombstones", "count", "end_users", "erase", "failure_groups", "forget", "incidents", "join",
    "judge", "labels", "letters", "look_again", "models", "month", "news", "partitions", "providers", "publish", "recount", "scores",
    "targets", "tidy", "unmuted", "usage", "watch", "whole", "words",
)  # fmt: skip
for _task in HOUSEWORK:
    housework_failures_total.labels(_task)  # As above: the first failure is counted from 0.

backup_taken = Gauge(
    "burnish_backup_taken_timestamp_seconds", "When `burnish backup` was last complete; no series of a kind that was never taken.", ["kind"]
)

dead_letters = Gauge("burnish_dead_letters", "Messages set aside that nobody has replayed or discarded.", ["consumer"])
for _consumer in CONSUMERS:
    dead_letters.labels(_consumer.durable)

detectors_skipped_total = Counter(
    "burnish_detectors_skipped_total",
    "Executions, reactions and scores of labels that no detector follows, for a workspace has too many. They are in all figures.",
    ["reason"],
)
"""reason: labels_full."""

retention_forgotten_total = Counter(
    "burnish_retention_forgotten_total", "Rows that retention took text or persons from, or removed.", ["kind"]
)
"""kind: contents | persons | feedback | voices | answers | reviews | days (partitions and dead letters)."""

retention_finished_seconds = Gauge("burnish_retention_finished_timestamp_seconds", "When a round of retention last came to its end.")
erasures_due = Gauge("burnish_erasures_due", "Erasures of which a pass is due, when it was last looked.")
erasure_passes_total = Counter("burnish_erasure_passes_total", "Passes of erasures that came to their end, by which pass it was.", ["kind"])
reviews_queued_total = Counter("burnish_reviews_queued_total", "Answers put into the review queue, or given one more reason to be there.")
scores_counted_total = Counter("burnish_scores_counted_total", "Scores of evaluators that were added to rollups.")
adopted_total = Counter("burnish_group_executions_moved_total", "Executions of groups that count for the prompt which the group became.")
