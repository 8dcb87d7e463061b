"""Send a test event to one endpoint."""

from datetime import datetime
from uuid import UUID

from burnish_shared.contracts.events import Event
from burnish_shared.db.outbox import put_event
from burnish_shared.db.session import Tx
from burnish_shared.ids import EventId, new_uuid

HOPS_MOST = 3


async def send_test(tx: Tx, workspace_id: UUID, endpoint_id: UUID, *, now: datetime, hops: int) -> EventId:
    """Writes a `webhook.test` event, which goes to this endpoint alone. Returns its id."""
    event_id = EventId(new_uuid())
    event = Event(
        id=event_id,
        type="webhook.test",
        workspace_id=workspace_id,
        occurred_at=now,
        object_id=str(endpoint_id),
        hops=hops,
        data={"endpoint_id": str(endpoint_id), "message": "This is a test event of Burnish."},
    )
    await put_event(tx, event, service="gateway")
    return event_id


def hops_after(header: str | None) -> int:
    """Rounds of webhook → API → event after this call, from the `burnish-hops` header that receivers send back (PROMISES W-13)."""
    if header is None:
        return 0
    return min(int(header) + 1, HOPS_MOST) if header.isascii() and header.isdigit() and len(header) <= 2 else HOPS_MOST
