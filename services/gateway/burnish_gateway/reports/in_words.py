"""A report in a sentence, in lines of a notice, and as a table. Pure."""

from collections.abc import Iterator
from typing import Any, Final

from pydantic import BaseModel

from burnish_gateway.insights.answers import Figures
from burnish_gateway.reports.answers import Change, ReportAnswer, ReportContent
from burnish_shared.money import credits_text
from burnish_shared.relative_change import relative_change

RATES: Final = ("success_rate", "satisfaction", "cache_hit_rate")
"""Their change is a difference; that of everything else is relative."""

COMPARED: Final = ("executions", "success_rate", "satisfaction", "effectiveness", "p95_ms", "mean_cost_nusd", "cost_nusd", "reactions",
                   "cache_hit_rate")  # fmt: skip


def changes_between(before: Figures, after: Figures) -> dict[str, Change]:
    return {name: _change(name, _value(before, name), _value(after, name)) for name in COMPARED}


def summary_of(content: ReportContent) -> str:
    """One sentence: numbers, no text of anybody; of an experiment its verdict, with the names of its arms."""
    figures, changes = content.figures, content.changes
    if content.experiment is not None:
        return content.experiment.sentence
    if figures.executions == 0:
        return "No executions in this time."
    parts = [f"{figures.executions:,} execution{'s' if figures.executions > 1 else ''}{_relative(changes['executions'])}"]
    if figures.success_rate is not None:
        parts.append(f"{_percent(figures.success_rate)} of them successful")
    if figures.satisfaction is not None:
        parts.append(f"satisfaction {_percent(figures.satisfaction.value)}{_points(changes['satisfaction'])}")
    if content.experiments:
        parts.append(f"{len(content.experiments)} experiment{'s' if len(content.experiments) > 1 else ''} ended")
    parts.append(f"cost {credits_text(figures.cost_nusd)} credits{_relative(changes['cost_nusd'])}")
    if content.alert_count:
        parts.append(f"{content.alert_count} alert{'s' if content.alert_count > 1 else ''}")
    return f"{', '.join(parts)}{' (simulated models)' if figures.simulated else ''}."


def numbers_of(content: ReportContent) -> dict[str, float | int | None]:
    """What an event tells of a report."""
    figures, ahead = content.figures, content.projection
    return {
        "executions": figures.executions,
        "success_rate": figures.success_rate,
        "satisfaction": figures.satisfaction.value if figures.satisfaction else None,
        "satisfaction_samples": figures.satisfaction.samples if figures.satisfaction else 0,
        "p95_ms": figures.latency.p95_ms,
        "cost_nusd": figures.cost_nusd,
        "projected_cost_nusd": ahead.expected_nusd if ahead else None,
        "alerts": content.alert_count,
    }


class ReportLine(BaseModel):
    """A line of the CSV: one figure of one part of the report."""

    section: str
    group: str
    figure: str
    value: str | int | float | bool | None


def lines_of(report: ReportAnswer) -> list[ReportLine]:
    """Every figure of the report, one a line."""
    content = report.content
    found = [*_figures("figures", "", content.figures), *_figures("before", "", content.before)]
    for step in content.series:
        found += _figures("series", step.at.isoformat(), step, besides="at")
    for by, rows in content.breakdowns.items():
        for row in rows:
            found += _figures(f"by_{by}", row.group, row, besides="group")
    for metric in content.metrics:
        found += _figures("metric", metric.metric, metric, besides="metric")
    if content.metrics_left_out:
        found.append(ReportLine(section="metric", group="", figure="left_out", value=content.metrics_left_out))
    if content.projection is not None:
        found += _figures("projection", content.projection.month, content.projection, besides="month")
    for alert in content.alerts:
        found += _figures("alert", str(alert.alert_id), alert, besides="alert_id")
    for run in content.test_runs:
        found += _figures("test_run", str(run.test_run_id), run, besides="test_run_id")
    for one in content.failure_groups:
        found += _figures("failure_group", f"{one.prompt}: {one.name}", one, besides="name")
    for ended in content.experiments:
        found += _figures("experiment_ended", str(ended.experiment_id), ended, besides="experiment_id")
    if content.experiment is not None:
        found += _figures("experiment", str(content.experiment.experiment_id), content.experiment, besides="experiment_id")
        for line in content.experiment.figures:
            found += _figures("experiment_figure", f"{line.arm}: {line.metric}", line)
    return found


def _figures(section: str, group: str, of: BaseModel, *, besides: str = "") -> list[ReportLine]:
    values = of.model_dump(mode="json")
    values.pop(besides, None)
    return [ReportLine(section=section, group=group, figure=name, value=value) for name, value in _leaves(values, "")]


def _leaves(values: dict[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{before}{name}_")
        elif not isinstance(value, list):
            yield f"{before}{name}", value


def _value(figures: Figures, name: str) -> float | None:
    if name == "satisfaction":
        return figures.satisfaction.value if figures.satisfaction else None
    if name == "p95_ms":
        return figures.latency.p95_ms
    value = getattr(figures, name)
    return None if value is None else float(value)


def _change(name: str, before: float | None, after: float | None) -> Change:
    if before is None or after is None or (name not in RATES and before == 0):
        return Change(before=before, after=after, change=None)
    return Change(before=before, after=after, change=after - before if name in RATES else after / before - 1)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _relative(change: Change) -> str:
    return "" if change.change is None else f" ({relative_change(change.change, unit=' %')})"


def _points(change: Change) -> str:
    return "" if change.change is None else f" ({100 * change.change:+.1f} points)"
