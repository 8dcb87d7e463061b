"""Which events of other services are incidents that somebody should be told of, and in which words. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from burnish_shared.contracts.alert_channels import AlertKind, Severity
from burnish_shared.contracts.events import Event
from burnish_shared.money import credits_text


@dataclass(frozen=True, slots=True)
class Incident:
    """One alert for one account and period, or for one key. `supersedes`: the milder incident that it takes the place of."""

    key: str
    kind: AlertKind
    metric: str
    severity: Severity
    subject: str
    summary: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    changed: Mapping[str, Any] = field(default_factory=dict)
    supersedes: str | None = None


def incident_of(event: Event) -> Incident | None:
    """None for events that are no incident."""
    data = event.data
    match event.type:
        case "budget.threshold_crossed" | "budget.exhausted":
            return _of_budget(data, exhausted=event.type == "budget.exhausted")
        case "credits.low" | "credits.exhausted":
            return _of_credit(data, exhausted=event.type == "credits.exhausted")
        case "provider_key.unhealthy":
            return Incident(
                key=f"provider_key:{data['provider_key_id']}",
                kind="provider_key",
                metric="health",
                severity="error",
                subject=str(data["provider_key_id"]),
                summary=(
                    f"{data['provider']} refused the key {data['name']} (…{data['last4']}), reason: {data['reason']}."
                    " It is not used any more; put in another with PATCH, or restore it."
                ),
                after={"status": data["status"], "http_status": data["http_status"]},
                changed={"provider_key": data["name"]},
            )
        case _:
            return None


def _of_budget(data: Mapping[str, Any], *, exhausted: bool) -> Incident:
    limit, spent = credits_text(data["limit_nusd"]), credits_text(data["spent_nusd"])
    period = data["period"] or "period"
    base = f"budget:{data['account_id']}:{data['resets_at'] or ''}"
    summary = (
        f"A budget of {limit} credits a {period} is used up; calls that it pays for are refused until it begins anew, if it is a hard one."
        if exhausted
        else f"A budget passed its warning mark: {spent} of {limit} credits of this {period} are spent."
    )
    return Incident(
        key=f"{base}:{'exhausted' if exhausted else 'threshold'}",
        kind="budget",
        metric="exhausted" if exhausted else "threshold",
        severity="error" if exhausted else "warning",
        subject=str(data["account_id"]),
        summary=summary,
        before={"limit_nusd": data["limit_nusd"]},
        after={"spent_nusd": data["spent_nusd"], "available_nusd": data["available_nusd"]},
        changed={"budget_id": data["budget_id"], "resets_at": data["resets_at"]},
        supersedes=f"{base}:threshold" if exhausted else None,
    )


def _of_credit(data: Mapping[str, Any], *, exhausted: bool) -> Incident:
    base = f"credits:{data['account_id']}"
    summary = (
        "No credit is left; calls are refused until credit comes in."
        if exhausted
        else f"Credit is low: {credits_text(data['available_nusd'])} credits are left."
    )
    return Incident(
        key=f"{base}:{'exhausted' if exhausted else 'low'}",
        kind="credits",
        metric="exhausted" if exhausted else "low",
        severity="critical" if exhausted else "warning",
        subject=str(data["account_id"]),
        summary=summary,
        after={"available_nusd": data["available_nusd"]},
        supersedes=f"{base}:low" if exhausted else None,
    )
