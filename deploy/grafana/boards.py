"""What each dashboard shows, as data: boards of rows of panels, a panel of queries in PromQL with their legends."""

from dataclasses import dataclass
from typing import Final

RATE: Final = "$__rate_interval"


@dataclass(frozen=True, slots=True)
class Panel:
    """`unit` is one of Grafana's. `alarm`: the line above which somebody should look; None draws no line."""

    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    says: str = ""
    alarm: float | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """`uid` stays for ever: links and alerts name it."""

    uid: str
    title: str
    panels: tuple[Panel, ...]


def rates(metric: str, by: str = "") -> str:
    """A second's increase, of all replicas together, told apart by the labels `by`."""
    return f"sum by ({by}) (rate({metric}[{RATE}]))" if by else f"sum(rate({metric}[{RATE}]))"


def quantile(share: float, metric: str, by: str = "") -> str:
    """A percentile of a histogram over all replicas."""
    return f"histogram_quantile({share}, sum by ({', '.join(filter(None, ('le', by)))}) (rate({metric}_bucket[{RATE}])))"


def spread(metric: str) -> tuple[tuple[str, str], ...]:
    return tuple((quantile(share, metric), name) for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99")))


OVERVIEW: Final = Board(
    "burnish-overview",
    "Burnish: overview",
    (
        Panel("Requests a second", "reqps", ((rates("burnish_gateway_requests_total", "status_class"), "{{status_class}}"),)),
        Panel("Time to answer", "s", spread("burnish_gateway_request_seconds"), "To the last byte; streams count whole."),
        Panel(
            "Share of requests that failed by our fault",
            "percentunit",
            (
                (
                    f'(sum(rate(burnish_gateway_requests_total{{status_class="5xx"}}[{RATE}])) or vector(0))'
                    f" / clamp_min({rates('burnish_gateway_requests_total')}, 0.001)",
                    "5xx",
                ),
            ),
            alarm=0.01,
        ),
        Panel("Executions by how they ended", "ops", ((rates("burnish_executor_finished_total", "lane, status"), "{{lane}} {{status}}"),)),
        Panel("Cost a second", "currencyUSD", ((f"{rates('burnish_executor_cost_nusd_total', 'lane')} / 1e9", "{{lane}}"),)),
        Panel("Reactions a second", "ops", ((rates("burnish_feedback_accepted_total"), "accepted"),)),
        Panel("Messages that consumers have not got yet", "short", (("max by (consumer) (burnish_consumer_pending)", "{{consumer}}"),)),
        Panel("Oldest event in the outbox", "s", (("max by (service) (burnish_outbox_oldest_seconds)", "{{service}}"),), alarm=60),
        Panel("Alerts raised", "short", (("sum by (kind) (increase(burnish_alerts_raised_total[1h]))", "{{kind}}"),)),
        Panel("Webhook attempts by outcome", "ops", ((rates("burnish_webhook_attempts_total", "outcome"), "{{outcome}}"),)),
        Panel("Ledger drift, nano-dollars", "short", (("max(burnish_ledger_drift)", "drift"),), "Must be 0.", alarm=1),
        Panel(
            "Age of the last backup",
            "s",
            (("time() - max by (kind) (burnish_backup_taken_timestamp_seconds)", "{{kind}}"),),
            "By burnish backup; empty where nobody ever took one so.",
        ),
        Panel("Replicas that answer", "short", (("sum by (job) (up)", "{{job}}"),)),
    ),
)

GATEWAY: Final = Board(
    "burnish-gateway",
    "Burnish: gateway",
    (
        Panel(
            "Busiest routes", "reqps", ((f"topk(10, {rates('burnish_gateway_requests_total', 'method, route')})", "{{method}} {{route}}"),)
        ),
        Panel("Time to answer by area, p95", "s", ((quantile(0.95, "burnish_gateway_request_seconds", "area"), "{{area}}"),)),
        Panel("Admission verdicts", "ops", ((rates("burnish_gateway_admissions_total", "verdict"), "{{verdict}}"),)),
        Panel("Executions whose answer is awaited", "short", (("sum(burnish_gateway_open_executions)", "waiting callers"),)),
        Panel("Executions taken from an executor", "ops", ((rates("burnish_gateway_handovers_total", "reason"), "{{reason}}"),)),
        Panel("Models chosen by rule or requirement", "ops", ((rates("burnish_gateway_routed_total", "outcome"), "{{outcome}}"),)),
        Panel("Open live streams", "short", (("sum(burnish_gateway_live_streams)", "streams"),)),
        Panel("Live streams that ended", "ops", ((rates("burnish_gateway_live_ended_total", "reason"), "{{reason}}"),)),
        Panel("Sign-ins", "ops", ((rates("burnish_gateway_sign_ins_total", "outcome"), "{{outcome}}"),)),
        Panel("Chain runs by how they ended", "ops", ((rates("burnish_gateway_chain_runs_total", "status"), "{{status}}"),)),
        Panel("Background work that failed", "ops", ((rates("burnish_gateway_background_failed_total", "task"), "{{task}}"),)),
        Panel("Executions taken in from elsewhere", "ops", ((rates("burnish_imported_executions_total", "outcome"), "{{outcome}}"),)),
    ),
)

EXECUTOR: Final = Board(
    "burnish-executor",
    "Burnish: executor and providers",
    (
        Panel("Executions under way", "short", (("sum by (lane) (burnish_executor_running)", "{{lane}}"),)),
        Panel("Provider time, p95 by outcome", "s", ((quantile(0.95, "burnish_executor_provider_seconds", "outcome"), "{{outcome}}"),)),
        Panel("Provider calls by outcome", "ops", ((rates("burnish_executor_provider_seconds_count", "outcome"), "{{outcome}}"),)),
        Panel("Other models asked, by what had failed", "ops", ((rates("burnish_executor_fallbacks_total", "reason"), "{{reason}}"),)),
        Panel("Circuits", "ops", ((rates("burnish_executor_circuits_total", "outcome"), "{{outcome}}"),)),
        Panel("Waiting for a provider's limit", "s", spread("burnish_executor_limit_wait_seconds")),
        Panel("Troubles of workspaces' keys", "ops", ((rates("burnish_executor_key_troubles_total", "outcome"), "{{outcome}}"),)),
        Panel("Cache", "ops", ((rates("burnish_executor_cache_total", "outcome"), "{{outcome}}"),)),
        Panel(
            "Requests refused for want of a slot, and queued work that made way",
            "ops",
            (
                (rates("burnish_executor_slots_refused_total", "reason"), "{{reason}}"),
                (rates("burnish_executor_stepped_aside_total", "lane"), "made way: {{lane}}"),
            ),
        ),
        Panel("Finished executions that wait to be booked", "short", (("sum(burnish_executor_record_waiting)", "waiting"),), alarm=2048),
        Panel(
            "Guardrails and answers checked",
            "ops",
            (
                (rates("burnish_executor_guarded_total", "outcome"), "guarded: {{outcome}}"),
                (rates("burnish_executor_answers_checked_total", "outcome"), "answer: {{outcome}}"),
            ),
        ),
        Panel("Ended by the sweeper", "short", (("sum(increase(burnish_executor_swept_total[1h]))", "in the last hour"),), alarm=1),
    ),
)

PIPELINE: Final = Board(
    "burnish-pipeline",
    "Burnish: pipeline and lag",
    (
        Panel(
            "From the end of an execution to its count",
            "s",
            (
                (quantile(0.5, "burnish_analytics_lag_seconds", "consumer"), "{{consumer}} p50"),
                (quantile(0.95, "burnish_analytics_lag_seconds", "consumer"), "{{consumer}} p95"),
            ),
            "The promise is 10 s at the 95th percentile.",
            alarm=10,
        ),
        Panel(
            "Messages by how their handling ended",
            "ops",
            ((rates("burnish_messages_total", "consumer, outcome"), "{{consumer}} {{outcome}}"),),
        ),
        Panel("Not given yet", "short", (("max by (consumer) (burnish_consumer_pending)", "{{consumer}}"),), alarm=5000),
        Panel(
            "In hand or waiting for their retry",
            "percentunit",
            (("max by (consumer) (burnish_consumer_full_ratio)", "{{consumer}}"),),
            alarm=0.8,
        ),
        Panel(
            "Oldest message that a consumer has not been given",
            "s",
            (("max by (consumer) (burnish_consumer_pending_oldest_seconds)", "{{consumer}}"),),
            "Executions in the queues wait for room by design.",
            alarm=60,
        ),
        Panel(
            "Oldest message that a consumer has not finished",
            "s",
            (("max by (consumer) (burnish_consumer_unfinished_oldest_seconds)", "{{consumer}}"),),
            alarm=3600,
        ),
        Panel("How full each stream is", "percentunit", (("max by (stream) (burnish_stream_full_ratio)", "{{stream}}"),), alarm=0.7),
        Panel(
            "Dead letters that wait for somebody",
            "short",
            (("max by (consumer) (burnish_dead_letters)", "{{consumer}}"),),
            "burnish dlq list says which, and why.",
            alarm=1,
        ),
        Panel("Readers at each consumer", "short", (("max by (consumer) (burnish_consumer_readers)", "{{consumer}}"),)),
        Panel("Input dropped, by reason", "ops", ((rates("burnish_events_dropped_total", "consumer, reason"), "{{consumer}} {{reason}}"),)),
        Panel("Items of batches", "ops", ((rates("burnish_analytics_items_total", "consumer, outcome"), "{{consumer}} {{outcome}}"),)),
        Panel("Outbox rows that wait", "short", (("max by (service) (burnish_outbox_unsent)", "{{service}}"),)),
        Panel(
            "Reactions without their execution",
            "short",
            (
                ("max(burnish_feedback_waiting)", "waiting"),
                ("max(burnish_feedback_orphans)", "for more than 7 days"),
            ),
        ),
        Panel(
            "Streams that lost messages", "short", (("sum by (stream) (increase(burnish_stream_losses_total[1h]))", "{{stream}}"),), alarm=1
        ),
        Panel(
            "Rollups that were not the sum of their rows",
            "short",
            (("sum(increase(burnish_recount_differences_total[24h]))", "differences"),),
            alarm=1,
        ),
        Panel("Housework that failed", "short", (("sum by (task) (increase(burnish_housework_failures_total[1h]))", "{{task}}"),)),
    ),
)

WEBHOOKS: Final = Board(
    "burnish-webhooks",
    "Burnish: webhooks",
    (
        Panel("Attempts by outcome", "ops", ((rates("burnish_webhook_attempts_total", "outcome"), "{{outcome}}"),)),
        Panel("Time of one attempt", "s", spread("burnish_webhook_attempt_seconds")),
        Panel("How long the first due one waits", "s", (("max(burnish_webhook_oldest_due_seconds)", "oldest"),), alarm=120),
        Panel("Endpoints that wait for their turn", "short", (("max(burnish_webhook_due_endpoints)", "endpoints"),)),
        Panel("Attempts under way", "short", (("sum(burnish_webhook_in_flight)", "in flight"),)),
        Panel("Deliveries made", "ops", ((rates("burnish_webhook_deliveries_made_total"), "rows"),)),
        Panel(
            "Endpoints left in peace after failures", "short", (("sum(increase(burnish_webhook_breaker_openings_total[1h]))", "openings"),)
        ),
        Panel(
            "Endpoints switched off",
            "short",
            (("sum by (reason) (increase(burnish_webhook_endpoints_disabled_total[24h]))", "{{reason}}"),),
        ),
        Panel("Sent again by wish", "ops", ((rates("burnish_webhook_replays_total", "outcome"), "{{outcome}}"),)),
        Panel("Notices of alerts", "ops", ((rates("burnish_alert_notices_total", "outcome"), "{{outcome}}"),)),
    ),
)

OPTIMIZER: Final = Board(
    "burnish-optimizer",
    "Burnish: optimizer",
    (
        Panel("Work under way", "short", (("sum by (kind) (burnish_optimizer_work_running)", "{{kind}}"),)),
        Panel("Evaluations", "ops", ((rates("burnish_optimizer_evaluations_total", "outcome"), "{{outcome}}"),)),
        Panel("Work that ended", "short", (("sum by (kind, how) (increase(burnish_optimizer_work_ended_total[1h]))", "{{kind}} {{how}}"),)),
        Panel("Time from claim to end, p95", "s", ((quantile(0.95, "burnish_optimizer_work_seconds", "kind"), "{{kind}}"),)),
        Panel(
            "Runs of code at Daytona",
            "ops",
            ((rates("burnish_daytona_runs_total", "outcome"), "{{outcome}}"),),
            "Of all services; none where code runs here. Refused: the operator has to do something.",
        ),
        Panel("Scores of live traffic", "ops", ((rates("burnish_optimizer_scores_total", "kind, outcome"), "{{kind}} {{outcome}}"),)),
        Panel(
            "Scores counted, answers queued for review",
            "ops",
            (
                (rates("burnish_scores_counted_total"), "scores"),
                (rates("burnish_reviews_queued_total"), "reviews"),
            ),
        ),
    ),
)

MONEY: Final = Board(
    "burnish-money",
    "Burnish: money",
    (
        Panel("Cost a second", "currencyUSD", ((f"{rates('burnish_executor_cost_nusd_total', 'lane')} / 1e9", "{{lane}}"),)),
        Panel(
            "Cost of the last 24 hours",
            "currencyUSD",
            (("sum by (lane) (increase(burnish_executor_cost_nusd_total[24h])) / 1e9", "{{lane}}"),),
        ),
        Panel("Tokens a second", "short", ((rates("burnish_executor_tokens_total", "kind"), "{{kind}}"),)),
        Panel(
            "Admissions refused",
            "ops",
            ((f'sum by (verdict) (rate(burnish_gateway_admissions_total{{verdict!="admitted"}}[{RATE}]))', "{{verdict}}"),),
        ),
        Panel(
            "Billed by providers beyond holds",
            "currencyUSD",
            (("sum(increase(burnish_executor_overage_nusd_total[24h])) / 1e9", "last 24 hours"),),
        ),
        Panel("Ledger drift, nano-dollars", "short", (("max(burnish_ledger_drift)", "drift"),), "Must be 0.", alarm=1),
        Panel("Base credits and allowances given", "short", (("sum(increase(burnish_month_turns_total[24h]))", "last 24 hours"),)),
        Panel("Executions ended by the sweeper", "short", (("sum(increase(burnish_executor_swept_total[1h]))", "last hour"),), alarm=1),
        Panel("Holds", "short", (("max by (lane) (burnish_holds_open)", "{{lane}}"),), "Of executions that are not booked yet."),
        Panel(
            "Oldest hold",
            "s",
            (("max by (lane) (burnish_hold_oldest_seconds)", "{{lane}}"),),
            "Since admission. What waits in the background counts its queue; else a call may last ten minutes where it asks for it.",
        ),
        Panel(
            "Holds that outlived their deadline",
            "s",
            (("max by (lane) (burnish_hold_overdue_seconds)", "{{lane}}"),),
            "The sweeper ends them 60 to 75 s after it.",
            alarm=180,
        ),
    ),
)

BOARDS: Final = (OVERVIEW, GATEWAY, EXECUTOR, PIPELINE, WEBHOOKS, OPTIMIZER, MONEY)
