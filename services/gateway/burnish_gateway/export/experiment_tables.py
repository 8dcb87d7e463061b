"""The tables of an export that hold experiments. Their figures are sums over executions and feedback, which are exported. Pure data."""

from typing import Final

from burnish_gateway.export.table import INTERNAL
from burnish_gateway.export.table import exported as _table

EXPERIMENT_TABLES: Final = (
    _table(
        "experiment_settings", "min_samples confidence holdout_buckets holdout_key rollout_policy updated_at", "min_samples",
    ),
    _table("experiment_namespaces", "namespace unit hash_key created_by created_at", "namespace"),
    _table(
        "experiments",
        "experiment_id name description prompt_id slug label kind status rollout_state unit targeting namespace namespace_from namespace_to"
        " hash_key metric direction method allocation on_winner guardrails rollout settings latency_limit_ms epoch step step_started_at"
        " verdict winner decided_by promotion suggestion_id shadow_budget_nusd simulated revision created_by created_at updated_at"
        " started_at paused_at completed_at",
        "experiment_id", shadow_account_id=INTERNAL, hops=INTERNAL,
    ),
    _table("experiment_arms", "experiment_id arm position mode is_control label version model buckets", "experiment_id arm"),
    _table("experiment_epochs", "experiment_id epoch shares ranges step reason by started_at ended_at", "experiment_id epoch"),
    _table("experiment_outside", "experiment_id reason calls seen_at", "experiment_id reason"),
    _table(
        "experiment_backtests",
        "backtest_id experiment_id prompt_id slug arms window_from window_to inputs found batch_id created_by created_at", "backtest_id",
    ),
)  # fmt: skip
