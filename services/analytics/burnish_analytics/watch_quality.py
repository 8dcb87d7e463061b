"""Watches what evaluators say of what each label serves against what they said of what it served before (PRODUCT A4).

One series for each version of an evaluator: another rubric is another scale, so their scores are not mixed.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from burnish_analytics import metrics
from burnish_analytics.announce import RAISED_VERSION, RESOLVED_VERSION, announce_alert, announce_metric
from burnish_analytics.core import degradation
from burnish_analytics.core.degradation import Degraded, DetectorLimits, MetricPlan, Recovered, Seen, SeriesState
from burnish_analytics.core.followed import LABELS_FULL, chosen
from burnish_analytics.core.score_sums import NewScore
from burnish_analytics.io import alerts_store, detector_store
from burnish_analytics.io import live_score_store as store
from burnish_analytics.io.alerts_store import Alert, Rule
from burnish_analytics.io.live_score_store import QualityState, SeriesKey
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

KIND: Final = "degradation"

PLAN: Final = MetricPlan("quality", fast_rise=0.10, slow_rise=0.05, least_rise=0.05)
"""As satisfaction: the harm looked for is a score that falls by 0.1, and slowly by 0.05. What is missing to 1 counts as bad."""


@dataclass(frozen=True, slots=True)
class _Series:
    workspace_id: UUID
    key: SeriesKey
    evaluator: str
    rule: Rule

    @property
    def incident_key(self) -> str:
        return self.key.incident_key


async def watch_quality(tx: Tx, workspace_id: UUID, scores: Sequence[NewScore], *, limits: DetectorLimits, now: datetime) -> int:
    """Feeds newly counted scores to the detectors, in the order in which their executions finished. Returns how many alerts were raised.

    The caller holds the workspace's detectors. What somebody had scored of the past says nothing of what a label serves now.
    """
    watched = sorted(
        (one for one in scores if one.score is not None and one.slug and one.label and one.version and not one.is_past),
        key=lambda one: (_key(one), one.finished_at),
    )
    if not watched:
        return 0
    named = await detector_store.named_versions(tx, workspace_id=workspace_id, labels={(one.slug, one.label) for one in watched})
    come = Counter(_key(one) for one in watched)
    held = await store.remembered(tx, workspace_id)
    keys = chosen(held, come, named={one for one in come if (one.slug, one.label) in named})
    stored = await store.quality_states(tx, workspace_id, come.keys() & keys)
    await store.forget_series(tx, workspace_id, held.keys() - keys)
    monitors = sum(one in come or held[one].is_recent for one in keys)
    metrics.detectors_skipped_total.labels(LABELS_FULL).inc(sum(count for one, count in come.items() if one not in keys))
    rules = await alerts_store.rules_of(tx, [workspace_id])
    names = await store.names_of(tx, workspace_id, {one.evaluator_id for one in watched})
    raised = 0
    for key, of_series in groupby([one for one in watched if _key(one) in keys], key=_key):
        series = _Series(workspace_id, key, names.get(key.evaluator_id, ""), alerts_store.rule_for(rules, workspace_id, key.slug))
        raised += await _watch(tx, series, list(of_series), stored=stored.get(key), limits=limits, monitors=monitors, now=now)
    return raised


async def _watch(
    tx: Tx, series: _Series, scores: list[NewScore], *, stored: QualityState | None, limits: DetectorLimits, monitors: int, now: datetime
) -> int:
    state = await _state(tx, series, stored)
    plan = PLAN if series.rule.min_drop_ratio is None else replace(PLAN, least_rise=series.rule.min_drop_ratio)
    version, newest_at = (stored.version, stored.newest_at) if stored else (0, scores[0].finished_at)
    raised = 0
    for served, run in groupby(scores, key=lambda one: one.version):
        rows = list(run)
        if rows[-1].finished_at >= newest_at:
            newest_at = rows[-1].finished_at
            if served != version:
                version = served
                state = degradation.begin_version(state, version, plan=plan, limits=limits)
        if served != version:
            continue  # a judge took its time: the label serves something else by now
        lost = sum(1 - one.score for one in rows if one.score is not None)
        seen = Seen(now, version, n=len(rows), bad=lost)
        state, verdict = degradation.observed(state, seen, plan=plan, limits=limits, monitors=monitors)
        if verdict is not None and (series.rule.enabled or isinstance(verdict, Recovered)):
            raised += await _tell(tx, series, verdict, state=state, simulated=any(one.simulated for one in rows), now=now)
    await store.save_quality(tx, series.workspace_id, series.key, version=version, newest_at=newest_at, state=degradation.to_stored(state))
    return raised


async def _state(tx: Tx, series: _Series, stored: QualityState | None) -> SeriesState:
    """What is remembered, with the statistic of an incident begun anew that was acknowledged, or that a rule has ended."""
    if stored is None:
        return SeriesState()
    state = degradation.from_stored(stored.state)
    if not series.rule.enabled:
        return state
    opened = await alerts_store.open_among(tx, workspace_id=series.workspace_id, since={series.incident_key: stored.seen_through})
    return degradation.with_alert(state, opened.get(series.incident_key))


async def _tell(tx: Tx, series: _Series, verdict: Degraded | Recovered, *, state: SeriesState, simulated: bool, now: datetime) -> bool:
    """Carries out one verdict. True when an alert was raised."""
    if isinstance(verdict, Recovered):
        resolved = await alerts_store.resolve_alert(
            tx, workspace_id=series.workspace_id, incident_key=series.incident_key, resolution="recovered", at=now
        )
        if resolved is not None:
            await announce_alert(tx, "alert.resolved", resolved, at=now, version=RESOLVED_VERSION, resolution="recovered")
            await announce_metric(tx, "metric.recovered", resolved, version=RESOLVED_VERSION, at=now, resolution="recovered")
        return False
    alert = await alerts_store.raise_alert(tx, _alert(series, verdict, state=state, simulated=simulated, now=now))
    if alert is None:
        return False
    await announce_alert(tx, "alert.raised", alert, at=now, version=RAISED_VERSION)
    await announce_metric(tx, "metric.degraded", alert, version=RAISED_VERSION, at=now)
    return True


def _alert(series: _Series, verdict: Degraded, *, state: SeriesState, simulated: bool, now: datetime) -> Alert:
    key, version = series.key, state.version or 0
    before, after = 1 - verdict.before, 1 - verdict.recent
    has_moved = version != verdict.baseline.version
    about: Mapping[str, Any] = {"evaluator": {"id": str(key.evaluator_id), "name": series.evaluator, "version": key.evaluator_version}}
    return Alert(
        alert_id=new_uuid(),
        workspace_id=series.workspace_id,
        incident_key=series.incident_key,
        kind=KIND,
        metric="quality",
        slug=key.slug,
        label=key.label,
        version=version,
        summary=(
            f"The score of {key.slug}@{key.label} (version {version}) by the evaluator “{series.evaluator}” fell from {before:.1%}"
            f" to {after:.1%}."
        ),
        before={"quality": before, "version": verdict.baseline.version, "observations": verdict.baseline.n},
        after={"quality": after, "observations": verdict.n},
        changed=({"version": {"from": verdict.baseline.version, "to": version}} if has_moved else {}) | dict(about),
        simulated=simulated,
        muted=series.rule.muted_until is not None and series.rule.muted_until > now,
        raised_at=now,
        severity="error",
    )


def _key(one: NewScore) -> SeriesKey:
    return SeriesKey(one.slug, one.label, one.evaluator_id, one.evaluator_version)
