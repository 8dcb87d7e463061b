"""Prometheus objects of inbound webhooks."""

from typing import Final

from prometheus_client import Counter

RECEIVED: Final = Counter("burnish_inbound_messages_total", "Messages of other systems' webhooks, by what became of them.", ["outcome"])
"""outcome: taken | left_alone | refused | slowed_down."""
