"""Turns events into deliveries: one row for each (event, endpoint), in the transaction that records the event (PROMISES W-01)."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from burnish_shared.contracts.events import Event
from burnish_shared.contracts.webhook_body import body_of
from burnish_shared.db.once import claim_events
from burnish_shared.db.session import Database
from burnish_shared.tracing import valid
from burnish_webhooks.core.matching import Held, Subscription, held_back, wants
from burnish_webhooks.io import deliveries_store, endpoints_store
from burnish_webhooks.io.deliveries_store import Made, NewDelivery
from burnish_webhooks.io.endpoints_store import HeldBack

CONSUMER = "webhooks"

ROWS_AT_ONCE = 2_000
"""So that one statement stays far below its timeout, however many endpoints want however many events."""


YIELD_AFTER_S = 0.005
"""How long conditions are evaluated in one go, before what else this process does gets its turn."""


@dataclass(frozen=True, slots=True)
class _Match:
    """An event and an endpoint that subscribed to it. `held`: why its condition keeps the event back; None: it is sent."""

    event: Event
    subscription: Subscription
    is_disabled: bool
    held: Held | None


async def fan_out(events: Sequence[Event], *, db: Database, base_url: str, order_hold_s: float = 0.0) -> int:
    """Writes the deliveries of events not seen before, and returns how many there are. Safe to call twice with the same events.

    `order_hold_s`: how long endpoints that asked for order wait for what another process takes up a little later. Conditions are
    evaluated before the transaction that writes, so that no lock is held meanwhile.
    """
    by_id = {str(event.id): event for event in events}
    workspaces = {event.workspace_id for event in events}
    async with db.unit_of_work(workspaces=workspaces, read_only=True) as tx:
        subscriptions = await endpoints_store.subscriptions(tx, workspaces)
    matches = await _matches(list(by_id.values()), subscriptions)
    async with db.unit_of_work(workspaces=workspaces) as tx:
        fresh = await claim_events(tx, consumer=CONSUMER, event_ids=list(by_id))
        matches = [match for match in matches if str(match.event.id) in fresh]
        if not matches:
            return 0
        bodies = {match.event.id: body_of(match.event, base_url=base_url) for match in matches if match.held is None}
        rows = [_delivery(match, body=bodies[match.event.id]) for match in matches if match.held is None]
        made: list[Made] = []
        for at in range(0, len(rows), ROWS_AT_ONCE):
            made += await deliveries_store.add(tx, rows[at : at + ROWS_AT_ONCE], order_hold_s=order_hold_s)
        # Last, because attempts that end wait for these locks.
        await endpoints_store.lock_states(tx, {(match.subscription.endpoint_id, match.event.workspace_id) for match in matches})
        if held := [(match.subscription, match.held) for match in matches if match.held is not None]:
            await endpoints_store.count_held_back(tx, _counted(held))
        await endpoints_store.bring_forward(tx, [(one.endpoint_id, one.due_at, one.is_test) for one in made if one.due_at is not None])
        return len(made)


async def _matches(events: Sequence[Event], subscriptions: Sequence[tuple[Subscription, bool]]) -> list[_Match]:
    found = []
    began_s = time.monotonic()
    for event in events:
        for subscription, is_disabled in subscriptions:
            if wants(subscription, event):
                found.append(_Match(event, subscription, is_disabled, held_back(subscription, event)))
            if time.monotonic() - began_s > YIELD_AFTER_S:
                await asyncio.sleep(0)
                began_s = time.monotonic()
    return found


def _delivery(match: _Match, *, body: bytes) -> NewDelivery:
    event = match.event
    return NewDelivery(
        event_id=event.id,
        endpoint_id=match.subscription.endpoint_id,
        workspace_id=event.workspace_id,
        event_type=event.type,
        body=body,
        hops=event.hops,
        is_cancelled=match.is_disabled,
        object_id=event.object_id,
        object_version=event.object_version or 0,
        traceparent=valid(event.traceparent),
    )


def _counted(held: Sequence[tuple[Subscription, Held]]) -> list[HeldBack]:
    """One line for each endpoint."""
    by_endpoint: dict[UUID, list[tuple[Subscription, Held]]] = {}
    for one in held:
        by_endpoint.setdefault(one[0].endpoint_id, []).append(one)
    return [
        HeldBack(
            endpoint_id=endpoint_id,
            workspace_id=ones[0][0].workspace_id,
            filtered=sum(verdict.error is None for _, verdict in ones),
            failed=sum(verdict.error is not None for _, verdict in ones),
            error=next((verdict.error for _, verdict in reversed(ones) if verdict.error is not None), None),
        )
        for endpoint_id, ones in by_endpoint.items()
    ]
