"""Reads alerts, which analytics writes; writes their rules and acknowledgements, which analytics reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import asyncpg

from burnish_gateway.alerts.answers import AlertAnswer, AlertRuleAnswer, AlertRuleBody, AlertStep
from burnish_shared.db.session import Tx

ALERT: Final = """
SELECT a.alert_id, a.kind, a.metric, a.slug, a.label, a.version, a.summary, a.before, a.after, a.changed, a.simulated, a.muted, a.raised_at,
       a.severity, nullif(a.subject, '') AS subject,        a.resolved_at, a.resolution, k.acknowledged_at, k.acknowledged_by
  FROM alerts a LEFT JOIN alert_acknowledgements k USING (workspace_id, alert_id)"""

WITH_STATUS: Final = {
    "open": "a.resolved_at IS NULL AND k.acknowledged_at IS NULL",
    "acknowledged": "a.resolved_at IS NULL AND k.acknowledged_at IS NOT NULL",
    "resolved": "a.resolved_at IS NOT NULL",
    None: "true",
}

RATIOS: Final = "min_drop_ratio, min_error_rise_ratio, min_latency_rise_ratio, min_cost_rise_ratio"
TARGETS: Final = "target_p95_ms, target_cost_nusd, targets"
RULE: Final = f"slug, enabled, min_samples, target_ratio, {TARGETS}, {RATIOS}, muted_until, start_optimization, updated_at"


@dataclass(frozen=True, slots=True)
class Sought:
    """Which alerts are wanted; None: any."""

    status: str | None = None
    slug: str | None = None
    label: str | None = None
    kind: str | None = None
    severity: str | None = None


async def list_alerts(tx: Tx, sought: Sought, *, before: UUID | None, at_most: int) -> list[AlertAnswer]:
    """Newest first. `before`: only alerts older than this one."""
    rows = await tx.fetch(
        f"""{ALERT} WHERE {WITH_STATUS[sought.status]} AND ($1::text IS NULL OR a.slug = $1) AND ($2::text IS NULL OR a.label = $2)
              AND ($3::text IS NULL OR a.kind = $3) AND ($4::text IS NULL OR a.severity = $4) AND ($5::uuid IS NULL OR a.alert_id < $5)
            ORDER BY a.alert_id DESC LIMIT $6""",
        sought.slug,
        sought.label,
        sought.kind,
        sought.severity,
        before,
        at_most,
    )
    return [_alert(row) for row in rows]


async def find_alert(tx: Tx, alert_id: UUID) -> AlertAnswer | None:
    row = await tx.fetchrow(f"{ALERT} WHERE a.alert_id = $1", alert_id)
    return _alert(row) if row is not None else None


async def acknowledge(tx: Tx, *, workspace_id: UUID, alert_id: UUID, by: str) -> bool:
    """False when somebody did before."""
    made = await tx.fetchval(
        """INSERT INTO alert_acknowledgements (workspace_id, alert_id, acknowledged_by) VALUES ($1, $2, $3)
           ON CONFLICT DO NOTHING RETURNING true""",
        workspace_id,
        alert_id,
        by,
    )
    return bool(made)


async def name_of(tx: Tx, actor: str) -> str | None:
    """What people call an `api_key:<id>` or `user:<id>` of the workspace. None where it is neither, or gone."""
    name: str | None = await tx.fetchval(
        """SELECT CASE split_part($1, ':', 1)
             WHEN 'user' THEN (SELECT coalesce(nullif(u.name, ''), u.email) FROM members m JOIN users u USING (user_id)
                                WHERE m.user_id::text = split_part($1, ':', 2))
             WHEN 'api_key' THEN (SELECT k.name FROM api_keys k WHERE k.api_key_id::text = split_part($1, ':', 2)) END""",
        actor,
    )
    return name


async def list_rules(tx: Tx, *, after: str | None, at_most: int) -> list[AlertRuleAnswer]:
    """The workspace's own default first, then by prompt."""
    rows = await tx.fetch(f"SELECT {RULE} FROM alert_rules WHERE $1::text IS NULL OR slug > $1 ORDER BY slug LIMIT $2", after, at_most)
    return [_rule(row) for row in rows]


async def find_rule(tx: Tx, *, slug: str) -> AlertRuleAnswer | None:
    row = await tx.fetchrow(f"SELECT {RULE} FROM alert_rules WHERE slug = $1", slug)
    return _rule(row) if row is not None else None


async def put_rule(tx: Tx, *, workspace_id: UUID, slug: str, body: AlertRuleBody) -> AlertRuleAnswer:
    """Sets the whole rule: what the body does not say is no longer said."""
    [row] = await tx.fetch(
        f"""INSERT INTO alert_rules (workspace_id, slug, enabled, min_samples, target_ratio, muted_until, start_optimization, {RATIOS},
                                    {TARGETS})
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            ON CONFLICT (workspace_id, slug) DO UPDATE SET enabled = excluded.enabled, min_samples = excluded.min_samples,
              target_ratio = excluded.target_ratio, muted_until = excluded.muted_until, start_optimization = excluded.start_optimization,
              min_drop_ratio = excluded.min_drop_ratio, min_error_rise_ratio = excluded.min_error_rise_ratio,
              min_latency_rise_ratio = excluded.min_latency_rise_ratio, min_cost_rise_ratio = excluded.min_cost_rise_ratio,
              target_p95_ms = excluded.target_p95_ms, target_cost_nusd = excluded.target_cost_nusd, targets = excluded.targets,
              updated_at = clock_timestamp()
            RETURNING {RULE}""",
        workspace_id, slug, body.enabled, body.min_samples, body.target, body.muted_until,
        body.start_optimization.stored() if body.start_optimization else None,
        body.min_drop, body.min_error_rise, body.min_latency_rise, body.min_cost_rise, body.target_p95_ms, body.target_cost_nusd,
        None if body.targets is None else [one.model_dump(mode="json") for one in body.targets],
    )  # fmt: skip
    return _rule(row)


async def delete_rule(tx: Tx, *, slug: str) -> AlertRuleAnswer | None:
    """The rule that was there."""
    row = await tx.fetchrow(f"DELETE FROM alert_rules WHERE slug = $1 RETURNING {RULE}", slug)
    return _rule(row) if row is not None else None


async def prompt_exists(tx: Tx, slug: str) -> bool:
    return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM prompts WHERE slug = $1)", slug))


async def unknown_evaluator(tx: Tx, evaluators: Sequence[UUID]) -> UUID | None:
    """The first of these that the workspace does not have."""
    found: UUID | None = await tx.fetchval(
        """SELECT u.id FROM unnest($1::uuid[]) WITH ORDINALITY u (id, n)
            WHERE NOT EXISTS (SELECT FROM evaluators e WHERE e.evaluator_id = u.id) ORDER BY u.n LIMIT 1""",
        list(evaluators),
    )
    return found


async def unknown_slug(tx: Tx, slugs: Sequence[str]) -> str | None:
    """The first of these that is no prompt, is not watched as something imported, and never raised an alert."""
    found: str | None = await tx.fetchval(
        """SELECT u.slug FROM unnest($1::text[]) WITH ORDINALITY u (slug, n)
            WHERE NOT EXISTS (SELECT FROM prompts p WHERE p.slug = u.slug)
              AND NOT EXISTS (SELECT FROM detector_states d WHERE d.slug = u.slug)
              AND NOT EXISTS (SELECT FROM alerts a WHERE a.slug = u.slug) ORDER BY u.n LIMIT 1""",
        list(slugs),
    )
    return found


def _alert(row: asyncpg.Record) -> AlertAnswer:
    status = "resolved" if row["resolved_at"] else "acknowledged" if row["acknowledged_at"] else "open"
    rest: dict[str, Any] = {name: value for name, value in row.items() if name not in ("alert_id", "slug", "subject")}
    return AlertAnswer(
        id=row["alert_id"],
        prompt=row["slug"],
        status=status,
        subject=_subject(row),
        links=_links(row),
        **rest,
    )


def _subject(row: asyncpg.Record) -> str | None:
    """Of budgets and credit the number of an account is kept, which is ours: budgets are known by their names, or by whose they are."""
    about: dict[str, Any] = row["changed"]
    match row["kind"]:
        case "credits":
            return None
        case "budget":
            whose = (about.get("target"), about.get("target_name"))
            return about.get("name") or " ".join(one.replace("_", " ") if n == 0 else one for n, one in enumerate(whose) if one) or None
        case _:
            return str(row["subject"]) if row["subject"] else None


def _links(row: asyncpg.Record) -> dict[str, str]:
    """Where to look next. `figures` begin a day before the alert."""
    at: datetime = row["raised_at"]
    since = (at - timedelta(days=1)).astimezone(UTC).strftime("%Y-%m-%dT%H:00:00Z")
    if row["kind"] == "target":
        label = f"&label={row['label']}" if row["label"] else ""
        figures = f"/v1/analytics/timeseries?prompt={row['slug']}{label}&grain=hour&from={since}"
        return {"prompt": f"/v1/prompts/{row['slug']}", "figures": figures}
    if row["slug"] and row["label"]:
        prompt = f"/v1/prompts/{row['slug']}"
        return {
            "prompt": prompt,
            "version": f"{prompt}/versions/{row['version']}",
            "figures": f"/v1/analytics/timeseries?prompt={row['slug']}&label={row['label']}&grain=hour&from={since}",
        }
    match row["kind"]:
        case "budget":
            return _links_of_budget(row)
        case "credits":
            return {"credits": "/v1/credits", "figures": "/v1/usage"}
        case "provider_key":
            return {"provider_key": f"/v1/provider-keys/{row['subject']}"}
        case "model":
            return {"model": f"/v1/models/{row['subject']}"}
        case "provider":
            return {"executions": f"/v1/executions?provider={quote(row['subject'])}", "provider_keys": "/v1/provider-keys"}
        case _:
            return {"figures": f"/v1/analytics/timeseries?grain=hour&from={since}"}


def _links_of_budget(row: asyncpg.Record) -> dict[str, str]:
    """To the budget itself, or to the live evaluation whose cap it is; and to its prompt."""
    about: dict[str, Any] = row["changed"]
    links = {"prompt": f"/v1/prompts/{row['slug']}"} if row["slug"] else {}
    if about.get("live_evaluation_id"):
        links["live_evaluation"] = f"/v1/live-evaluations/{about['live_evaluation_id']}"
    elif about.get("budget_id"):
        links["budget"] = f"/v1/budgets/{about['budget_id']}"
    return links | {"figures": "/v1/usage"}


def _rule(row: asyncpg.Record) -> AlertRuleAnswer:
    return AlertRuleAnswer(
        prompt=row["slug"] or None,
        enabled=row["enabled"],
        min_samples=row["min_samples"],
        target=row["target_ratio"],
        target_p95_ms=row["target_p95_ms"],
        target_cost_nusd=row["target_cost_nusd"],
        min_drop=row["min_drop_ratio"],
        min_error_rise=row["min_error_rise_ratio"],
        min_latency_rise=row["min_latency_rise_ratio"],
        min_cost_rise=row["min_cost_rise_ratio"],
        targets=row["targets"],
        muted_until=row["muted_until"],
        start_optimization=row["start_optimization"],
        updated_at=row["updated_at"],
    )


async def timeline_of(tx: Tx, alert: AlertAnswer) -> list[AlertStep]:
    """What happened to an alert, oldest first."""
    steps = [AlertStep(at=alert.raised_at, what="raised", by="system:analytics", detail=alert.severity)]
    unmuted_at = await tx.fetchval("SELECT unmuted_at FROM alerts WHERE alert_id = $1", alert.id)
    if alert.muted or unmuted_at is not None:
        steps.append(AlertStep(at=alert.raised_at, what="muted", detail="kept, and nobody was told"))
    if unmuted_at is not None:
        untold = "open for too long to be told as news" if alert.muted else None
        steps.append(AlertStep(at=unmuted_at, what="unmuted", by="system:analytics", detail=untold))
    rows = await tx.fetch(
        """SELECT n.event_type, n.status, n.error, n.settled_at, c.name FROM alert_notices n JOIN alert_channels c USING (channel_id)
            WHERE n.alert_id = $1 AND n.status <> 'pending' ORDER BY n.settled_at LIMIT 500""",
        alert.id,
    )
    steps += [
        AlertStep(
            at=row["settled_at"],
            what="told" if row["status"] == "sent" else "not_told",
            by=f"channel {row['name']}",
            detail=row["error"] or row["event_type"],
        )
        for row in rows
    ]
    started = await tx.fetchrow("SELECT job_id, refused, started_at FROM policy_starts WHERE alert_id = $1", alert.id)
    if started is not None:
        steps.append(
            AlertStep(
                at=started["started_at"],
                what="optimization_refused" if started["refused"] else "optimization_started",
                by="system:alert_policy",
                detail=started["refused"] or f"/v1/optimizations/{started['job_id']}",
            )
        )
    if alert.acknowledged_at is not None:
        steps.append(AlertStep(at=alert.acknowledged_at, what="acknowledged", by=alert.acknowledged_by))
    if alert.resolved_at is not None:
        steps.append(AlertStep(at=alert.resolved_at, what="resolved", by="system:analytics", detail=alert.resolution))
    return sorted(steps, key=lambda one: one.at)
