"""Turns events of alerts, reports, rollouts and endpoints into notices: one row for each (event, channel), however often it comes."""

from collections.abc import Sequence
from uuid import UUID

from burnish_shared.contracts.alert_channels import ENDPOINT_OFF
from burnish_shared.contracts.events import Event
from burnish_shared.db.session import Database
from burnish_webhooks.core import rollouts
from burnish_webhooks.core.notice import REPORT, TOLD, wants
from burnish_webhooks.io import notices_store


async def queue_notices(events: Sequence[Event], *, db: Database) -> int:
    """Safe to call twice. What comes after an alert was raised goes where that went, also where it is read before: then it waits for that.

    Returns how many notices there are to send.
    """
    told = {event.id: event for event in events if _is_told(event)}
    if not told:
        return 0
    workspaces = {event.workspace_id for event in told.values()}
    made = 0
    async with db.unit_of_work(workspaces=workspaces) as tx:
        channels = await notices_store.channels(tx, workspaces)
        if not channels:
            return 0
        listening = {channel.channel_id for channel in channels}
        await notices_store.lock_alerts(tx, {event.data["alert_id"] for event in told.values() if "alert_id" in event.data})
        for event in told.values():
            if event.type == REPORT:
                to = [one for one in map(UUID, event.data["channels"]) if one in listening]
            elif event.type in ("alert.raised", ENDPOINT_OFF) or event.type in rollouts.SEVERITY_OF:
                to = [channel.channel_id for channel in channels if wants(channel, event)]
            else:
                alert_id = UUID(event.data["alert_id"])
                before = await notices_store.told_channels(tx, workspace_id=event.workspace_id, alert_id=alert_id)
                to = [one for one in before if one in listening]
                if not to:
                    own = [(event, one.channel_id) for one in channels if one.workspace_id == event.workspace_id]
                    await notices_store.add(tx, own, waits=True)
            made += await notices_store.add(tx, [(event, channel_id) for channel_id in to]) if to else 0
            if event.type == "alert.raised":
                made += await notices_store.release(tx, workspace_id=event.workspace_id, alert_id=UUID(event.data["alert_id"]), channels=to)
    return made


def _is_told(event: Event) -> bool:
    """Alerts, reports that are for somebody, rollouts, and the end of a webhook endpoint."""
    if event.type == REPORT:
        return bool(event.data.get("channels"))
    return event.type == ENDPOINT_OFF or rollouts.is_told(event) or (event.type in TOLD and "alert_id" in event.data)
