"""Makes a report: the same reads as `/v1/analytics/…`, so the same figures, beside those of the time before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from asyncpg import Record

from burnish_gateway.insights import store
from burnish_gateway.insights.answers import Distinct, Figures, NamedMetric
from burnish_gateway.insights.figures import end_users_of, figures_of, named_metric
from burnish_gateway.insights.project_costs import Month, Series, month_series, projection_of, series_of
from burnish_gateway.insights.ranges import Range, by_the_hour, range_of
from burnish_gateway.insights.store import WHOLE_WORKSPACE, Totals
from burnish_gateway.insights.targets import Targets, TargetsOfAll
from burnish_gateway.reports import facts_store
from burnish_gateway.reports.answers import (
    BreakdownRow,
    ReportContent,
    ReportedAlert,
    ReportedGroup,
    ReportedRun,
    ReportStep,
)
from burnish_gateway.reports.in_words import changes_between
from burnish_gateway.reports.of_experiment import ended_between
from burnish_gateway.reports.target import BREAKDOWNS, Target
from burnish_shared.db.session import Tx

ROWS_MOST: Final = 10
SHOWN_MOST: Final = 20
METRICS_MOST: Final = 100
GROUPS_MOST: Final = 10


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` to `end` as rollups can answer it, and the time of the same length before."""

    wanted: Range
    before: Range


def period_of(start: datetime, end: datetime, target: Target, *, now: datetime) -> Period:
    """By the hour at the finest. Raises InvalidField for a range that is none."""
    wanted = by_the_hour(range_of(start, end, grain=None, now=now))
    if target.kind == "end_user":
        wanted = Range(_midnight(wanted.start), _midnight(wanted.end - timedelta(microseconds=1)) + timedelta(days=1), "day")
    length = wanted.end - wanted.start
    return Period(wanted, replace(wanted, start=wanted.start - length, end=wanted.start))


async def make_report(tx: Tx, target: Target, period: Period, *, now: datetime) -> ReportContent:
    """Reads all of it in the given transaction, of one moment where that is repeatable."""
    if target.kind == "end_user":
        return await _of_end_user(tx, target.name, period, now=now)
    wanted, filters = period.wanted, target.filters
    targets = await store.read_targets(tx)
    own = targets.of(target.slug)
    figures, before = await _figures(tx, target, wanted, own), await _figures(tx, target, period.before, own)
    steps = await store.totals(tx, wanted, filters, by_step=True, group_by=None, histograms=("latency",))
    raised, alert_count = await _alerts(tx, target, wanted)
    runs = await facts_store.test_runs(
        tx, start=wanted.start, end=wanted.end, slug=filters.slug, version=filters.version, model=filters.model, at_most=SHOWN_MOST
    )
    month = Month(now)
    series = (await month_series(tx, filters, month, group_by=None))[""] if wanted.end > month.start else None
    metrics, metrics_left_out = await _metrics(tx, target, wanted, executions=figures.executions)
    return ReportContent(
        figures=figures,
        before=before,
        changes=changes_between(before, figures),
        metrics=metrics,
        metrics_left_out=metrics_left_out,
        prompts=Distinct(value=await store.distinct_prompts(tx, wanted, filters), relative_error=0) if target.kind == "workspace" else None,
        end_users=await _end_users(tx, target, wanted),
        series=[_step(at, figures_of(totals, own)) for (at, _), totals in steps.items()],
        breakdowns={by: await _breakdown(tx, target, wanted, targets, by=by) for by in BREAKDOWNS[target.kind]},
        projection=await projection_of(series, month) if series is not None else None,
        alerts=raised,
        alert_count=alert_count,
        test_runs=[ReportedRun(**dict(row)) for row in runs],
        failure_groups=_groups(await facts_store.failure_groups(tx, slug=target.slug)) if target.kind in ("workspace", "prompt") else [],
        experiments=await ended_between(tx, wanted.start, wanted.end, slug=target.slug) if target.kind in ("workspace", "prompt") else [],
    )


async def _figures(tx: Tx, target: Target, wanted: Range, targets: Targets) -> Figures:
    found = await store.totals(tx, wanted, target.filters, by_step=False, group_by=None)
    return figures_of(next(iter(found.values()), Totals()), targets)


async def _metrics(tx: Tx, target: Target, wanted: Range, *, executions: int) -> tuple[list[NamedMetric], int]:
    """And how many others there are."""
    if target.filters.dimension is not None:
        return [], 0
    sums, left_out = await store.named_metrics(tx, wanted, target.filters, at_most=METRICS_MOST)
    return [named_metric(metric, sums=one, executions=executions) for metric, one in sums.items()], left_out


async def _end_users(tx: Tx, target: Target, wanted: Range) -> Distinct | None:
    if target.kind not in ("workspace", "prompt"):
        return None
    return end_users_of(await store.end_user_sketches(tx, wanted, target.slug or WHOLE_WORKSPACE))


async def _breakdown(tx: Tx, target: Target, wanted: Range, targets: TargetsOfAll, *, by: str) -> list[BreakdownRow]:
    found = await store.largest(tx, wanted, target.filters, group_by=by, at_most=ROWS_MOST)
    return [_row(group, figures_of(totals, targets.of_group(group, by=by, slug=target.slug))) for group, totals in found]


async def _alerts(tx: Tx, target: Target, wanted: Range) -> tuple[list[ReportedAlert], int]:
    """Alerts are about prompts or the workspace; of a model or a key none is told."""
    if target.kind not in ("workspace", "prompt", "version", "experiment"):
        return [], 0
    rows, count = await facts_store.alerts(tx, start=wanted.start, end=wanted.end, slug=target.slug, at_most=SHOWN_MOST)
    return [ReportedAlert(**{name: value for name, value in row.items() if name != "all_of_them"}) for row in rows], count


def _groups(rows: Sequence[Record]) -> list[ReportedGroup]:
    found = [
        ReportedGroup(prompt=row["slug"], name=one["name"], size=one["size"], share=one["share"], trend=one["trend"]["change"])
        for row in rows
        for one in row["groups"]
    ]
    return sorted(found, key=lambda one: (-one.size, one.prompt, one.name))[:GROUPS_MOST]


async def _of_end_user(tx: Tx, end_user: str, period: Period, *, now: datetime) -> ReportContent:
    """Days, from usage and from reactions by when they came. Latency and the kinds of failure are not kept by end user."""
    month = Month(now)
    own = (await store.read_targets(tx)).own
    days = await facts_store.end_user_days(tx, end_user, start=period.wanted.start.date(), end=period.wanted.end.date())
    figures = await _user_figures(tx, end_user, period.wanted, days, own)
    before_days = await facts_store.end_user_days(tx, end_user, start=period.before.start.date(), end=period.before.end.date())
    before = await _user_figures(tx, end_user, period.before, before_days, own)
    series: Series | None = None
    if period.wanted.end > month.start:
        known = await facts_store.end_user_days(tx, end_user, start=month.known.start.date(), end=month.known.end.date())
        series = series_of({_at(row["day"]): row["cost_nusd"] for row in known}, month)
    return ReportContent(
        figures=figures,
        before=before,
        changes=changes_between(before, figures),
        metrics=[],
        prompts=None,
        end_users=None,
        series=[_step(_at(row["day"]), figures_of(_totals([row]), own)) for row in days],
        breakdowns={},
        projection=await projection_of(series, month) if series is not None else None,
        alerts=[],
        alert_count=0,
        test_runs=[],
        failure_groups=[],
    )


async def _user_figures(tx: Tx, end_user: str, wanted: Range, days: Sequence[Record], targets: Targets) -> Figures:
    totals = _totals(days)
    totals.sums |= dict(await facts_store.end_user_reactions(tx, end_user, start=wanted.start, end=wanted.end))
    return figures_of(totals, targets)


def _totals(days: Sequence[Record]) -> Totals:
    totals = Totals()
    for row in days:
        for name in row.keys() & totals.sums.keys():
            totals.sums[name] += row[name]
    return totals


def _step(at: datetime, figures: Figures) -> ReportStep:
    return ReportStep(
        at=at,
        executions=figures.executions,
        success_rate=figures.success_rate,
        satisfaction=figures.satisfaction,
        p95_ms=figures.latency.p95_ms,
        cost_nusd=figures.cost_nusd,
    )


def _row(group: str, figures: Figures) -> BreakdownRow:
    return BreakdownRow(
        group=group,
        executions=figures.executions,
        success_rate=figures.success_rate,
        satisfaction=figures.satisfaction,
        effectiveness=figures.effectiveness,
        p95_ms=figures.latency.p95_ms,
        cost_nusd=figures.cost_nusd,
        simulated=figures.simulated,
    )


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _at(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
