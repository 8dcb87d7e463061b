"""Rows of `alerts`, and the rules and acknowledgements that people wrote."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from burnish_analytics.core.targets import Target
from burnish_shared.contracts.alert_channels import Severity
from burnish_shared.db.session import Tx

INSERT: Final = """
INSERT INTO alerts (alert_id, workspace_id, incident_key, kind, metric, slug, label, version, summary, before, after, changed,
                    simulated, muted, raised_at, severity, subject)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
       $14 OR EXISTS (SELECT FROM alert_mutes m WHERE m.workspace_id = $2 AND m.kind IN ('', $4) AND m.slug IN ('', coalesce($6, ''))
                         AND m.muted_until > $15), $15, $16, $17
ON CONFLICT (workspace_id, incident_key) WHERE resolved_at IS NULL DO NOTHING RETURNING muted"""

RESOLVE: Final = """
UPDATE alerts SET resolved_at = $3, resolution = $4 WHERE workspace_id = $1 AND incident_key = $2 AND resolved_at IS NULL
RETURNING alert_id, kind, metric, slug, label, version, summary, before, after, changed, simulated, muted, raised_at, severity, subject"""

UNMUTE: Final = """
UPDATE alerts a SET muted = false, unmuted_at = $3
 WHERE a.workspace_id = $1 AND a.alert_id = $2 AND a.resolved_at IS NULL AND a.muted
   AND NOT EXISTS (SELECT FROM alert_mutes m WHERE m.workspace_id = $1 AND m.kind IN ('', a.kind)
                      AND m.slug IN ('', coalesce(a.slug, '')) AND m.muted_until > $3)
   AND NOT EXISTS (SELECT FROM alert_rules r WHERE r.workspace_id = $1 AND r.slug IN ('', coalesce(a.slug, ''))
                      AND (r.muted_until > $3 OR NOT r.enabled))
   AND NOT EXISTS (SELECT FROM alert_acknowledgements k WHERE k.workspace_id = $1 AND k.alert_id = $2)
RETURNING incident_key, kind, metric, slug, label, version, summary, before, after, changed, simulated, muted, raised_at, severity,
          subject"""

# The reason that is told first keeps the alert, and what is stronger takes its place in it: kind, severity and words are the leading one's.
JOIN: Final = """
UPDATE alerts a SET incident_key = CASE WHEN $6 THEN $7 ELSE a.incident_key END, kind = CASE WHEN $6 THEN $8 ELSE a.kind END,
       severity = CASE WHEN $6 THEN $9 ELSE a.severity END,
       summary = CASE WHEN $6 THEN $10 || ' ' || a.summary ELSE a.summary || ' ' || $10 END,
       before = CASE WHEN $6 THEN a.before || $11 ELSE $11 || a.before END,
       after = CASE WHEN $6 THEN a.after || $12 ELSE $12 || a.after END,
       changed = CASE WHEN $6 THEN a.changed || $13 ELSE $13 || a.changed END, simulated = a.simulated OR $14
 WHERE a.workspace_id = $1 AND a.kind = $2 AND a.metric = 'satisfaction' AND (a.slug, a.label, a.version) = ($3, $4, $5)
   AND a.resolved_at IS NULL
   AND (NOT a.muted OR a.unmuted_at IS NULL
        AND ($15 OR EXISTS (SELECT FROM alert_mutes m WHERE m.workspace_id = $1 AND m.kind IN ('', $8) AND m.slug IN ('', $3)
                               AND m.muted_until > $16))
        AND NOT ($6 AND EXISTS (SELECT FROM alert_acknowledgements k WHERE k.workspace_id = $1 AND k.alert_id = a.alert_id)))
RETURNING a.alert_id, a.incident_key, a.kind, a.metric, a.slug, a.label, a.version, a.summary, a.before, a.after, a.changed, a.simulated,
          a.muted, a.raised_at, a.severity, a.subject"""

SUPERSEDE: Final = """
UPDATE alerts a SET resolved_at = $3, resolution = 'superseded'
 WHERE a.workspace_id = $1 AND a.alert_id = $2 AND a.resolved_at IS NULL AND a.muted AND a.metric = 'satisfaction'
   AND EXISTS (SELECT FROM alerts t WHERE t.workspace_id = $1 AND t.resolved_at IS NULL AND NOT t.muted AND t.metric = 'satisfaction'
                  AND (t.slug, t.label, t.version) = (a.slug, a.label, a.version)
                  AND (t.kind, a.kind) IN (('degradation', 'feedback_threshold'), ('feedback_threshold', 'degradation')))
RETURNING 1"""

TWIN: Final = {"feedback_threshold": "degradation", "degradation": "feedback_threshold"}
"""Both may say that people are not satisfied with the same version. The second is the stronger: it says what it was before."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One incident. `incident_key` names what is wrong with what: while one alert of it is open, there is no second.

    `subject`: the account, provider key or end user that it is about, where that is no prompt.
    """

    alert_id: UUID
    workspace_id: UUID
    incident_key: str
    kind: str
    metric: str
    slug: str | None
    label: str | None
    version: int | None
    summary: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    changed: Mapping[str, Any]
    simulated: bool
    muted: bool
    raised_at: datetime
    severity: Severity = "warning"
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """What people asked for, for one prompt or ('' as slug) for all of a workspace; None: not said."""

    enabled: bool = True
    min_samples: int | None = None
    target_ratio: float | None = None
    min_drop_ratio: float | None = None
    muted_until: datetime | None = None
    min_error_rise_ratio: float | None = None
    min_latency_rise_ratio: float | None = None
    min_cost_rise_ratio: float | None = None
    targets: Sequence[Target] | None = None

    @property
    def least_rises(self) -> Mapping[str, float | None]:
        """What counts as worse, by metric."""
        return {
            "satisfaction": self.min_drop_ratio,
            "error_rate": self.min_error_rise_ratio,
            "latency": self.min_latency_rise_ratio,
            "cost": self.min_cost_rise_ratio,
        }


async def raise_alert(tx: Tx, alert: Alert) -> Alert | None:
    """Writes the alert, muted where somebody muted its kind or prompt. None when its incident has an open one."""
    is_muted = await tx.fetchval(
        INSERT, alert.alert_id, alert.workspace_id, alert.incident_key, alert.kind, alert.metric, alert.slug, alert.label, alert.version,
        alert.summary, dict(alert.before), dict(alert.after), dict(alert.changed), alert.simulated, alert.muted, alert.raised_at,
        alert.severity, alert.subject,
    )  # fmt: skip
    return replace(alert, muted=is_muted) if is_muted is not None else None


async def join_alert(tx: Tx, alert: Alert) -> Alert | None:
    """Adds another reason to the open alert about people's satisfaction with the same version. None: there is none, raise this one.

    One that is muted takes in what is muted too, so that both are told as one when that is over; else nobody would be told of this one.
    Nor would anybody of a degradation in one that somebody has seen already: what was seen is not told after a mute.
    """
    leads = alert.kind == "degradation"
    row = await tx.fetchrow(
        JOIN, alert.workspace_id, TWIN[alert.kind], alert.slug, alert.label, alert.version, leads, alert.incident_key, alert.kind,
        alert.severity, alert.summary, dict(alert.before), dict(alert.after), dict(alert.changed), alert.simulated, alert.muted,
        alert.raised_at,
    )  # fmt: skip
    return None if row is None else Alert(workspace_id=alert.workspace_id, **dict(row))


async def resolve_alert(tx: Tx, *, workspace_id: UUID, incident_key: str, resolution: str, at: datetime) -> Alert | None:
    """Ends the open alert of an incident. None when there is none."""
    row = await tx.fetchrow(RESOLVE, workspace_id, incident_key, at, resolution)
    return None if row is None else Alert(workspace_id=workspace_id, incident_key=incident_key, **dict(row))


async def open_among(tx: Tx, *, workspace_id: UUID, since: Mapping[str, datetime]) -> dict[str, bool]:
    """Those of these incidents that have an open alert, and whether somebody acknowledged it after the moment given for it."""
    rows = await tx.fetch(
        """SELECT u.incident_key, coalesce(bool_or(k.acknowledged_at > u.since), false) AS is_acknowledged
             FROM unnest($2::text[], $3::timestamptz[]) u(incident_key, since)
             JOIN alerts a ON a.workspace_id = $1 AND a.incident_key = u.incident_key AND a.resolved_at IS NULL
             LEFT JOIN alert_acknowledgements k ON k.workspace_id = $1 AND k.alert_id = a.alert_id GROUP BY u.incident_key""",
        workspace_id,
        list(since.keys()),
        list(since.values()),
    )
    return {row["incident_key"]: row["is_acknowledged"] for row in rows}


async def switched_off(tx: Tx, *, at_most: int) -> list[tuple[UUID, str]]:
    """(workspace, incident) of open alerts whose rule is off, those about a target left out: they end where feedback is judged."""
    rows = await tx.fetch("SELECT workspace_id, incident_key FROM alerts_switched_off($1)", at_most)
    return [(row["workspace_id"], row["incident_key"]) for row in rows]


async def unmuted(tx: Tx, *, at: datetime, at_most: int) -> list[tuple[UUID, UUID]]:
    """(workspace, alert) of open alerts that nobody was told of, because they were muted, and that nothing mutes at that moment: of each
    workspace ten an hour, the worst first."""
    rows = await tx.fetch("SELECT workspace_id, alert_id FROM alerts_unmuted($1, $2)", at, at_most)
    return [(row["workspace_id"], row["alert_id"]) for row in rows]


async def supersede_untold(tx: Tx, *, workspace_id: UUID, alert_id: UUID, at: datetime) -> bool:
    """Ends an alert that nobody was told of where another was told of the same version's satisfaction meanwhile."""
    return await tx.fetchval(SUPERSEDE, workspace_id, alert_id, at) is not None


async def unmute(tx: Tx, *, workspace_id: UUID, alert_id: UUID, at: datetime) -> Alert | None:
    """Marks it as told. None where it is over, told or seen already, or muted again."""
    row = await tx.fetchrow(UNMUTE, workspace_id, alert_id, at)
    return None if row is None else Alert(workspace_id=workspace_id, alert_id=alert_id, **dict(row))


async def open_of(tx: Tx, *, workspace_id: UUID, incident_keys: Collection[str]) -> list[str]:
    """Those of these incidents that have an open alert."""
    rows = await tx.fetch(
        """SELECT incident_key FROM alerts WHERE workspace_id = $1 AND resolved_at IS NULL AND incident_key = ANY ($2::text[])
            ORDER BY incident_key""",
        workspace_id,
        list(incident_keys),
    )
    return [row["incident_key"] for row in rows]


async def rules_of(tx: Tx, workspaces: Collection[UUID]) -> dict[tuple[UUID, str], Rule]:
    """(workspace, slug) → rule, for every rule of these workspaces. Infinity, which earlier releases took as a time and which compares
    with no other, is the end of the calendar."""
    rows = await tx.fetch(
        """SELECT workspace_id, slug, enabled, min_samples, target_ratio, min_drop_ratio,
                  CASE WHEN isfinite(muted_until) THEN muted_until
                       WHEN muted_until > clock_timestamp() THEN '9999-12-31T23:59:59Z'::timestamptz END AS muted_until,
                  min_error_rise_ratio, min_latency_rise_ratio, min_cost_rise_ratio, targets
             FROM alert_rules WHERE workspace_id = ANY ($1::uuid[])""",
        list(workspaces),
    )
    return {(workspace_id, slug): Rule(*said, **_targets(targets)) for workspace_id, slug, *said, targets in rows}


async def mutes_of(tx: Tx, workspaces: Collection[UUID], kind: str, *, now: datetime) -> dict[tuple[UUID, str], datetime]:
    """(workspace, slug) → until when alerts of this kind are muted beside their rules; '' is every prompt. Infinity as in `rules_of`."""
    rows = await tx.fetch(
        """SELECT workspace_id, slug, max(CASE WHEN isfinite(muted_until) THEN muted_until ELSE '9999-12-31T23:59:59Z'::timestamptz END)
             FROM alert_mutes WHERE workspace_id = ANY ($1::uuid[]) AND kind IN ('', $2) AND muted_until > $3 GROUP BY 1, 2""",
        list(workspaces), kind, now,
    )  # fmt: skip
    return {(workspace_id, slug): until for workspace_id, slug, until in rows}


def muted_too(rule: Rule, mutes: Mapping[tuple[UUID, str], datetime], workspace_id: UUID, slug: str) -> Rule:
    """The rule, muted for as long as it says or one of `mutes_of` does."""
    said = (rule.muted_until, mutes.get((workspace_id, slug)), mutes.get((workspace_id, "")))
    return replace(rule, muted_until=max(filter(None, said), default=None))


def _targets(stored: list[dict[str, Any]] | None) -> dict[str, Any]:
    return {} if stored is None else {"targets": tuple(Target.from_stored(one) for one in stored)}


def rule_for(rules: Mapping[tuple[UUID, str], Rule], workspace_id: UUID, slug: str) -> Rule:
    """The prompt's own rule, with what it does not say taken from the workspace's."""
    own, default = rules.get((workspace_id, slug)), rules.get((workspace_id, ""), Rule())
    if own is None:
        return default

    def said(name: str) -> Any:
        return getattr(default, name) if getattr(own, name) is None else getattr(own, name)

    return Rule(
        enabled=own.enabled and default.enabled,
        min_samples=said("min_samples"),
        target_ratio=said("target_ratio"),
        min_drop_ratio=said("min_drop_ratio"),
        min_error_rise_ratio=said("min_error_rise_ratio"),
        min_latency_rise_ratio=said("min_latency_rise_ratio"),
        min_cost_rise_ratio=said("min_cost_rise_ratio"),
        targets=said("targets"),
        muted_until=max(filter(None, (own.muted_until, default.muted_until)), default=None),
    )
