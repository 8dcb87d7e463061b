"""Prometheus objects of feedback at the gateway."""

from typing import Final

from prometheus_client import Counter

PUBLISHED: Final = Counter("burnish_feedback_accepted_total", "Reactions answered 202, by where they were made durable.", ["by"])
"""by: stream | outbox."""
