"""Runs the degradation detectors over the periods of ingestion that are closed, one workspace at a time, each period once and in order."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from burnish_analytics.announce import RAISED_VERSION, RESOLVED_VERSION, announce_alert, announce_metric
from burnish_analytics.core import degradation
from burnish_analytics.core.degradation import PLANS, Degraded, DetectorLimits, MetricPlan, Recovered, Seen, SeriesState
from burnish_analytics.core.intake import LabelKey
from burnish_analytics.core.reactions import MICRO
from burnish_analytics.core.seasonal import hourly_limits
from burnish_analytics.core.voices import NAMELESS, Block, Pool
from burnish_analytics.io import alerts_store, detector_store, label_store, season_store
from burnish_analytics.io.alerts_store import Alert, Rule
from burnish_analytics.io.detector_store import ObservedPeriod, SaidInPeriod, StoredStates
from burnish_analytics.what_changed import other_changes
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid
from burnish_shared.measures import middle_of

KIND: Final = "degradation"

SEASON_KEPT: Final = timedelta(days=1)
SEASON_LEARNT_FROM: Final = timedelta(days=28)


@dataclass(slots=True)
class Watched:
    """What came of one run. `labels`: whose version has just come or gone, to be judged in the same transaction."""

    labels: set[LabelKey] = field(default_factory=set)
    raised: int = 0


@dataclass(frozen=True, slots=True)
class Series:
    """One (prompt, label) of a workspace and what people asked for. `named_version`: what the label names now; None: no label here."""

    workspace_id: UUID
    slug: str
    label: str
    rule: Rule
    named_version: int | None = None

    def incident_key(self, metric: str) -> str:
        return f"{KIND}:{metric}:{self.slug}:{self.label}"


async def watch_workspace(tx: Tx, workspace_id: UUID, *, before: datetime, limits: DetectorLimits, now: datetime) -> Watched:
    """Feeds every period before a moment to the detectors and tells what they found. Each period goes with this transaction."""
    await detector_store.lock_workspace(tx, workspace_id)
    observed = await detector_store.take_observations(tx, workspace_id=workspace_id, before=before)
    if not observed:
        return Watched()
    stored = await detector_store.states_of(tx, workspace_id=workspace_id)
    rules = await alerts_store.rules_of(tx, [workspace_id])
    seen = {(one.slug, one.label) for one in observed}
    said = await detector_store.take_voices(tx, workspace_id=workspace_id, labels=seen, before=before)
    named = await detector_store.named_versions(tx, workspace_id=workspace_id, labels=seen)
    pairs = seen | set(stored)
    watched = Watched()
    for (slug, label), periods in groupby(observed, key=lambda one: (one.slug, one.label)):
        series = Series(workspace_id, slug, label, alerts_store.rule_for(rules, workspace_id, slug), named_version=named.get((slug, label)))
        await _watch(
            tx,
            series,
            list(periods),
            said=said.get((slug, label), []),
            stored=stored.get((slug, label)),
            limits=limits,
            monitors=len(pairs) * len(PLANS),
            now=now,
            into=watched,
        )
    return watched


async def _watch(
    tx: Tx,
    series: Series,
    periods: list[ObservedPeriod],
    *,
    said: list[SaidInPeriod],
    stored: StoredStates | None,
    limits: DetectorLimits,
    monitors: int,
    now: datetime,
    into: Watched,
) -> None:
    states = await _states(tx, series, stored)
    states["latency"] = await _with_season(tx, series, states["latency"], now=now)
    version = stored.version if stored else 0
    voices = Voices(said)
    for _, rows in groupby(periods, key=lambda one: one.period):
        same_period = list(rows)
        serving = _serving(same_period, named=series.named_version)
        if serving is not None and serving != version:
            version = serving
            states = {plan.metric: degradation.begin_version(states[plan.metric], version, plan=plan, limits=limits) for plan in PLANS}
        for row in same_period:
            block = voices.heard(row)
            for plan in _plans(series.rule):
                states[plan.metric], verdict = degradation.observed(
                    states[plan.metric], seen_by(plan, row, block), plan=plan, limits=limits, monitors=monitors
                )
                if verdict is not None and series.rule.enabled:
                    into.raised += await _tell(
                        tx, series, verdict, state=states[plan.metric], simulated=any(one.simulated for one in periods), now=now
                    )
    await detector_store.keep_voices(
        tx, workspace_id=series.workspace_id, slug=series.slug, label=series.label, waiting=voices.waiting(until=periods[-1].period)
    )
    kept = {metric: degradation.to_stored(state) for metric, state in states.items()}
    await detector_store.save_states(
        tx, workspace_id=series.workspace_id, slug=series.slug, label=series.label, version=version, states=kept
    )
    if version:
        into.labels |= set(
            await detector_store.retire_other_versions(
                tx,
                workspace_id=series.workspace_id,
                slug=series.slug,
                label=series.label,
                serving={version, series.named_version or version},
            )
        )


async def _states(tx: Tx, series: Series, stored: StoredStates | None) -> dict[str, SeriesState]:
    """What is remembered, with the statistic of acknowledged incidents begun anew."""
    if stored is None:
        return {plan.metric: SeriesState() for plan in PLANS}
    acknowledged = await alerts_store.acknowledged_since(tx, workspace_id=series.workspace_id, since=stored.seen_through)
    states: dict[str, SeriesState] = {}
    for plan in PLANS:
        held = stored.states.get(plan.metric)
        state = degradation.from_stored(held) if held else SeriesState()
        states[plan.metric] = degradation.acknowledged(state) if series.incident_key(plan.metric) in acknowledged else state
    return states


async def _with_season(tx: Tx, series: Series, state: SeriesState, *, now: datetime) -> SeriesState:
    """What each hour of the week was like in the last four weeks, looked up once a day."""
    if state.season_at is not None and now - state.season_at < SEASON_KEPT:
        return state
    hours = await season_store.hourly_latency(
        tx, workspace_id=series.workspace_id, slug=series.slug, label=series.label, since=now - SEASON_LEARNT_FROM
    )
    return replace(state, season=hourly_limits(hours), season_at=now)


def _serving(rows: Collection[ObservedPeriod], *, named: int | None) -> int | None:
    """The version that the label serves: the one that it names, where executions of it came, for those of the one before may end later;
    else the one that the newest execution came from. None when only feedback came.
    """
    finished = [one for one in rows if one.last_finished_at]
    if any(one.version == named for one in finished):
        return named
    newest = max(finished, key=lambda one: (one.last_finished_at, one.version), default=None)
    return newest.version if newest is not None else None


def _plans(rule: Rule) -> Iterable[MetricPlan]:
    for plan in PLANS:
        is_set = plan.metric == "satisfaction" and rule.min_drop_ratio is not None
        yield replace(plan, least_rise=rule.min_drop_ratio) if is_set and rule.min_drop_ratio is not None else plan


class Voices:
    """What was said under one label and was not weighed yet, by version: pools that fill as the periods go by."""

    def __init__(self, said: Sequence[SaidInPeriod]) -> None:
        self._to_come = list(said)
        self._pools: dict[int, Pool] = {}

    def heard(self, row: ObservedPeriod) -> Block | None:
        """What detectors hear of a version at the end of a period; None: too few voices so far."""
        pool = self._pools.setdefault(row.version, Pool())
        come = [one for one in self._to_come if one.version == row.version and one.period <= row.period]
        self._to_come = [one for one in self._to_come if one.version != row.version or one.period > row.period]
        for one in come:
            pool.add(one.voice.name, one.voice.samples, one.voice.satisfied_micro)
        pool.add(NAMELESS, row.samples, row.satisfied_micro)
        return pool.taken()

    def waiting(self, *, until: datetime) -> list[SaidInPeriod]:
        """What goes on waiting."""
        return self._to_come + [SaidInPeriod(version, until, one) for version, pool in self._pools.items() for one in pool.waiting()]


def seen_by(plan: MetricPlan, row: ObservedPeriod, block: Block | None) -> Seen:
    """What one detector sees of a period: how many observations, how many of them bad. `block`: the reactions, weighed."""
    match plan.metric:
        case "satisfaction":
            if block is None:
                return Seen(row.period, row.version, n=0, bad=0)
            return Seen(
                row.period,
                row.version,
                n=block.samples,
                bad=block.samples - block.satisfied_micro / MICRO,
                reactions=block.reactions,
                held_back=block.held_back,
                held_n=block.held_samples,
                held_bad=block.held_samples - block.held_satisfied_micro / MICRO,
                most_of_one=block.most_of_one,
            )
        case "error_rate":
            return Seen(row.period, row.version, n=row.executions, bad=row.failures)
        case "latency":
            return Seen(row.period, row.version, n=sum(row.latency), bad=0, counts=row.latency)
        case "cost":
            return Seen(row.period, row.version, n=sum(row.cost), bad=0, counts=row.cost)
        case "quality":
            raise ValueError("quality is watched where scores are counted")


async def _tell(tx: Tx, series: Series, verdict: Degraded | Recovered, *, state: SeriesState, simulated: bool, now: datetime) -> bool:
    """Carries out one verdict. True when an alert was raised, or took the place of the threshold's in its alert.

    Then it is told again, for those who asked for degradations alone; channels that were told of the alert are not told twice.
    """
    if verdict.metric == "satisfaction":
        await label_store.lock_label(tx, workspace_id=series.workspace_id, slug=series.slug, label=series.label)
    key = series.incident_key(verdict.metric)
    if isinstance(verdict, Recovered):
        resolved = await alerts_store.resolve_alert(tx, workspace_id=series.workspace_id, incident_key=key, resolution="recovered", at=now)
        if resolved is not None:
            await announce_alert(tx, "alert.resolved", resolved, at=now, version=RESOLVED_VERSION, resolution="recovered")
            await announce_metric(tx, "metric.recovered", resolved, version=RESOLVED_VERSION, at=now, resolution="recovered")
            if verdict.metric == "satisfaction" and resolved.version:
                key_of = LabelKey(series.workspace_id, series.slug, series.label, resolved.version)
                await label_store.end_crossing(tx, key_of, at=now)
        return False
    other = await other_changes(tx, (series.workspace_id, series.slug, series.label), now=now)
    found = _alert(series, verdict, state=state, simulated=simulated, other=other, now=now)
    joined = await alerts_store.join_alert(tx, found) if found.metric == "satisfaction" else None
    alert = joined or await alerts_store.raise_alert(tx, found)
    if alert is None:
        return False
    await announce_alert(tx, "alert.raised", alert, at=now, version=RAISED_VERSION)
    await announce_metric(tx, "metric.degraded", alert, version=RAISED_VERSION, at=now)
    return True


def _alert(series: Series, verdict: Degraded, *, state: SeriesState, simulated: bool, other: Mapping[str, Any], now: datetime) -> Alert:
    version = state.version or 0
    before, after = _figures(verdict)
    has_moved = version != verdict.baseline.version
    return Alert(
        alert_id=new_uuid(),
        workspace_id=series.workspace_id,
        incident_key=series.incident_key(verdict.metric),
        kind=KIND,
        metric=verdict.metric,
        slug=series.slug,
        label=series.label,
        version=version,
        summary=_summary(series, verdict, version=version),
        before=before,
        after=after,
        changed=({"version": {"from": verdict.baseline.version, "to": version}} if has_moved else {}) | dict(other),
        simulated=simulated,
        muted=series.rule.muted_until is not None and series.rule.muted_until > now,
        raised_at=now,
        severity="error" if verdict.metric in ("satisfaction", "error_rate") else "warning",
    )


def _figures(verdict: Degraded) -> tuple[dict[str, Any], dict[str, Any]]:
    """Before and after in the metric's own words: a share of satisfied, of failed, or of those beyond the old 95th percentile."""
    if verdict.metric == "satisfaction":
        before, after = {"satisfaction": 1 - verdict.expected}, {"satisfaction": 1 - verdict.recent}
    elif verdict.metric == "error_rate":
        before, after = {"error_rate": verdict.expected}, {"error_rate": verdict.recent}
    else:
        unit = "p95_ms" if verdict.metric == "latency" else "p95_nusd"
        limit = middle_of(verdict.baseline.limit or 0)
        before, after = {unit: limit, "share_above": verdict.expected}, {"share_above": verdict.recent}
    return (
        {**before, "version": verdict.baseline.version, "observations": verdict.baseline.n},
        {**after, "observations": verdict.n, **_voices(verdict)},
    )


def _voices(verdict: Degraded) -> Mapping[str, Any]:
    """What came in all, and what of it weighs less because one voice may not weigh more (PROMISES O-08), as thresholds say it."""
    if verdict.metric != "satisfaction":
        return {}
    return {
        "reactions": sum(part.reactions for part in verdict.window),
        "voices_held_back": max((part.held_back for part in verdict.window), default=0),
        "most_of_one_voice": sum(part.most_of_one for part in verdict.window),
    }


def _summary(series: Series, verdict: Degraded, *, version: int) -> str:
    name = f"{series.slug}@{series.label} (version {version})"
    if verdict.metric == "satisfaction":
        return f"Satisfaction with {name} fell from {1 - verdict.expected:.1%} to {1 - verdict.recent:.1%}."
    if verdict.metric == "error_rate":
        return f"The error rate of {name} rose from {verdict.expected:.1%} to {verdict.recent:.1%}."
    what = "slower" if verdict.metric == "latency" else "dearer"
    return f"{verdict.recent:.1%} of the answers of {name} are {what} than 95 % were before."
