"""Looks at each closed hour once: who used most, and did one end user use far more than is usual in this workspace?"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from burnish_analytics.announce import RAISED_VERSION, RESOLVED_VERSION, alert_data, announce, announce_alert
from burnish_analytics.core.unusual_use import CALLS_FLOOR, COST_FLOOR_NUSD, HOURS_MOST, Usual, usual
from burnish_analytics.io import alerts_store, end_user_store, top_user_store
from burnish_analytics.io.alerts_store import Alert
from burnish_analytics.io.end_user_store import BusiestHour
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid
from burnish_shared.moments import in_utc
from burnish_shared.money import credits_text

KIND: Final = "usage"
SETTLES_AFTER: Final = timedelta(minutes=5)
"""After its end an hour's executions are counted by then; what comes later is not looked at."""

HOURS_BACK: Final = 24
"""After a longer stop, hours before that are not made up for."""

DAYS_BACK: Final = 20
"""Days are: as long as hours tell of a day that was not counted (forget_top_users)."""


def closed_hours(now: datetime) -> list[datetime]:
    """Hours that may have to be looked at, the oldest first."""
    last = (now - SETTLES_AFTER).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    return [last - timedelta(hours=back) for back in reversed(range(HOURS_BACK))]


def days_over(now: datetime) -> datetime:
    """The end of the last day that is over and counted, which is when its last hour is."""
    return (closed_hours(now)[-1] + timedelta(hours=1)).replace(hour=0)


async def keep_day(tx: Tx, workspace_id: UUID, *, day: datetime) -> bool:
    """The heaviest end users of a day that is over. Safe to call twice: False when the day was counted before."""
    if not await end_user_store.keep_day(tx, workspace_id, day=day, forget_before=day - timedelta(days=60)):
        return False
    await top_user_store.keep(tx, workspace_id, grain="day", start=day, end=day + timedelta(days=1))
    return True


async def watch_end_users(tx: Tx, workspace_id: UUID, *, hour: datetime, now: datetime) -> int:
    """Judges one hour of one workspace. Safe to call twice. Returns how many alerts were raised."""
    busiest = await end_user_store.busiest(tx, workspace_id, hour=hour)
    before = await end_user_store.history(tx, workspace_id, before=hour, hours=HOURS_MOST)
    if not await end_user_store.keep(tx, workspace_id, hour=hour, busiest=busiest, forget_before=hour - timedelta(days=60)):
        return 0
    await top_user_store.keep(tx, workspace_id, grain="hour", start=hour, end=hour + timedelta(hours=1))
    rule = alerts_store.rule_for(await alerts_store.rules_of(tx, [workspace_id]), workspace_id, "")
    raised = 0
    for metric, seen, execution, floor, past in (
        ("calls", busiest.most_calls, busiest.calls_execution, CALLS_FLOOR, [calls for calls, _ in before]),
        ("cost", busiest.most_cost_nusd, busiest.cost_execution, COST_FLOOR_NUSD, [cost for _, cost in before]),
    ):
        what_is_usual = usual(past, floor=floor)
        if what_is_usual is None or not rule.enabled:
            continue
        if seen > what_is_usual.limit and execution is not None:
            muted = rule.muted_until is not None and rule.muted_until > now
            alert = _alert(workspace_id, metric, busiest, what_is_usual, hour=hour, seen=seen, execution=execution, now=now, muted=muted)
            raised += await _raise(tx, alert, hour=hour, now=now)
        else:
            await _resolve(tx, workspace_id, metric, now=now)
    return raised


async def _raise(tx: Tx, wanted: Alert, *, hour: datetime, now: datetime) -> bool:
    alert = await alerts_store.raise_alert(tx, wanted)
    if alert is None:
        return False
    await announce_alert(tx, "alert.raised", alert, at=now, version=RAISED_VERSION)
    if not alert.muted:
        data = {name: value for name, value in alert_data(alert).items() if name in ("alert_id", "metric", "summary", "before", "after")}
        await announce(
            tx,
            "usage.anomaly_detected",
            workspace_id=alert.workspace_id,
            at=now,
            object_id=alert.incident_key,
            version=RAISED_VERSION,
            simulated=alert.simulated,
            data={**data, "hour": in_utc(hour), "example_execution_id": alert.changed["example_execution_id"]},
        )
    return True


async def _resolve(tx: Tx, workspace_id: UUID, metric: str, *, now: datetime) -> None:
    resolved = await alerts_store.resolve_alert(
        tx, workspace_id=workspace_id, incident_key=f"{KIND}:{metric}", resolution="recovered", at=now
    )
    if resolved is not None:
        await announce_alert(tx, "alert.resolved", resolved, at=now, version=RESOLVED_VERSION, resolution="recovered")


def _alert(
    workspace_id: UUID,
    metric: str,
    busiest: BusiestHour,
    what_is_usual: Usual,
    *,
    hour: datetime,
    seen: int,
    execution: str,
    now: datetime,
    muted: bool,
) -> Alert:
    unit = "calls" if metric == "calls" else "cost_nusd"
    shown, typical = (f"{seen:,} calls", f"{what_is_usual.median:,.0f}")
    if metric == "cost":
        shown, typical = f"{credits_text(seen)} credits", f"{credits_text(round(what_is_usual.median))} credits"
    return Alert(
        alert_id=new_uuid(),
        workspace_id=workspace_id,
        incident_key=f"{KIND}:{metric}",
        kind=KIND,
        metric=metric,
        slug=None,
        label=None,
        version=None,
        summary=(
            f"One end user used {shown} between {hour:%H:%M} and {hour + timedelta(hours=1):%H:%M} UTC; the busiest one of an hour"
            f" typically uses {typical}. The execution {execution} is one of theirs."
        ),
        before={unit: round(what_is_usual.median), "limit" if metric == "calls" else "limit_nusd": round(what_is_usual.limit)},
        after={unit: seen, "end_users": busiest.end_users},
        changed={"example_execution_id": execution, "hour": in_utc(hour)},
        simulated=busiest.simulated,
        muted=muted,
        raised_at=now,
        severity="warning",
    )
