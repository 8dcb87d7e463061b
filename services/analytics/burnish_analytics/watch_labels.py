"""Runs the degradation detectors over the periods of ingestion that are closed, one workspace at a time, each period once and in order.

As many statements for a thousand labels as for one: all is read first, then followed without I/O, then written, and last told.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import UUID

from burnish_analytics.core import degradation
from burnish_analytics.core.degradation import PLANS, DetectorLimits, MetricPlan, Recovered, Seen, SeriesState, Verdict
from burnish_analytics.core.followed import chosen
from burnish_analytics.core.intake import LabelKey
from burnish_analytics.core.reactions import MICRO
from burnish_analytics.core.seasonal import hourly_limits
from burnish_analytics.core.voices import NAMELESS, Block, Pool
from burnish_analytics.io import alerts_store, detector_store, season_store
from burnish_analytics.io.alerts_store import Rule
from burnish_analytics.io.detector_store import Kept, ObservedPeriod, Pair, SaidInPeriod, StoredStates
from burnish_analytics.tell_degradation import KIND, Found, Series, tell
from burnish_shared.db.session import Tx
from burnish_shared.measures import merged

__all__ = ["KIND", "Watched", "watch_workspace"]

PAGE: Final = 500
"""Periods of labels in one transaction: one to two seconds."""

SEASON_KEPT: Final = timedelta(days=1)
SEASON_LEARNT_FROM: Final = timedelta(days=28)


@dataclass(slots=True)
class Watched:
    """What came of one page. `labels`: whose version has just come or gone, to be judged in the same transaction.

    `skipped`: executions and reactions of labels that are not followed; `displaced`: labels that are not any more, to be forgotten.
    """

    labels: set[LabelKey] = field(default_factory=set)
    raised: int = 0
    is_more: bool = False
    skipped: int = 0
    displaced: set[Pair] = field(default_factory=set)


@dataclass(slots=True)
class Followed:
    """A series after the periods that were read. `version` 0: the label has served nothing yet."""

    series: Series
    version: int
    states: dict[str, SeriesState]
    verdicts: list[tuple[Verdict, int]] = field(default_factory=list)
    waiting: Sequence[SaidInPeriod] = ()


async def watch_workspace(tx: Tx, workspace_id: UUID, *, before: datetime, limits: DetectorLimits, now: datetime) -> Watched:
    """Feeds a page of what came in before a moment to the detectors, the oldest periods first, and tells what they found.

    What was fed goes with this transaction.
    """
    await detector_store.lock_workspace(tx, workspace_id)
    observed, is_more = await detector_store.take_observations(tx, workspace_id=workspace_id, before=before, at_most=PAGE)
    if not observed:
        return Watched()
    until = min(before, max(one.period for one in observed) + timedelta(microseconds=1))
    come = {pair: list(periods) for pair, periods in groupby(observed, key=lambda one: (one.slug, one.label))}
    said = await detector_store.take_voices(tx, workspace_id=workspace_id, labels=come.keys(), before=until)
    named = await detector_store.named_versions(tx, workspace_id=workspace_id, labels=come.keys())
    held = await detector_store.remembered(tx, workspace_id=workspace_id)
    kept = chosen(held, {pair: sum(one.executions for one in periods) for pair, periods in come.items()}, named=named)
    by_label = {pair: periods for pair, periods in come.items() if pair in kept}
    monitors = sum(pair in come or held[pair].is_recent for pair in kept) * len(PLANS)
    stored = await detector_store.states_of(tx, workspace_id=workspace_id, labels=by_label.keys())
    rules = await alerts_store.rules_of(tx, [workspace_id])
    followed = [
        Followed(
            Series(workspace_id, slug, label, alerts_store.rule_for(rules, workspace_id, slug), named_version=named.get((slug, label))),
            version=known.version if (known := stored.get((slug, label))) else 0,
            states=_states(known),
        )
        for slug, label in by_label
    ]
    await _begin_anew(tx, workspace_id, followed, stored)
    await _learn_seasons(tx, workspace_id, followed, by_label, now=now)
    for one in followed:
        pair = one.series.pair
        _follow(one, by_label[pair], said=said.get(pair, []), limits=limits, monitors=monitors)
    watched = await _write_and_tell(tx, workspace_id, followed, by_label, now=now)
    watched.is_more, watched.displaced = is_more, held.keys() - kept
    watched.skipped = sum(
        sum(one.executions + one.samples for one in periods) + sum(one.voice.samples for one in said.get(pair, ()))
        for pair, periods in come.items()
        if pair not in kept
    )
    return watched


async def _write_and_tell(
    tx: Tx, workspace_id: UUID, followed: Sequence[Followed], by_label: Mapping[Pair, Sequence[ObservedPeriod]], *, now: datetime
) -> Watched:
    """Standings of labels are locked once, in order of key, before alerts: whoever judges feedback does the same."""
    found = [
        Found(one.series, verdict, version, any(period.simulated for period in by_label[one.series.pair]))
        for one in followed
        for verdict, version in one.verdicts
        if one.series.rule.enabled or isinstance(verdict, Recovered)
    ]
    await detector_store.keep_voices(tx, workspace_id=workspace_id, waiting={one.series.pair: one.waiting for one in followed})
    kept = [
        Kept(*one.series.pair, one.version, {metric: degradation.to_stored(state) for metric, state in one.states.items()})
        for one in followed
    ]
    await detector_store.save_states(tx, workspace_id=workspace_id, states=kept)
    watched = Watched()
    watched.labels |= set(
        await detector_store.retire_other_versions(
            tx,
            workspace_id=workspace_id,
            serving={one.series.pair: (one.version, one.series.named_version or one.version) for one in followed if one.version},
            told={one.series.pair for one in found if one.verdict.metric == "satisfaction"},
        )
    )
    for one in found:
        watched.raised += await tell(tx, one, now=now)
    return watched


def _states(stored: StoredStates | None) -> dict[str, SeriesState]:
    held = stored.states if stored is not None else {}
    return {plan.metric: degradation.from_stored(held[plan.metric]) if plan.metric in held else SeriesState() for plan in PLANS}


async def _begin_anew(tx: Tx, workspace_id: UUID, followed: Sequence[Followed], stored: Mapping[Pair, StoredStates]) -> None:
    """The statistics of incidents that somebody acknowledged since the series was last written, or whose alert a rule has ended."""
    since = {
        one.series.incident_key(plan.metric): held.seen_through
        for one in followed
        if (held := stored.get(one.series.pair)) is not None
        for plan in PLANS
    }
    opened = await alerts_store.open_among(tx, workspace_id=workspace_id, since=since) if since else {}
    for one in followed:
        for metric, state in one.states.items():
            if one.series.rule.enabled:
                one.states[metric] = degradation.with_alert(state, opened.get(one.series.incident_key(metric)))


async def _learn_seasons(
    tx: Tx, workspace_id: UUID, followed: Sequence[Followed], by_label: Mapping[Pair, Sequence[ObservedPeriod]], *, now: datetime
) -> None:
    """What each hour of the week was like in the last four weeks, looked up once a day. What came in now is of the weeks to come."""
    due = [one for one in followed if any(_is_due(one.states[metric], now=now) for metric in season_store.SEASONAL)]
    async for labels, seasons in season_store.hours_of_labels(
        tx, workspace_id=workspace_id, labels=[one.series.pair for one in due], since=now - SEASON_LEARNT_FROM
    ):
        for one in due:
            if one.series.pair in labels:
                for metric in season_store.SEASONAL:
                    learnt = hourly_limits(seasons.get((*one.series.pair, metric), []))
                    one.states[metric] = replace(one.states[metric], season=learnt, season_at=now)
    await season_store.add_costs(tx, workspace_id=workspace_id, costs=_costs(by_label))


def _is_due(state: SeriesState, *, now: datetime) -> bool:
    return state.season_at is None or now - state.season_at >= SEASON_KEPT


def _costs(by_label: Mapping[Pair, Sequence[ObservedPeriod]]) -> dict[tuple[str, str, datetime], list[int]]:
    """(slug, label, hour) → histogram of what its executions cost."""
    costs: dict[tuple[str, str, datetime], list[int]] = {}
    for pair, periods in by_label.items():
        for one in periods:
            if any(one.cost):
                key = (*pair, one.period.replace(minute=0, second=0, microsecond=0))
                costs[key] = merged(costs.get(key, []), one.cost)
    return costs


def _follow(one: Followed, periods: Sequence[ObservedPeriod], *, said: list[SaidInPeriod], limits: DetectorLimits, monitors: int) -> None:
    voices = Voices(said)
    for _, rows in groupby(periods, key=lambda period: period.period):
        same_period = list(rows)
        serving = _serving(same_period, named=one.series.named_version)
        if serving is not None and serving != one.version:
            one.version = serving
            for plan in PLANS:
                one.states[plan.metric] = degradation.begin_version(one.states[plan.metric], serving, plan=plan, limits=limits)
        for row in same_period:
            block = voices.heard(row)
            for plan in plans_by(one.series.rule):
                state, verdict = degradation.observed(
                    one.states[plan.metric], seen_by(plan, row, block), plan=plan, limits=limits, monitors=monitors
                )
                one.states[plan.metric] = state
                if verdict is not None:
                    one.verdicts.append((verdict, state.version or 0))
    one.waiting = voices.waiting(until=periods[-1].period)


def _serving(rows: Collection[ObservedPeriod], *, named: int | None) -> int | None:
    """The version that the label serves: the one that it names, where executions of it came, for those of the one before may end later;
    else the one that the newest execution came from. None when only feedback came.
    """
    finished = [one for one in rows if one.last_finished_at]
    if any(one.version == named for one in finished):
        return named
    newest = max(finished, key=lambda one: (one.last_finished_at, one.version), default=None)
    return newest.version if newest is not None else None


def plans_by(rule: Rule) -> Iterable[MetricPlan]:
    """What is watched of a label, by what its prompt's rule says counts as worse."""
    for plan in PLANS:
        asked = rule.least_rises.get(plan.metric)
        yield plan if asked is None else replace(plan, least_rise=asked, is_asked=True)


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
