"""Tells a workspace of a provider that answers none of its calls: once, with a prompt or without. Detectors watch prompts alone."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from burnish_analytics.announce import RAISED_VERSION, announce_alert
from burnish_analytics.io import alerts_store
from burnish_analytics.io.alerts_store import Alert
from burnish_analytics.io.provider_store import Down
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid
from burnish_shared.moments import in_utc

KIND: Final = "provider"

CALLS_LEAST: Final = 10
LEAST: Final = timedelta(minutes=2)
"""So many calls in a row, over so long: what passes sooner is what retries and rests of executors are for."""


async def watch_providers(tx: Tx, downs: Sequence[Down], *, now: datetime) -> int:
    """Raises one alert for each; safe to repeat. The transaction must be of their workspaces. Returns how many were raised."""
    rules = await alerts_store.rules_of(tx, sorted({one.workspace_id for one in downs}))
    raised = 0
    for one in downs:
        rule = alerts_store.rule_for(rules, one.workspace_id, "")
        if not rule.enabled:
            continue
        muted = rule.muted_until is not None and rule.muted_until > now
        alert = await alerts_store.raise_alert(tx, _alert(one, now=now, muted=muted))
        if alert is not None:
            raised += 1
            await announce_alert(tx, "alert.raised", alert, at=now, version=RAISED_VERSION)
    return raised


def _alert(one: Down, *, now: datetime, muted: bool) -> Alert:
    said = {} if one.http_status is None else {"http_status": one.http_status}
    return Alert(
        alert_id=new_uuid(),
        workspace_id=one.workspace_id,
        incident_key=one.incident_key,
        kind=KIND,
        metric="down",
        slug=None,
        label=None,
        version=None,
        summary=_summary(one),
        before={},
        after={"failed_calls": one.calls, "saved_calls": one.saved, "since": in_utc(one.since), "code": one.code, **said},
        changed={"provider": one.provider, "models": one.models},
        simulated=one.simulated,
        muted=muted,
        raised_at=now,
        severity="error",
        subject=one.provider,
    )


def _summary(one: Down) -> str:
    """Since when, how many, what they say, and what to do."""
    status = "" if one.http_status is None else f" with status {one.http_status}"
    return (
        f"{one.provider} has answered none of the last {one.calls} calls, since {one.since.astimezone(UTC):%H:%M} UTC: most ended "
        f"{one.code}{status}. Models asked: {one.models}. {_what_to_do(one)}"
    )


def _what_to_do(one: Down) -> str:
    if one.saved == one.calls:
        return "Fallbacks answered all of them, at their prices and after a wait."
    if one.saved:
        return f"Fallbacks answered {one.saved} of them; give the other calls fallback_models of another provider until it is back."
    return "Give calls fallback_models of another provider until it is back."
