"""Tells what the detectors found of what labels serve: raises alerts, joins the threshold's, and ends what is over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from burnish_analytics.announce import RAISED_VERSION, RESOLVED_VERSION, announce_alert, announce_metric
from burnish_analytics.core.degradation import Degraded, Recovered
from burnish_analytics.core.intake import LabelKey
from burnish_analytics.io import alerts_store, label_store
from burnish_analytics.io.alerts_store import Alert, Rule
from burnish_analytics.what_changed import other_changes
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid
from burnish_shared.measures import middle_of
from burnish_shared.money import credits_text
from burnish_shared.relative_change import relative_change

KIND: Final = "degradation"


@dataclass(frozen=True, slots=True)
class Series:
    """One (prompt, label) of a workspace and what people asked for. `named_version`: what the label names now; None: no label here."""

    workspace_id: UUID
    slug: str
    label: str
    rule: Rule
    named_version: int | None = None

    @property
    def pair(self) -> tuple[str, str]:
        return (self.slug, self.label)

    def incident_key(self, metric: str) -> str:
        return f"{KIND}:{metric}:{self.slug}:{self.label}"


@dataclass(frozen=True, slots=True)
class Found:
    """One verdict on a series, and the version that it is about."""

    series: Series
    verdict: Degraded | Recovered
    version: int
    simulated: bool


async def tell(tx: Tx, found: Found, *, now: datetime) -> bool:
    """Carries out one verdict. True when an alert was raised, or took the place of the threshold's in its alert.

    Then it is told again, for those who asked for degradations alone; channels that were told of the alert are not told twice.
    """
    series, verdict = found.series, found.verdict
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
    wanted = _alert(found, verdict, other=other, now=now)
    joined = await alerts_store.join_alert(tx, wanted) if wanted.metric == "satisfaction" else None
    alert = joined or await alerts_store.raise_alert(tx, wanted)
    if alert is None:
        return False
    await announce_alert(tx, "alert.raised", alert, at=now, version=RAISED_VERSION)
    await announce_metric(tx, "metric.degraded", alert, version=RAISED_VERSION, at=now)
    return True


def _alert(found: Found, verdict: Degraded, *, other: Mapping[str, Any], now: datetime) -> Alert:
    series, version = found.series, found.version
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
        simulated=found.simulated,
        muted=series.rule.muted_until is not None and series.rule.muted_until > now,
        raised_at=now,
        severity="error" if verdict.metric in ("satisfaction", "error_rate") else "warning",
    )


def _figures(verdict: Degraded) -> tuple[dict[str, Any], dict[str, Any]]:
    """Before and after in the metric's own words: a share of satisfied, of failed, or of those beyond the old 95th percentile."""
    if verdict.metric == "satisfaction":
        before, after = {"satisfaction": 1 - verdict.before}, {"satisfaction": 1 - verdict.recent}
    elif verdict.metric == "error_rate":
        before, after = {"error_rate": verdict.before}, {"error_rate": verdict.recent}
    else:
        unit = "p95_ms" if verdict.metric == "latency" else "p95_nusd"
        was, is_now = _p95s(verdict)
        before, after = {unit: was, "share_above": verdict.before}, {unit: is_now, "share_above": verdict.recent}
    return (
        {**before, "version": verdict.baseline.version, "observations": verdict.baseline.n},
        {**after, "observations": verdict.n, **_voices(verdict)},
    )


def _p95s(verdict: Degraded) -> tuple[float, float]:
    """The 95th percentile before and now, in milliseconds or nano-dollars, within 2 %."""
    return middle_of(verdict.baseline.limit or 0), middle_of(verdict.recent_limit)


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
        return f"Satisfaction with {name} fell from {1 - verdict.before:.1%} to {1 - verdict.recent:.1%}."
    if verdict.metric == "error_rate":
        return f"The error rate of {name} rose from {verdict.before:.1%} to {verdict.recent:.1%}."
    was, is_now = _p95s(verdict)
    if verdict.metric == "latency":
        what, before, after = "slower", f"{was:,.0f} ms", f"{is_now:,.0f} ms"
    else:
        what, before, after = "dearer", f"{credits_text(round(was))} credits", f"{credits_text(round(is_now))} credits"
    change = relative_change(is_now / max(was, 1) - 1)
    return (
        f"Answers of {name} became {what}: 95 % were within {before} before and are within {after} now ({change});"
        f" {verdict.recent:.1%} are beyond what 95 % were within by more than a tenth."
    )
