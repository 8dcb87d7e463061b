"""Writes deploy/grafana/dashboards/overview.json.

Run `python deploy/grafana/build.py` after a change; a test compares, and checks each query.
"""

import json
import sys
from pathlib import Path
from typing import Any

PANELS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Requests a second",
        "reqps",
        (("sum by (status_class) (rate(burnish_gateway_requests_total[$__rate_interval]))", "{{status_class}}"),),
    ),
    (
        "Time to answer, p50 and p95",
        "s",
        (
            ("histogram_quantile(0.5, sum by (le) (rate(burnish_gateway_request_seconds_bucket[$__rate_interval])))", "p50"),
            ("histogram_quantile(0.95, sum by (le) (rate(burnish_gateway_request_seconds_bucket[$__rate_interval])))", "p95"),
        ),
    ),
    (
        "Executions by how they ended",
        "ops",
        (("sum by (lane, status) (rate(burnish_executor_finished_total[$__rate_interval]))", "{{lane}} {{status}}"),),
    ),
    ("Admission verdicts", "ops", (("sum by (verdict) (rate(burnish_gateway_admissions_total[$__rate_interval]))", "{{verdict}}"),)),
    (
        "Provider time, p95 by outcome",
        "s",
        (
            (
                "histogram_quantile(0.95, sum by (le, outcome) (rate(burnish_executor_provider_seconds_bucket[$__rate_interval])))",
                "{{outcome}}",
            ),
        ),
    ),
    (
        "Executions under way",
        "short",
        (("sum by (lane) (burnish_executor_running)", "{{lane}}"), ("sum(burnish_gateway_open_executions)", "waiting callers")),
    ),
    ("Messages that consumers have not got yet", "short", (("max by (consumer) (burnish_consumer_pending)", "{{consumer}}"),)),
    ("Oldest event in the outbox", "s", (("max by (service) (burnish_outbox_oldest_seconds)", "{{service}}"),)),
    ("Reactions a second", "ops", (("sum(rate(burnish_feedback_accepted_total[$__rate_interval]))", "accepted"),)),
    ("Alerts raised", "short", (("sum by (kind) (increase(burnish_alerts_raised_total[1h]))", "{{kind}}"),)),
    (
        "Optimizer evaluations a second",
        "ops",
        (("sum by (outcome) (rate(burnish_optimizer_evaluations_total[$__rate_interval]))", "{{outcome}}"),),
    ),
    ("Webhook attempts by outcome", "ops", (("sum by (outcome) (rate(burnish_webhook_attempts_total[$__rate_interval]))", "{{outcome}}"),)),
)


def panel(number: int, title: str, unit: str, queries: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "gridPos": {"h": 8, "w": 8, "x": number % 3 * 8, "y": number // 3 * 8},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [{"refId": chr(65 + i), "expr": expr, "legendFormat": legend} for i, (expr, legend) in enumerate(queries)],
    }


def dashboard() -> dict[str, Any]:
    return {
        "uid": "burnish-overview",
        "title": "Burnish",
        "schemaVersion": 41,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus", "current": {}}]},
        "panels": [panel(number, *one) for number, one in enumerate(PANELS)],
    }


def rendered() -> str:
    return json.dumps(dashboard(), indent=2) + "\n"


if __name__ == "__main__":
    target = Path(__file__).with_name("dashboards") / "overview.json"
    target.write_text(rendered())
    sys.stderr.write(f"wrote {target}\n")
