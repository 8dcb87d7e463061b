"""Somebody has seen an alert: the detector begins anew, the incident stays open until it is over."""

from uuid import UUID

from burnish_gateway.alerts import store
from burnish_gateway.alerts.answers import AlertAnswer
from burnish_shared.clock import Clock
from burnish_shared.contracts.events import Event
from burnish_shared.db.outbox import put_event
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, NotFound
from burnish_shared.ids import new_uuid

ACKNOWLEDGED_VERSION = 2
"""Raised is 1, resolved is 3: the versions of an alert in its events."""


async def acknowledge(tx: Tx, *, workspace_id: UUID, alert_id: UUID, by: str, clock: Clock) -> AlertAnswer:
    """Notes who has seen it and tells subscribers. Acknowledging again changes nothing.

    Raises NotFound, and Conflict when the alert is resolved already.
    """
    alert = await store.find_alert(tx, alert_id)
    if alert is None:
        raise no_such_alert()
    if alert.status == "resolved":
        raise Conflict("This alert is resolved; there is nothing to acknowledge.")
    if await store.acknowledge(tx, workspace_id=workspace_id, alert_id=alert_id, by=by):
        event = Event(
            id=new_uuid(),
            type="alert.acknowledged",
            workspace_id=workspace_id,
            occurred_at=clock.now(),
            object_id=str(alert_id),
            object_version=ACKNOWLEDGED_VERSION,
            simulated=alert.simulated,
            data={
                "alert_id": str(alert_id),
                "kind": alert.kind,
                "metric": alert.metric,
                "severity": alert.severity,
                "prompt": alert.prompt,
                "label": alert.label,
                "version": alert.version,
                "acknowledged_by": by,
                "acknowledged_by_name": await store.name_of(tx, by),
            },
        )
        await put_event(tx, event, service="gateway")
    seen = await store.find_alert(tx, alert_id)
    if seen is None:
        raise no_such_alert()
    return seen


def no_such_alert() -> NotFound:
    return NotFound("There is no such alert in this workspace.", param="alert_id")
