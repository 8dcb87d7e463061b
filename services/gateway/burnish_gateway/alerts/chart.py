"""The measure that an alert is about, hour by hour and by version, from a day before it to a day after."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from burnish_gateway.alerts.answers import AlertAnswer, ChartPoint
from burnish_gateway.insights.answers import Figures
from burnish_gateway.insights.figures import figures_of
from burnish_gateway.insights.ranges import Range, range_of
from burnish_gateway.insights.store import Filters, totals
from burnish_gateway.scores.bodies import MICRO
from burnish_gateway.scores.store import score_sums
from burnish_shared.db.session import Tx

AROUND: Final = timedelta(days=1)
ROWS_MOST: Final = 10_000


async def chart_of(tx: Tx, alert: AlertAnswer, *, now: datetime) -> list[ChartPoint]:
    """In order of time. Empty for alerts that are about no label of a prompt, nor a target of all of it. Reads
    rollups only."""
    if alert.prompt is None or (alert.label is None and alert.kind != "target"):
        return []
    wanted = range_of(alert.raised_at - AROUND, min(now, alert.raised_at + AROUND), grain="hour", now=now)
    if alert.metric == "quality":
        return await _of_scores(tx, alert, wanted)
    found = await totals(tx, wanted, Filters(slug=alert.prompt, label=alert.label, traffic="live"), by_step=True, group_by="version")
    points = [(at, int(group.rpartition("@")[2]), figures_of(one)) for (at, group), one in found.items()]
    return [
        ChartPoint(at=at, version=version, value=value, samples=samples)
        for at, version, figures in points
        for value, samples in [value_of(figures, alert.metric)]
        if value is not None
    ]


async def _of_scores(tx: Tx, alert: AlertAnswer, wanted: Range) -> list[ChartPoint]:
    """Mean scores by the version of the evaluator that the alert names."""
    evaluator = alert.changed["evaluator"]
    filters = {
        "evaluator_id": UUID(evaluator["id"]), "evaluator_version": evaluator["version"], "prompt": alert.prompt, "label": alert.label,
    }  # fmt: skip
    rows = await score_sums(tx, wanted, filters=filters, by_step=True, group_by="version", at_most=ROWS_MOST)
    return [
        ChartPoint(
            at=row["at"],
            version=int(row["key"].rpartition("@")[2]),
            value=row["score_sum_micro"] / MICRO / row["scores"],
            samples=row["scores"],
        )
        for row in rows
        if row["scores"]
    ]


def value_of(figures: Figures, metric: str) -> tuple[float | None, int]:
    """In the metric's own unit (a share, milliseconds, nano-dollars), and of how many."""
    match metric:
        case "satisfaction":
            return (figures.satisfaction.value, figures.satisfaction.samples) if figures.satisfaction else (None, 0)
        case "error_rate":
            return (None if figures.success_rate is None else 1 - figures.success_rate), figures.executions
        case "latency":
            return figures.latency.p95_ms, figures.executions
        case "cost":
            return figures.mean_cost_nusd, figures.executions
        case "reaction_rate":
            share = min(1.0, figures.reactions / figures.executions) if figures.executions else None
            return share, figures.executions
        case _:
            return None, 0
