"""Events written in the transaction of the change that they tell of; the relay (`bus.relay`) publishes them afterwards."""

from burnish_shared.contracts.events import Event
from burnish_shared.db.session import Tx
from burnish_shared.hops import current_hops


async def put(tx: Tx, *, service: str, subject: str, message_id: str, body: bytes) -> None:
    """Adds one message. `message_id` becomes `Nats-Msg-Id` and stays the same in every retry. `service` is the one whose relay sends it."""
    await tx.execute("INSERT INTO outbox (service, subject, message_id, body) VALUES ($1, $2, $3, $4)", service, subject, message_id, body)


async def put_event(tx: Tx, event: Event, *, service: str) -> None:
    """Adds one event for the EVENTS stream. It counts at least the rounds that led to what runs now."""
    if event.hops < current_hops():
        event = event.model_copy(update={"hops": current_hops()})
    await put(tx, service=service, subject=event.subject(), message_id=str(event.id), body=event.to_bytes())
