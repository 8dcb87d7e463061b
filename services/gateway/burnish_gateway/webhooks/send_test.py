"""Send a test event to one endpoint."""

from datetime import datetime
from uuid import UUID

from burnish_shared.contracts.events import Event
from burnish_shared.db.outbox import put_event
from burnish_shared.db.session import Tx
from burnish_shared.ids import EventId, new_uuid


async def send_test(tx: Tx, workspace_id: UUID, endpoint_id: UUID, *, now: datetime) -> EventId:
    """Writes a `webhook.test` event, which goes to this endpoint alone. Returns its id."""
    event_id = EventId(new_uuid())
    event = Event(
        id=event_id,
        type="webhook.test",
        workspace_id=workspace_id,
        occurred_at=now,
        object_id=str(endpoint_id),
        data={"endpoint_id": str(endpoint_id), "message": "This is a test event of Burnish."},
    )
    await put_event(tx, event, service="gateway")
    return event_id
