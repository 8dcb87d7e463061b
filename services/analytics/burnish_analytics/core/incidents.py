"""Which events of other services are incidents that somebody should be told of, and in which words. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from burnish_shared.contracts.alert_channels import AlertKind, Severity
from burnish_shared.contracts.events import Event
from burnish_shared.moments import in_utc
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
    prompt: str | None = None


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
                    f"{data['provider']} refused the key {data['name']}{_end(data['last4'])}"
                    f" with status {data['http_status']}. It is not used any more; put in another with PATCH, or restore it."
                ),
                after={"status": data["status"], "http_status": data["http_status"]},
                changed={"provider_key": data["name"]},
            )
        case _:
            return None


def _end(last4: str) -> str:
    """Of a key, in brackets; of a short key nothing is kept."""
    return f" (…{last4})" if last4 else ""


NAMES_OF_BUDGET: Final = ("name", "target", "target_name", "hard", "budget_id", "live_evaluation_id", "resets_at")


def _of_budget(data: Mapping[str, Any], *, exhausted: bool) -> Incident:
    base = f"budget:{data['account_id']}:{data['resets_at'] or ''}"
    refuses = exhausted and data.get("hard") is not False and data.get("live_evaluation_id") is None
    return Incident(
        key=f"{base}:{'exhausted' if exhausted else 'threshold'}",
        kind="budget",
        metric="exhausted" if exhausted else "threshold",
        severity="error" if refuses else "warning",
        subject=str(data["account_id"]),
        prompt=data.get("prompt"),
        summary=f"{_budget(data)} {_state(data, exhausted=exhausted)}",
        before={"limit_nusd": data["limit_nusd"]},
        after={"spent_nusd": data["spent_nusd"], "available_nusd": data["available_nusd"]},
        changed={name: _told(name, data[name]) for name in NAMES_OF_BUDGET if data.get(name) is not None},
        supersedes=f"{base}:threshold" if exhausted else None,
    )


def _told(name: str, value: Any) -> Any:
    """PostgreSQL, which tells of marks, writes UTC as `+00:00`."""
    return in_utc(datetime.fromisoformat(value)) if name == "resets_at" else value


def _budget(data: Mapping[str, Any]) -> str:
    """Which one, and how much it allows. An end user is not named: an alert outlives an erasure."""
    amount = f"({credits_text(data['limit_nusd'])} credits a {data['period'] or 'period'})"
    who = data.get("target_name")
    match data.get("target"):
        case "live_evaluation":
            return f"The cap of the live evaluation by {who} {amount}"
        case "workspace":
            of = " of the workspace"
        case "prompt":
            of = f" of the prompt {who}"
        case "api_key":
            of = f" of the API key {who}"
        case "end_user":
            of = " of an end user"
        case _:
            of = ""
    name = f" “{data['name']}”" if data.get("name") else ""
    return f"The {'' if data.get('hard') is not False else 'soft '}budget{name}{of} {amount}"


def _state(data: Mapping[str, Any], *, exhausted: bool) -> str:
    """What of it, and what follows. A refusal exhausts it too, when the next call would cost more than is left."""
    spent = credits_text(data["spent_nusd"])
    if not exhausted:
        return f"passed its warning mark: {spent} credits are spent."
    is_spent = data["spent_nusd"] >= data["limit_nusd"]
    what = "is used up" if is_spent else f"has too little left for another call: {spent} credits are spent"
    if data.get("live_evaluation_id") is not None:
        return f"{what}; answers that are drawn get the word “capped” for a score until it begins anew."
    if data.get("hard") is False:
        return f"{what}; it warns alone, no call is refused."
    return f"{what}; calls that it would pay for are refused until it begins anew."


def _of_credit(data: Mapping[str, Any], *, exhausted: bool) -> Incident:
    base = f"credits:{data['account_id']}"
    left = credits_text(data["available_nusd"])
    summary = f"Credit is low: {left} credits are left."
    if exhausted and data["available_nusd"] > 0:
        summary = f"A call was refused, since it may cost more than the {left} credits that are left; so are others until credit comes in."
    elif exhausted:
        summary = "No credit is left; calls are refused until credit comes in."
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
