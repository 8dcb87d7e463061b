"""Every alert rule rings for what it names, is silent for what is well, and leads to an entry of the runbook."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RULES: Final = [
    rule for group in yaml.safe_load((ROOT / "deploy/prometheus/rules/burnish.yml").read_text())["groups"] for rule in group["rules"]
]
MINUTES: Final = 68

Series = dict[str, str]

UP: Final = {
    f'up{{job="{name}",instance="a"}}': "1x70" for name in ("gateway", "executor", "optimizer", "analytics", "webhooks", "provisioner")
}

CASES: Final[dict[str, tuple[Series, Series]]] = {
    "BurnishFeedbackThresholdReached": (
        {'burnish_alerts_raised_total{kind="feedback_threshold"}': "0x60 1x10"},
        {'burnish_alerts_raised_total{kind="degradation"}': "0x60 1x10"},
    ),
    "BurnishPromptDegraded": (
        {'burnish_alerts_raised_total{kind="degradation"}': "0x60 1x10"},
        {'burnish_alerts_raised_total{kind="feedback_threshold"}': "0x60 1x10"},
    ),
    "BurnishConsumerLag": ({'burnish_consumer_pending{consumer="c"}': "6000x70"}, {'burnish_consumer_pending{consumer="c"}': "100x70"}),
    "BurnishMessagesWait": (
        {'burnish_consumer_pending_oldest_seconds{consumer="analytics_records"}': "90x70"},
        {'burnish_consumer_pending_oldest_seconds{consumer="analytics_records"}': "30x70",
         'burnish_consumer_pending_oldest_seconds{consumer="executor_batch"}': "600x70"},
    ),
    "BurnishMessageUnfinished": (
        {'burnish_consumer_unfinished_oldest_seconds{consumer="c"}': "0+60x10 4000x60"},
        {'burnish_consumer_unfinished_oldest_seconds{consumer="c"}': "1800x70"},
    ),
    "BurnishDeadLetters": ({'burnish_dead_letters{consumer="c"}': "1x70"}, {'burnish_dead_letters{consumer="c"}': "0x70"}),
    "BurnishStreamFull": (
        {'burnish_stream_full_ratio{stream="EVENTS"}': "0.8x70"},
        {'burnish_stream_full_ratio{stream="EVENTS"}': "0.5x70"},
    ),
    "BurnishConsumerFull": (
        {'burnish_consumer_full_ratio{consumer="c"}': "0.9x70"},
        {'burnish_consumer_full_ratio{consumer="c"}': "0.5x70"},
    ),
    "BurnishConsumerPaused": ({'burnish_consumer_paused{consumer="c"}': "1x70"}, {'burnish_consumer_paused{consumer="c"}': "0x70"}),
    "BurnishOutboxLag": (
        {'burnish_outbox_oldest_seconds{service="gateway"}': "90x70"},
        {'burnish_outbox_oldest_seconds{service="gateway"}': "1x70"},
    ),
    "BurnishStreamsUnwritable": (
        {'burnish_outbox_sent_total{service="gateway",outcome="failed"}': "0+5x70",
         'burnish_outbox_oldest_seconds{service="gateway"}': "90x70"},
        {'burnish_outbox_sent_total{service="gateway",outcome="failed"}': "0x70",
         'burnish_outbox_oldest_seconds{service="gateway"}': "90x70"},
    ),
    "BurnishConsumerUnread": (
        {'burnish_consumer_readers{consumer="c"}': "0x70", 'burnish_consumer_pending{consumer="c"}': "5x70"},
        {'burnish_consumer_readers{consumer="c"}': "0x70", 'burnish_consumer_pending{consumer="c"}': "0x70"},
    ),
    "BurnishConsumerRetries": (
        {'burnish_messages_total{consumer="c",outcome="retried"}': "0+5x70",
         'burnish_messages_total{consumer="c",outcome="handled"}': "0+10x70"},
        {'burnish_messages_total{consumer="c",outcome="retried"}': "0+1x70",
         'burnish_messages_total{consumer="c",outcome="handled"}': "0+50x70"},
    ),
    "BurnishCountingLate": (
        {'burnish_analytics_lag_seconds_bucket{le="10"}': "0+1x70", 'burnish_analytics_lag_seconds_bucket{le="60"}': "0+10x70",
         'burnish_analytics_lag_seconds_bucket{le="+Inf"}': "0+10x70"},
        {'burnish_analytics_lag_seconds_bucket{le="1"}': "0+10x70", 'burnish_analytics_lag_seconds_bucket{le="+Inf"}': "0+10x70"},
    ),
    "BurnishWebhooksLate": ({"burnish_webhook_oldest_due_seconds": "300x70"}, {"burnish_webhook_oldest_due_seconds": "3x70"}),
    "BurnishWebhooksHeld": ({"burnish_webhook_held": "1x70"}, {"burnish_webhook_held": "0x70"}),
    "BurnishBackupLate": (
        {'burnish_backup_taken_timestamp_seconds{kind="whole"}': "-180000x70",
         'burnish_backup_taken_timestamp_seconds{kind="erasures"}': "0+60x70"},
        {'burnish_backup_taken_timestamp_seconds{kind="whole"}': "-90000x70",
         'burnish_backup_taken_timestamp_seconds{kind="erasures"}': "-900+60x70"},
    ),
    "BurnishLedgerDrift": ({"burnish_ledger_drift": "1x70"}, {"burnish_ledger_drift": "0x70"}),
    "BurnishLedgerUnchecked": (
        {"burnish_ledger_checked_timestamp_seconds": "0x70"},
        {"burnish_ledger_checked_timestamp_seconds": "0+60x70"},
    ),
    "BurnishExecutionsSwept": ({"burnish_executor_swept_total": "0+2x70"}, {"burnish_executor_swept_total": "0x60 1x10"}),
    "BurnishHoldStuck": (
        {'burnish_hold_overdue_seconds{lane="interactive"}': "0x60 120+60x10"},
        {'burnish_hold_overdue_seconds{lane="interactive"}': "75x70", 'burnish_hold_oldest_seconds{lane="interactive"}': "660x70"},
    ),
    "BurnishProviderOverage": (
        {"burnish_executor_overage_nusd_total": "0+2000x1500", 'burnish_executor_cost_nusd_total{lane="batch"}': "0+1000000x1500"},
        {"burnish_executor_overage_nusd_total": "0+2000000x1500", 'burnish_executor_cost_nusd_total{lane="batch"}': "0+4000000000x1500"},
    ),
    "BurnishRecountDiffers": ({"burnish_recount_differences_total": "0x700 1x800"}, {"burnish_recount_differences_total": "3x1500"}),
    "BurnishBooksBehind": ({"burnish_executor_record_waiting": "3000x70"}, {"burnish_executor_record_waiting": "30x70"}),
    "BurnishStreamLost": (
        {'burnish_stream_losses_total{stream="RECORDS"}': "0x60 1x10"},
        {'burnish_stream_losses_total{stream="RECORDS"}': "1x70"},
    ),
    "BurnishServerErrors": (
        {'burnish_gateway_requests_total{status_class="5xx"}': "0+5x70",
         'burnish_gateway_requests_total{status_class="2xx"}': "0+95x70"},
        {'burnish_gateway_requests_total{status_class="5xx"}': "0+1x70",
         'burnish_gateway_requests_total{status_class="2xx"}': "0+99x70"},
    ),
    "BurnishServiceDown": (UP | {'up{job="gateway",instance="a"}': "0x70"}, UP),
    "BurnishSlow": (
        {'burnish_gateway_request_seconds_bucket{area="prompts",le="1"}': "0+1x70",
         'burnish_gateway_request_seconds_bucket{area="prompts",le="5"}': "0+10x70",
         'burnish_gateway_request_seconds_bucket{area="prompts",le="+Inf"}': "0+10x70"},
        {'burnish_gateway_request_seconds_bucket{area="openai",le="1"}': "0+1x70",
         'burnish_gateway_request_seconds_bucket{area="openai",le="+Inf"}': "0+10x70"},
    ),
    "BurnishSlotsTaken": (
        {'burnish_executor_slots_refused_total{reason="workspace"}': "0+120x70"},
        {'burnish_executor_slots_refused_total{reason="workspace"}': "0+6x70"},
    ),
    "BurnishProvidersFail": (
        {'burnish_executor_provider_seconds_count{outcome="provider_failed"}': "0+30x70",
         'burnish_executor_provider_seconds_count{outcome="success"}': "0+70x70"},
        {'burnish_executor_provider_seconds_count{outcome="cancelled"}': "0+30x70",
         'burnish_executor_provider_seconds_count{outcome="success"}': "0+70x70"},
    ),
    "BurnishOperatorKeyRefused": (
        {'burnish_executor_key_troubles_total{outcome="platform_refused"}': "0x60 1x10"},
        {'burnish_executor_key_troubles_total{outcome="platform_refused"}': "3x70",
         'burnish_executor_key_troubles_total{outcome="set_aside"}': "0+5x70"},
    ),
    "BurnishLiteLLMRestarts": ({"burnish_executor_litellm_starts_total": "0+1x70"}, {"burnish_executor_litellm_starts_total": "1x70"}),
    "BurnishHouseworkFails": (
        {'burnish_housework_failures_total{task="recount"}': "0+1x70"},
        {'burnish_housework_failures_total{task="recount"}': "1x70"},
    ),
    "BurnishRetentionStands": (
        {"burnish_retention_finished_timestamp_seconds": "60x3000"},
        {"burnish_retention_finished_timestamp_seconds": "60+60x3000"},
    ),
    "BurnishErasuresDue": ({"burnish_erasures_due": "2x1500"}, {"burnish_erasures_due": "0x1490 2x10"}),
    "BurnishStreamsDiffer": ({"burnish_provision_refused": "1x70"}, {"burnish_provision_refused": "0x70"}),
}  # fmt: skip

LATER: Final = {"BurnishProviderOverage": 1470, "BurnishRecountDiffers": 1470, "BurnishErasuresDue": 1470, "BurnishRetentionStands": 2940}
"""Minutes: they look back a day or two, and promtool's clock begins at 0."""


def test_every_alert_has_a_case_that_rings_and_one_that_does_not() -> None:
    assert set(CASES) == {rule["alert"] for rule in RULES}


@pytest.mark.capability("I1")
@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian's package prometheus has it)")
def test_alerts_ring_for_what_they_name_and_for_nothing_else(tmp_path: Path) -> None:
    asked = [str(_file_of(rule, tmp_path)) for rule in RULES]
    run = subprocess.run(["promtool", "test", "rules", *asked], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("SUCCESS") == len(RULES), run.stdout


def _file_of(rule: dict[str, Any], folder: Path) -> Path:
    """One rule by itself and what promtool is asked of it: all of them at each minute of each case are forty times the work."""
    alert = rule["alert"]
    query = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
    cases = [
        (f"{'rings' if samples else 'is silent'}", series, query, samples)
        for series, samples in zip(CASES[alert], ([{"value": 1}], []), strict=True)
    ]
    if alert == "BurnishServiceDown":
        gone = {name: values for name, values in UP.items() if "webhooks" not in name}
        of_it = f'count(ALERTS{{alertname="{alert}",alertstate="firing",job="webhooks"}})'
        cases.append(("rings where a service is wholly gone", gone, of_it, [{"value": 1}]))
    tests = [
        {
            "interval": "1m",
            "name": f"{alert} {what}",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [{"expr": asked, "eval_time": f"{LATER.get(alert, MINUTES)}m", "exp_samples": samples}],
        }
        for what, series, asked, samples in cases
    ]
    rules, path = folder / f"{alert}.rules.yml", folder / f"{alert}.yml"
    rules.write_text(yaml.safe_dump({"groups": [{"name": alert, "rules": [rule]}]}))
    interval = "30m" if alert in LATER else "1m"
    path.write_text(yaml.safe_dump({"rule_files": [str(rules)], "evaluation_interval": interval, "tests": tests}))
    return path


def test_every_alert_leads_to_its_entry_in_the_runbook() -> None:
    entries = set(re.findall(r"^### (\w+)$", (ROOT / "docs/runbook.md").read_text(), re.MULTILINE))
    assert entries == {rule["alert"] for rule in RULES}
    wrong = [rule["alert"] for rule in RULES if rule["annotations"].get("runbook") != f"docs/runbook.md#{rule['alert'].lower()}"]
    assert not wrong
