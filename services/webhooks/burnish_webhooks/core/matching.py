"""Which endpoints want an event. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from burnish_shared.contracts.events import Event
from burnish_shared.contracts.webhooks import BY_NAME_ALONE, CONDITION_NAMES, FILTER_FIELDS
from burnish_shared.expressions import ExpressionError, Node, holds, parse

MAX_HOPS = 3
"""Rounds of webhook → API → event → webhook after which an event is not delivered any more (PROMISES W-13)."""

TEST_EVENT = "webhook.test"

CONDITIONS_KEPT: Final = 4096
"""Parsed conditions that a process remembers."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """The part of an endpoint that decides. `events` are types, `noun.*`, or `*`.

    `condition` is an expression over the event, '' for none. `filters` maps a name (`prompts`, `labels`) to the values that are wanted;
    an event that carries none of them is not wanted.
    """

    endpoint_id: UUID
    workspace_id: UUID
    events: Sequence[str]
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """An event that an endpoint subscribed to, and its condition kept back. `error`: why it could not be evaluated; None: it is false."""

    error: str | None = None


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


def held_back(subscription: Subscription, event: Event) -> Held | None:
    """What the endpoint's condition says of an event that it wants; None: send it. A test event is always sent."""
    if not subscription.condition or event.type == TEST_EVENT:
        return None
    try:
        return None if holds(_parsed(subscription.condition), _names(event)) else Held()
    except ExpressionError as error:
        return Held(f"{error} (column {error.column})" if error.column is not None else str(error))


@lru_cache(maxsize=CONDITIONS_KEPT)
def _parsed(condition: str) -> Node:
    return parse(condition, names=CONDITION_NAMES)


def _names(event: Event) -> dict[str, Any]:
    return {
        "type": event.type,
        "data": event.data,
        "object_id": event.object_id,
        "object_version": event.object_version,
        "simulated": event.simulated,
        "occurred_at": event.occurred_at.isoformat().replace("+00:00", "Z"),
        "event_id": str(event.id),
        "workspace_id": str(event.workspace_id),
        "hops": event.hops,
    }


def _covers(pattern: str, event_type: str) -> bool:
    if event_type in BY_NAME_ALONE:
        return pattern == event_type
    return pattern in ("*", event_type) or (pattern.endswith(".*") and event_type.startswith(pattern[:-1]))
