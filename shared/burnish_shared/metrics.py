"""Prometheus objects that every service has. Labels are names of ours only (consumers, streams, services), never a tenant's (P-07)."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

# A second series beside each, with the time at which it began, which no rule or dashboard asks for: half of all series.
disable_created_metrics()  # type: ignore[no-untyped-call]

HANDLE_BUCKETS: Final = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0)

messages_total = Counter("burnish_messages_total", "Messages by how their handling ended.", ["consumer", "outcome"])
"""outcome: handled | retried | dead_lettered."""

handle_seconds = Histogram("burnish_handle_seconds", "Time of one call of a consumer's handler.", ["consumer"], buckets=HANDLE_BUCKETS)
consumer_paused = Gauge("burnish_consumer_paused", "1 while a consumer stands still because too much was dead-lettered.", ["consumer"])
events_dropped_total = Counter("burnish_events_dropped_total", "Input that was dropped, by reason (A-08).", ["consumer", "reason"])

consumer_pending = Gauge("burnish_consumer_pending", "Messages that a consumer has not been given yet.", ["consumer"])
consumer_unacknowledged = Gauge("burnish_consumer_unacknowledged", "Messages in hand or waiting for their retry.", ["consumer"])
consumer_full_ratio = Gauge("burnish_consumer_full_ratio", "Unacknowledged messages as a share of the most that are allowed.", ["consumer"])
consumer_readers = Gauge("burnish_consumer_readers", "Requests that wait at the consumer; 0 for long: nobody reads it.", ["consumer"])
consumer_pending_oldest_seconds = Gauge(
    "burnish_consumer_pending_oldest_seconds",
    "Age of the oldest message that a consumer has not been given yet; 0 when there is none.",
    ["consumer"],
)
consumer_unfinished_oldest_seconds = Gauge(
    "burnish_consumer_unfinished_oldest_seconds",
    "Age of the oldest message that a consumer has not finished, also of one in hand.",
    ["consumer"],
)
stream_full_ratio = Gauge("burnish_stream_full_ratio", "Bytes in a stream as a share of the most that it may hold.", ["stream"])

outbox_sent_total = Counter("burnish_outbox_sent_total", "Outbox rows by what came of publishing them.", ["service", "outcome"])
"""outcome: sent | repeated (the stream had it) | failed."""

outbox_unsent = Gauge("burnish_outbox_unsent", "Outbox rows that wait to be published.", ["service"])
outbox_oldest_seconds = Gauge("burnish_outbox_oldest_seconds", "Age of the oldest outbox row that waits; 0 when none does.", ["service"])
daytona_runs_total = Counter("burnish_daytona_runs_total", "Runs of code at Daytona by what came of them.", ["outcome"])
"""outcome: finished | failed (the code's own doing) | busy | refused (the key, or what is asked for; for the operator) | away."""

stream_losses_total = Counter("burnish_stream_losses_total", "Times that a stream was found to have lost messages.", ["stream"])
provision_refused = Gauge("burnish_provision_refused", "Settings of streams and consumers that differ and cannot be corrected.")
