"""Prometheus objects of the webhooks service. Labels are words of ours, never a tenant's."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

deliveries_made_total: Final = Counter("burnish_webhook_deliveries_made_total", "Delivery rows written by the fan-out.")
attempts_total: Final = Counter("burnish_webhook_attempts_total", "Attempts by what came of them.", ["outcome"])
"""outcome: delivered | retry | exhausted | aborted | gone | lost_claim | not_sent | failed."""

attempt_seconds: Final = Histogram(
    "burnish_webhook_attempt_seconds", "Time of one POST to a receiver.", buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20)
)
notices_total: Final = Counter("burnish_alert_notices_total", "Attempts to tell of an alert, by what came of them.", ["outcome"])
"""outcome: sent | tryagain | failed | not_sent | broken."""

mails_total: Final = Counter("burnish_mails_total", "Attempts to mail a link to one person, by what came of them.", ["outcome"])
"""outcome: sent | tryagain | failed | not_sent | broken."""

in_flight: Final = Gauge("burnish_webhook_in_flight", "Attempts under way in this process.")
held: Final = Gauge("burnish_webhook_held", "1 after a restore, until an operator lets messages go out again.")
due_endpoints: Final = Gauge("burnish_webhook_due_endpoints", "Endpoints that wait for their turn, in the whole installation.")
oldest_due_seconds: Final = Gauge("burnish_webhook_oldest_due_seconds", "How long the first of them waits.")
breaker_openings_total: Final = Counter(
    "burnish_webhook_breaker_openings_total", "Times that an endpoint was left in peace after failures."
)
endpoints_disabled_total: Final = Counter("burnish_webhook_endpoints_disabled_total", "Endpoints switched off.", ["reason"])
"""reason: gone (410) | failing."""

replays_total: Final = Counter("burnish_webhook_replays_total", "Wishes to send again, by what came of them.", ["outcome"])
