"""Which endpoints want an event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from burnish_shared.contracts.events import Event
from burnish_shared.contracts.webhooks import FILTER_FIELDS

MAX_HOPS = 3
"""Rounds of webhook → API → event → webhook after which an event is not delivered any more (PROMISES W-13)."""

TEST_EVENT = "webhook.test"


@dataclass(frozen=True, slots=True)
class Subscription:
    """The part of an endpoint that decides. `events` are types, `noun.*`, or `*`.

    `filters` maps a name (`prompts`, `labels`) to the values that are wanted; an event that carries none of them is not wanted.
    """

    endpoint_id: UUID
    workspace_id: UUID
    events: Sequence[str]
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)


def wants(subscription: Subscription, event: Event) -> bool:
    """Whether the endpoint gets the event. Never across workspaces; a test event goes to its endpoint alone."""
    if event.workspace_id != subscription.workspace_id or event.hops >= MAX_HOPS:
        return False
    if event.type == TEST_EVENT:
        return event.object_id == str(subscription.endpoint_id)
    if event.type.startswith("webhook.") and event.data.get("endpoint_id") == str(subscription.endpoint_id):
        return False  # An endpoint in trouble is not told so by itself: others, and the log, say it.
    return any(_covers(pattern, event.type) for pattern in subscription.events) and all(
        any(event.data.get(field_name) in wanted for field_name in FILTER_FIELDS[name])
        for name, wanted in subscription.filters.items()
        if name in FILTER_FIELDS and wanted
    )


def _covers(pattern: str, event_type: str) -> bool:
    return pattern in ("*", event_type) or (pattern.endswith(".*") and event_type.startswith(pattern[:-1]))
