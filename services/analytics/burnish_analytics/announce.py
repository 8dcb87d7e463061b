"""The events that tell of alerts, written with the alert in one transaction. A muted alert is kept and tells nobody."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from burnish_analytics.io.alerts_store import Alert
from burnish_shared.contracts.events import Event, EventType
from burnish_shared.db import outbox
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid
from burnish_shared.moments import in_utc

SERVICE: Final = "analytics"

RAISED_VERSION: Final = 1
RESOLVED_VERSION: Final = 3
"""Versions of an alert as its events count them; 2 is its acknowledgement, which the gateway tells."""


async def announce(
    tx: Tx,
    event_type: EventType,
    *,
    workspace_id: UUID,
    at: datetime,
    object_id: str,
    version: int | None,
    simulated: bool,
    data: dict[str, Any],
) -> None:
    """Puts one event into the outbox of this service. `version`: None where events of one object have no number of their own."""
    event = Event(
        id=new_uuid(),
        type=event_type,
        workspace_id=workspace_id,
        occurred_at=at,
        object_id=object_id,
        object_version=version,
        simulated=simulated,
        data=data,
    )
    await outbox.put_event(tx, event, service=SERVICE)


async def announce_alert(tx: Tx, event_type: EventType, alert: Alert, *, at: datetime, version: int, resolution: str | None = None) -> None:
    """Tells of an alert, unless it is muted."""
    if alert.muted:
        return
    data = alert_data(alert) | ({"resolution": resolution} if resolution is not None else {})
    await announce(
        tx,
        event_type,
        workspace_id=alert.workspace_id,
        at=at,
        object_id=str(alert.alert_id),
        version=version,
        simulated=alert.simulated,
        data=data,
    )


async def announce_metric(
    tx: Tx, event_type: EventType, alert: Alert, *, at: datetime, version: int, resolution: str | None = None
) -> None:
    """Tells that what a label serves became worse, or recovered, unless the alert is muted."""
    if alert.muted:
        return
    await announce(
        tx,
        event_type,
        workspace_id=alert.workspace_id,
        at=at,
        object_id=f"{alert.slug}@{alert.label}:{alert.metric}",
        version=version,
        simulated=alert.simulated,
        data=alert_data(alert) | ({"resolution": resolution} if resolution is not None else {}),
    )


def alert_data(alert: Alert) -> dict[str, Any]:
    """What the events of an alert carry."""
    return {
        "alert_id": str(alert.alert_id),
        "kind": alert.kind,
        "metric": alert.metric,
        "severity": alert.severity,
        "prompt": alert.slug,
        "label": alert.label,
        "version": alert.version,
        "summary": alert.summary,
        "before": dict(alert.before),
        "after": dict(alert.after),
        "changed": dict(alert.changed),
        "raised_at": in_utc(alert.raised_at),
    }
