"""Turns events into deliveries: one row for each (event, endpoint), in the transaction that records the event (PROMISES W-01)."""

from collections.abc import Sequence
from uuid import UUID

from burnish_shared.contracts.events import Event
from burnish_shared.contracts.webhook_body import body_of
from burnish_shared.db.once import claim_events
from burnish_shared.db.session import Database
from burnish_webhooks.core.matching import Held, Subscription, held_back, wants
from burnish_webhooks.io import deliveries_store, endpoints_store
from burnish_webhooks.io.deliveries_store import NewDelivery
from burnish_webhooks.io.endpoints_store import HeldBack

CONSUMER = "webhooks"

ROWS_AT_ONCE = 2_000
"""So that one statement stays far below its timeout, however many endpoints want however many events."""


async def fan_out(events: Sequence[Event], *, db: Database, base_url: str) -> int:
    """Writes the deliveries of events not seen before, and returns how many there are. Safe to call twice with the same events."""
    by_id = {str(event.id): event for event in events}
    workspaces = {event.workspace_id for event in events}
    async with db.unit_of_work(workspaces=workspaces) as tx:
        fresh = await claim_events(tx, consumer=CONSUMER, event_ids=list(by_id))
        subscriptions = await endpoints_store.subscriptions(tx, workspaces) if fresh else []

        wanted = [
            (event, subscription, is_disabled, held_back(subscription, event))
            for event_id, event in by_id.items()
            if event_id in fresh
            for subscription, is_disabled in subscriptions
            if wants(subscription, event)
        ]
        if held := [(subscription, verdict) for _, subscription, _, verdict in wanted if verdict is not None]:
            await endpoints_store.count_held_back(tx, _counted(held))
        rows = [
            _delivery(event, subscription, is_disabled=is_disabled, base_url=base_url)
            for event, subscription, is_disabled, verdict in wanted
            if verdict is None
        ]
        return sum([await deliveries_store.add(tx, rows[at : at + ROWS_AT_ONCE]) for at in range(0, len(rows), ROWS_AT_ONCE)])


def _delivery(event: Event, subscription: Subscription, *, is_disabled: bool, base_url: str) -> NewDelivery:
    return NewDelivery(
        event_id=event.id,
        endpoint_id=subscription.endpoint_id,
        workspace_id=event.workspace_id,
        event_type=event.type,
        body=body_of(event, base_url=base_url),
        hops=event.hops,
        is_cancelled=is_disabled,
        object_id=event.object_id,
        object_version=event.object_version or 0,
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
