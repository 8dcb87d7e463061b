"""Judges feedback against its thresholds in the transaction that moved it: no restart falls between the two (PROMISES A-05, A-06)."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, assert_never
from uuid import UUID

from burnish_analytics.announce import RAISED_VERSION, RESOLVED_VERSION, announce, announce_alert
from burnish_analytics.core.intake import LabelKey
from burnish_analytics.core.threshold import (
    DEFAULT_MIN_SAMPLES,
    Move,
    Raise,
    Resolve,
    TellSamples,
    ThresholdRule,
    ThresholdState,
    decide,
)
from burnish_analytics.io import alerts_store, label_store
from burnish_analytics.io.alerts_store import Alert, Rule
from burnish_analytics.io.label_store import LabelFeedback
from burnish_analytics.what_changed import other_changes
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid
from burnish_shared.measures import Interval
from burnish_shared.prompt_settings import DEFAULT_QUALITY_THRESHOLD

KIND: Final = "feedback_threshold"
METRIC: Final = "satisfaction"


async def judge_feedback(tx: Tx, labels: Collection[LabelKey], *, now: datetime, cooldown_s: float) -> int:
    """Tells what there is to tell of these labels' feedback. Safe to call twice. Returns how many alerts were raised."""
    if not labels:
        return 0
    workspaces = {key.workspace_id for key in labels}
    rules, mutes = await alerts_store.rules_of(tx, workspaces), await alerts_store.mutes_of(tx, workspaces, KIND, now=now)
    states: dict[LabelKey, ThresholdState] = {}
    raised = 0
    locked = await label_store.lock_standings(tx, labels)
    asked = {one.key: _rule_for(rules, mutes, one.key) for one in locked}
    thresholds = {key: _threshold(rule, cooldown_s=cooldown_s) for key, rule in asked.items()}
    weighed = await label_store.weighed(tx, asked, needed={key: one.min_samples for key, one in thresholds.items()})
    for raw in locked:
        rule, threshold = asked[raw.key], thresholds[raw.key]
        standing = replace(raw, weighed=weighed[raw.key])
        states[standing.key], moves = decide(
            standing.state, samples=standing.weighed.samples, satisfied_micro=standing.weighed.satisfied_micro, rule=threshold, now=now
        )
        for move in moves:
            raised += await _tell(tx, standing, move, rule=rule, threshold=threshold, now=now)
    await label_store.save_states(tx, states)
    return raised


def _rule_for(rules: Mapping[tuple[UUID, str], Rule], mutes: Mapping[tuple[UUID, str], datetime], key: LabelKey) -> Rule:
    rule = alerts_store.rule_for(rules, key.workspace_id, key.slug)
    return alerts_store.muted_too(rule, mutes, key.workspace_id, key.slug)


def _threshold(rule: Rule, *, cooldown_s: float) -> ThresholdRule:
    return ThresholdRule(
        enabled=rule.enabled,
        min_samples=rule.min_samples if rule.min_samples is not None else DEFAULT_MIN_SAMPLES,
        target_ratio=rule.target_ratio if rule.target_ratio is not None else DEFAULT_QUALITY_THRESHOLD,
        cooldown_s=cooldown_s,
        muted_until=rule.muted_until,
    )


async def _tell(tx: Tx, standing: LabelFeedback, move: Move, *, rule: Rule, threshold: ThresholdRule, now: datetime) -> bool:
    """Carries out one move. True when an alert was raised."""
    muted = rule.muted_until is not None and rule.muted_until > now
    match move:
        case TellSamples(satisfaction):
            if not muted:
                await _tell_threshold(tx, standing, satisfaction, reason="min_samples", alert_id=None, threshold=threshold, now=now)
            return False
        case Raise(satisfaction):
            changed = await _changed(tx, standing.key, now=now)
            found = _alert(standing, satisfaction, threshold=threshold, changed=changed, muted=muted, now=now)
            joined = await alerts_store.join_alert(tx, found)
            alert = joined or await alerts_store.raise_alert(tx, found)
            if alert is None:
                return False
            if joined is None:
                await announce_alert(tx, "alert.raised", alert, at=now, version=RAISED_VERSION)
            if not found.muted and not alert.muted:
                await _tell_threshold(
                    tx, standing, satisfaction, reason="below_target", alert_id=alert.alert_id, threshold=threshold, now=now
                )
            return joined is None
        case Resolve(reason=reason):
            resolved = await alerts_store.resolve_alert(
                tx, workspace_id=standing.key.workspace_id, incident_key=incident_key(standing.key), resolution=reason, at=now
            )
            if resolved is not None:
                await announce_alert(tx, "alert.resolved", resolved, at=now, version=RESOLVED_VERSION, resolution=reason)
            return False
        case _:
            assert_never(move)


def incident_key(key: LabelKey) -> str:
    return f"{KIND}:{key.slug}:{key.label}:{key.version}"


async def _changed(tx: Tx, key: LabelKey, *, now: datetime) -> dict[str, Any]:
    before = await label_store.served_before(tx, key)
    version = {"version": {"from": before, "to": key.version}} if before is not None else {}
    return version | await other_changes(tx, (key.workspace_id, key.slug, key.label), now=now)


def _alert(
    standing: LabelFeedback,
    satisfaction: Interval,
    *,
    threshold: ThresholdRule,
    changed: Mapping[str, Any],
    muted: bool,
    now: datetime,
) -> Alert:
    key = standing.key
    return Alert(
        alert_id=new_uuid(),
        workspace_id=key.workspace_id,
        incident_key=incident_key(key),
        kind=KIND,
        metric=METRIC,
        slug=key.slug,
        label=key.label,
        version=key.version,
        summary=(
            f"Satisfaction with {key.slug}@{key.label} (version {key.version}) is {satisfaction.value:.1%} of"
            f" {standing.weighed.samples} reactions;"
            f" its lower bound {satisfaction.low:.1%} is below the target of {threshold.target_ratio:.1%}."
        ),
        before={"target": threshold.target_ratio},
        after={**_figures(standing, satisfaction), **_voices(standing)},
        changed=changed,
        simulated=standing.simulated,
        muted=muted,
        raised_at=now,
    )


async def _tell_threshold(
    tx: Tx, standing: LabelFeedback, satisfaction: Interval, *, reason: str, alert_id: UUID | None, threshold: ThresholdRule, now: datetime
) -> None:
    key = standing.key
    await announce(
        tx,
        "feedback.threshold_reached",
        workspace_id=key.workspace_id,
        at=now,
        object_id=incident_key(key),
        version=1 if reason == "min_samples" else 2,
        simulated=standing.simulated,
        data={
            "prompt": key.slug,
            "label": key.label,
            "version": key.version,
            "reason": reason,
            "min_samples": threshold.min_samples,
            "target": threshold.target_ratio,
            "alert_id": str(alert_id) if alert_id else None,
            **_figures(standing, satisfaction),
        },
    )


def _figures(standing: LabelFeedback, satisfaction: Interval) -> Mapping[str, Any]:
    return {"samples": standing.weighed.samples, "satisfaction": satisfaction.value, "low": satisfaction.low, "high": satisfaction.high}


def _voices(standing: LabelFeedback) -> Mapping[str, Any]:
    """What came in all, and what of it weighs less because one voice may not weigh more (PROMISES O-08)."""
    weighed = standing.weighed
    return {"reactions": standing.samples, "voices_held_back": weighed.held_back, "most_of_one_voice": weighed.allowance}
