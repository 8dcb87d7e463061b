"""What the gateway, which configures channels of alerts, and the webhooks service, which sends to them, must agree on."""

from typing import Final, Literal
from uuid import UUID

ChannelKind = Literal["email", "slack", "teams", "pagerduty"]
Severity = Literal["info", "warning", "error", "critical"]
AlertKind = Literal["feedback_threshold", "degradation", "budget", "credits", "provider_key", "usage", "model", "provider", "target"]

ToldKind = Literal[AlertKind, "experiment"]
"""What a channel can be narrowed to: alerts of a kind, and what happens to rollouts and experiments."""

OF_NO_PROMPT: Final[frozenset[AlertKind]] = frozenset({"credits", "provider_key", "usage", "model", "provider"})
"""Kinds whose alerts are never about a prompt; a budget's may be."""

SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "error", "critical")
"""From least to most, in the words of PagerDuty's Events API v2."""

PAGERDUTY_URLS: Final = {"us": "https://events.pagerduty.com/v2/enqueue", "eu": "https://events.eu.pagerduty.com/v2/enqueue"}
"""PagerDuty's Events API v2, by service region."""

ENDPOINT_OFF: Final = "webhook.endpoint_disabled"
ENDPOINT_ON: Final = "webhook.endpoint_enabled"
ENDPOINT_GONE: Final = "webhook.endpoint_deleted"
"""`event_type` of notices: an endpoint was switched off; somebody enabled it again; or deleted it, which ends the trouble too. The latter
two are told by no webhook."""

OVER_ALREADY: Final = "over_already"
"""Why such a notice was not sent: the endpoint was on again, or gone, by then. It says nothing of the channel."""

TEST: Final = "test"
"""`event_type` of a notice that somebody asked for to try a channel."""


def channel_context(workspace_id: UUID, channel_id: UUID) -> str:
    """What a channel's address or key is bound to when it is sealed (PROMISES S-02)."""
    return f"alert_channel|{workspace_id}|{channel_id}"
