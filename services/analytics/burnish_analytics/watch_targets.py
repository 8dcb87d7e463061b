"""Watches the absolute targets of alert rules over their windows. The open alert is the memory: there is no other state."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

from burnish_analytics import metrics
from burnish_analytics.announce import RAISED_VERSION, RESOLVED_VERSION, announce_alert
from burnish_analytics.core.targets import Measured, Target, figures, summary, verdict
from burnish_analytics.io import alerts_store, live_score_store
from burnish_analytics.io import target_store as store
from burnish_analytics.io.alerts_store import Alert, Rule
from burnish_analytics.io.target_store import Scored, Window
from burnish_analytics.take_turns import each
from burnish_shared.clock import Clock
from burnish_shared.db.session import Database, Tx
from burnish_shared.ids import new_uuid
from burnish_shared.measures import quantile

_Row = TypeVar("_Row", Window, Scored)

KIND: Final = "target"
MICRO: Final = 1_000_000

UNUSED_AFTER: Final = timedelta(days=1)
"""An alert whose window holds no call, or no score of its evaluator, ends when there was none for so long."""


@dataclass(frozen=True, slots=True)
class TargetWatch:
    """The round over all workspaces with targets. Safe beside the same round of another replica: one open alert for each incident."""

    db: Database
    clock: Clock
    wake_relay: Callable[[], None]

    async def watch(self) -> int:
        """Returns how many alerts were raised."""
        async with self.db.unit_of_work() as tx:
            workspaces = await store.workspaces(tx)
        raised = await each("targets", workspaces, partial(self._watch, now=self.clock.now()))
        metrics.alerts_raised_total.labels(KIND).inc(raised)
        return raised

    async def _watch(self, workspace_id: UUID, *, now: datetime) -> int:
        async with self.db.unit_of_work(workspaces={workspace_id}) as tx:
            raised = await watch_targets(tx, workspace_id, now=now)
        self.wake_relay()
        return raised


@dataclass(frozen=True, slots=True)
class _Watched:
    """One target of one prompt, and what was measured of it."""

    slug: str
    target: Target
    rule: Rule
    measured: Measured


async def watch_targets(tx: Tx, workspace_id: UUID, *, now: datetime) -> int:
    """Raises and ends the alerts of one workspace; safe to repeat. Returns how many were raised."""
    rules = await alerts_store.rules_of(tx, [workspace_id])
    opened = await store.open_alerts(tx, workspace_id)
    watched = await _measured(tx, workspace_id, rules, now=now)
    raised, known = 0, set[str]()
    for one in watched:
        key = one.target.incident_key(one.slug)
        known.add(key)
        match verdict(one.target, one.measured, is_open=key in opened):
            case "raise":
                raised += await _raise(tx, workspace_id, one, now=now)
            case "end":
                await _end(tx, workspace_id, key, resolution="recovered", now=now)
            case None:
                pass
    for key in sorted(opened - known):
        await _end_of_unmeasured(tx, workspace_id, key, rules, now=now)
    return raised


async def _measured(tx: Tx, workspace_id: UUID, rules: Mapping[tuple[UUID, str], Rule], *, now: datetime) -> list[_Watched]:
    """Every target with a call, or a score, in its window; the prompts that have no rule of their own go by the workspace's."""
    of_all = {target for rule in rules.values() for target in rule.targets or ()}
    default = rules.get((workspace_id, ""), Rule())
    slugs = None if default.targets else sorted({slug for (_, slug), rule in rules.items() if rule.targets})
    found: list[_Watched] = []
    for minutes in sorted({one.window_minutes for one in of_all}):
        asked = [one for one in of_all if one.window_minutes == minutes]
        latency = any(one.metric == "latency" for one in asked)
        windows = await store.windows(tx, workspace_id, now=now, minutes=minutes, slugs=slugs, latency=latency)
        scores = {
            one: await store.scored(tx, workspace_id, one, now=now, minutes=minutes)
            for one in sorted({one.evaluator_id for one in asked if one.evaluator_id is not None})
        }
        calls_of = _by_slug(windows)
        scores_of = {one: _by_slug(told) for one, told in scores.items()}
        for slug in sorted(calls_of.keys() | {slug for of in scores_of.values() for slug in of}):
            rule = alerts_store.rule_for(rules, workspace_id, slug)
            for target in rule.targets or () if rule.enabled else ():
                if target.window_minutes != minutes:
                    continue
                measured = (
                    _of_calls(target, calls_of.get(slug, []))
                    if target.evaluator_id is None
                    else _of_scores(target, scores_of[target.evaluator_id].get(slug, []))
                )
                if measured.samples:
                    found.append(_Watched(slug, target, rule, measured))
    return found


def _by_slug(rows: Iterable[_Row]) -> dict[str, list[_Row]]:
    found: dict[str, list[_Row]] = {}
    for one in rows:
        found.setdefault(one.slug, []).append(one)
    return found


def _of_calls(target: Target, windows: list[Window]) -> Measured:
    windows = [one for one in windows if target.label in (None, one.label)]
    sums = {name: sum(one.sums[name] for one in windows) for name in store.SUMS}
    simulated = sums["simulated"] > 0
    ended = sums["executions"] - sums["cancelled"]
    reacted = sums["thumbs_up"] + sums["thumbs_down"] + sums["scores"]
    match target.metric:
        case "latency":
            longest = max((len(one.latency) for one in windows), default=0)
            counts = [sum(one.latency[place] for one in windows if place < len(one.latency)) for place in range(longest)]
            return Measured(quantile(counts, 0.95), sum(counts), simulated)
        case "error_rate":
            return Measured(1 - sums["successes"] / ended if ended else None, ended, simulated)
        case "satisfaction":
            value = (sums["thumbs_up"] + sums["score_sum_micro"] / MICRO) / reacted if reacted else None
            return Measured(value, reacted, simulated)
        case "reaction_rate":
            count = sums["executions"]
            return Measured(min(1.0, sums["reactions"] / count) if count else None, count, simulated)
        case _:
            count = sums["executions"]
            return Measured(sums["cost_nusd"] // count if count else None, count, simulated)


def _of_scores(target: Target, scored: list[Scored]) -> Measured:
    scored = [one for one in scored if target.label in (None, one.label)]
    count = sum(one.scores for one in scored)
    if not count:
        return Measured()
    value = sum(one.score_sum_micro for one in scored) / MICRO / count
    return Measured(value, count, any(one.simulated for one in scored), scored[0].evaluator_version)


async def _raise(tx: Tx, workspace_id: UUID, one: _Watched, *, now: datetime) -> bool:
    evaluator_id, evaluator = one.target.evaluator_id, ""
    changed = {}
    if evaluator_id is not None:
        evaluator = (await live_score_store.names_of(tx, workspace_id, {evaluator_id})).get(evaluator_id, "")
        changed = {"evaluator": {"id": str(evaluator_id), "name": evaluator, "version": one.measured.evaluator_version}}
    before, after = figures(one.target, one.measured)
    alert = await alerts_store.raise_alert(
        tx,
        Alert(
            alert_id=new_uuid(),
            workspace_id=workspace_id,
            incident_key=one.target.incident_key(one.slug),
            kind=KIND,
            metric=one.target.metric,
            slug=one.slug,
            label=one.target.label,
            version=None,
            summary=summary(one.slug, one.target, one.measured, evaluator=evaluator),
            before=before,
            after=after,
            changed=changed,
            simulated=one.measured.simulated,
            muted=one.rule.muted_until is not None and one.rule.muted_until > now,
            raised_at=now,
            severity=one.target.severity,
        ),
    )
    if alert is None:
        return False
    await announce_alert(tx, "alert.raised", alert, at=now, version=RAISED_VERSION)
    return True


async def _end(tx: Tx, workspace_id: UUID, key: str, *, resolution: str, now: datetime) -> None:
    resolved = await alerts_store.resolve_alert(tx, workspace_id=workspace_id, incident_key=key, resolution=resolution, at=now)
    if resolved is not None:
        await announce_alert(tx, "alert.resolved", resolved, at=now, version=RESOLVED_VERSION, resolution=resolution)


async def _end_of_unmeasured(tx: Tx, workspace_id: UUID, key: str, rules: Mapping[tuple[UUID, str], Rule], *, now: datetime) -> None:
    """Of an open alert whose target is gone, or has nothing in its window: a night without calls is no recovery."""
    slug = key.split(":")[1]
    rule = alerts_store.rule_for(rules, workspace_id, slug)
    target = next((one for one in rule.targets or () if rule.enabled and one.incident_key(slug) == key), None)
    if target is None:
        await _end(tx, workspace_id, key, resolution="rule_disabled", now=now)
        return
    since = now - max(UNUSED_AFTER, timedelta(minutes=target.window_minutes))
    if target.evaluator_id is None:
        is_measured = await store.is_in_use(tx, workspace_id, slug, target.label, since=since)
    else:
        is_measured = await store.is_scored(tx, workspace_id, slug, target.label, target.evaluator_id, since=since)
    if not is_measured:
        await _end(tx, workspace_id, key, resolution="unused", now=now)
