"""Did every event reach the webhook endpoints that want it? Asked of what the outbox still keeps: the last 24 hours."""

from collections.abc import Sequence
from datetime import datetime

from asyncpg import Record

from burnish import audit_store
from burnish_shared.contracts.events import Event
from burnish_shared.db.session import Database
from burnish_webhooks.core.matching import Subscription, held_back, wants


async def missing_deliveries(db: Database, *, began_at: datetime) -> tuple[int, list[str]]:
    """How many (event, endpoint) there must be, and those that have no delivery, in words.

    An endpoint that was changed after an event is left out for it: nobody knows what it wanted then.
    """
    due, missing, after = 0, [], 0
    async with db.unit_of_work(read_only=True) as tx:
        endpoints = _subscriptions(await audit_store.endpoints(tx))
    while True:
        async with db.unit_of_work(read_only=True) as tx:
            rows = await audit_store.events(tx, after=after, before=began_at)
            pairs = [pair for row in rows for pair in _wanted(row, endpoints)]
            made = await audit_store.deliveries_of(tx, [event.id for event, _ in pairs])
        due += len(pairs)
        missing += [
            f"{event.type} {event.id} never reached endpoint {one.endpoint_id}"
            for event, one in pairs
            if (event.id, one.endpoint_id) not in made
        ]
        if not rows:
            return due, missing
        after = rows[-1]["outbox_id"]


def _subscriptions(rows: Sequence[Record]) -> list[tuple[datetime, Subscription]]:
    return [
        (row["updated_at"], Subscription(row["endpoint_id"], row["workspace_id"], row["events"], row["filters"], row["condition"]))
        for row in rows
    ]


def _wanted(row: Record, endpoints: Sequence[tuple[datetime, Subscription]]) -> list[tuple[Event, Subscription]]:
    event = Event.model_validate_json(row["body"])
    return [
        (event, one)
        for changed_at, one in endpoints
        if changed_at < row["created_at"] and wants(one, event) and held_back(one, event) is None
    ]
