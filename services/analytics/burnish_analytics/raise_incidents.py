"""Alerts about budgets, credit and provider keys, from the events of other services; and their end, when the cause is over."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from burnish_analytics import metrics
from burnish_analytics.announce import RAISED_VERSION, RESOLVED_VERSION, announce_alert, announce_metric
from burnish_analytics.core.incidents import Incident, incident_of
from burnish_analytics.io import alerts_store, incident_store
from burnish_analytics.io.alerts_store import Alert
from burnish_analytics.take_turns import together_or_each
from burnish_shared.bus.batch import Delivered, Poison
from burnish_shared.bus.retry import misfit
from burnish_shared.clock import Clock
from burnish_shared.contracts.events import Event
from burnish_shared.db.once import claim_events
from burnish_shared.db.session import Database, Tx
from burnish_shared.ids import new_uuid

CONSUMER: Final = "analytics_events"
MOST_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class IncidentWatch:
    """The handler of `analytics_events`, and the round that ends what is over. Both may be repeated."""

    db: Database
    clock: Clock
    wake_relay: Callable[[], None]

    async def handle(self, messages: Sequence[Delivered]) -> None:
        """One alert for each incident, however often its event comes, and none for one that is over by now."""
        events = [_parsed(message) for message in messages]
        incidents = [(event, incident) for event in events if (incident := incident_of(event)) is not None]
        if not incidents:
            return
        raised = 0
        async with self.db.unit_of_work(workspaces={event.workspace_id for event, _ in incidents}) as tx:
            fresh = await claim_events(tx, consumer=CONSUMER, event_ids=[str(event.id) for event, _ in incidents])
            for event, incident in incidents:
                if str(event.id) in fresh:
                    fresh.discard(str(event.id))
                    raised += await _raise(tx, event, incident, now=self.clock.now())
        metrics.alerts_raised_total.labels("incident").inc(raised)
        self.wake_relay()

    async def end_what_is_over(self) -> int:
        """Resolves alerts whose mark was cleared, whose period ended, whose key works again, or whose rule is off. Returns how many."""
        async with self.db.unit_of_work() as tx:
            over = await incident_store.over(tx, at_most=MOST_AT_ONCE)
            switched_off = await alerts_store.switched_off(tx, at_most=MOST_AT_ONCE)
        ended = await together_or_each("incidents", over, partial(self._end, resolution="recovered"), of=itemgetter(0))
        return ended + await together_or_each("incidents", switched_off, partial(self._end, resolution="rule_disabled"), of=itemgetter(0))

    async def tell_unmuted(self) -> int:
        """Tells of open alerts whose mute is over, by and by where there are many. Returns how many. Nobody is told of one that somebody
        has seen meanwhile."""
        async with self.db.unit_of_work() as tx:
            unmuted = await alerts_store.unmuted(tx, at=self.clock.now(), at_most=MOST_AT_ONCE)
        return await together_or_each("unmuted", unmuted, self._tell, of=itemgetter(0))

    async def _tell(self, unmuted: Collection[tuple[UUID, UUID]]) -> int:
        told, now = 0, self.clock.now()
        async with self.db.unit_of_work(workspaces={workspace_id for workspace_id, _ in unmuted}) as tx:
            for workspace_id, alert_id in unmuted:
                if await alerts_store.supersede_untold(tx, workspace_id=workspace_id, alert_id=alert_id, at=now):
                    continue
                alert = await alerts_store.unmute(tx, workspace_id=workspace_id, alert_id=alert_id, at=now)
                if alert is None:
                    continue
                told += 1
                await announce_alert(tx, "alert.raised", alert, at=now, version=RAISED_VERSION)
                if alert.kind == "degradation":
                    await announce_metric(tx, "metric.degraded", alert, version=RAISED_VERSION, at=now)
        self.wake_relay()
        return told

    async def _end(self, over: Collection[tuple[UUID, str]], *, resolution: str) -> int:
        ended = 0
        async with self.db.unit_of_work(workspaces={workspace_id for workspace_id, _ in over}) as tx:
            for workspace_id, key in over:
                resolved = await alerts_store.resolve_alert(
                    tx, workspace_id=workspace_id, incident_key=key, resolution=resolution, at=self.clock.now()
                )
                if resolved is not None:
                    ended += 1
                    await announce_alert(
                        tx, "alert.resolved", resolved, at=self.clock.now(), version=RESOLVED_VERSION, resolution=resolution
                    )
        self.wake_relay()
        return ended


async def _raise(tx: Tx, event: Event, incident: Incident, *, now: datetime) -> bool:
    if not await incident_store.still_stands(tx, event.workspace_id, incident):
        return False
    rules = await alerts_store.rules_of(tx, [event.workspace_id])
    rule = alerts_store.rule_for(rules, event.workspace_id, incident.prompt or "")
    if not rule.enabled:
        return False
    alert = await alerts_store.raise_alert(
        tx,
        Alert(
            alert_id=new_uuid(),
            workspace_id=event.workspace_id,
            incident_key=incident.key,
            kind=incident.kind,
            metric=incident.metric,
            slug=incident.prompt,
            label=None,
            version=None,
            summary=incident.summary,
            before=incident.before,
            after=incident.after,
            changed=incident.changed,
            simulated=event.simulated,
            muted=rule.muted_until is not None and rule.muted_until > now,
            raised_at=now,
            severity=incident.severity,
            subject=incident.subject,
        ),
    )
    if alert is None:
        return False
    if incident.supersedes is not None:
        milder = await alerts_store.resolve_alert(
            tx, workspace_id=event.workspace_id, incident_key=incident.supersedes, resolution="superseded", at=now
        )
        if milder is not None:
            await announce_alert(tx, "alert.resolved", milder, at=now, version=RESOLVED_VERSION, resolution="superseded")
    await announce_alert(tx, "alert.raised", alert, at=now, version=RAISED_VERSION)
    return True


def _parsed(message: Delivered) -> Event:
    try:
        return Event.model_validate_json(message.data)
    except ValidationError as error:
        raise Poison(f"no event: {misfit(error)}", stream_seq=message.stream_seq) from error
