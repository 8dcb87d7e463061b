"""Warns before a model ends: 30 days before, 7 days before, and when it has ended. Each once; the later takes the earlier's place."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from burnish_analytics.announce import RAISED_VERSION, RESOLVED_VERSION, announce_alert
from burnish_analytics.io import alerts_store, model_store
from burnish_analytics.io.alerts_store import Alert
from burnish_analytics.io.model_store import Ending
from burnish_shared.contracts.alert_channels import Severity
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid
from burnish_shared.moments import in_utc

KIND: Final = "model"

DAYS_AHEAD: Final = 30

MARKS: Final = ("month", "week", "ended")
"""In the order in which they come."""

SEVERITIES: Final[dict[str, Severity]] = {"month": "info", "week": "warning", "ended": "error"}

NAMED_MOST: Final = 5


async def watch_models(tx: Tx, endings: Sequence[Ending], *, now: datetime) -> int:
    """Raises one alert for each; safe to repeat. The transaction must be of their workspaces. Returns how many were raised."""
    raised = 0
    for one in endings:
        rule = alerts_store.rule_for(await alerts_store.rules_of(tx, [one.workspace_id]), one.workspace_id, "")
        if not rule.enabled:
            continue
        prompts = await model_store.prompts_that_call(tx, one.workspace_id, one.model)
        muted = rule.muted_until is not None and rule.muted_until > now
        alert = await alerts_store.raise_alert(tx, _alert(one, prompts, now=now, muted=muted))
        if alert is None:
            continue
        raised += 1
        for earlier in MARKS[: MARKS.index(one.mark)]:
            await _supersede(tx, one, earlier, now=now)
        await announce_alert(tx, "alert.raised", alert, at=now, version=RAISED_VERSION)
    return raised


async def _supersede(tx: Tx, one: Ending, earlier: str, *, now: datetime) -> None:
    key = one.incident_key.removesuffix(one.mark) + earlier
    resolved = await alerts_store.resolve_alert(tx, workspace_id=one.workspace_id, incident_key=key, resolution="superseded", at=now)
    if resolved is not None:
        await announce_alert(tx, "alert.resolved", resolved, at=now, version=RESOLVED_VERSION, resolution="superseded")


def _alert(one: Ending, prompts: Sequence[str], *, now: datetime, muted: bool) -> Alert:
    return Alert(
        alert_id=new_uuid(),
        workspace_id=one.workspace_id,
        incident_key=one.incident_key,
        kind=KIND,
        metric=one.mark,
        slug=None,
        label=None,
        version=None,
        summary=_summary(one, prompts),
        before={},
        after={"sunset_at": in_utc(one.sunset_at), "prompts": len(prompts)},
        changed={"model": one.model, "provider": one.provider} | ({"successor": one.successor} if one.successor else {}),
        simulated=False,
        muted=muted,
        raised_at=now,
        severity=SEVERITIES[one.mark],
        subject=one.model,
    )


def _summary(one: Ending, prompts: Sequence[str]) -> str:
    """When, who calls it, and what to do."""
    when = "ended" if one.mark == "ended" else "ends"
    named = ", ".join(prompts[:NAMED_MOST]) + (f" and {len(prompts) - NAMED_MOST} more" if len(prompts) > NAMED_MOST else "")
    count = "1 prompt calls" if len(prompts) == 1 else f"{len(prompts)} prompts call"
    who = f" {count} it: {named}." if prompts else " No labelled version of a prompt calls it."
    what = f" Its successor is {one.successor}." if one.successor else " It has no successor yet; name one when you retire it."
    still = " Calls of it still go to its provider: retire it, and they are refused with what to call instead." if when == "ended" else ""
    return f"The model {one.model} {when} on {one.sunset_at:%d %B %Y}.{who}{what}{still}"
