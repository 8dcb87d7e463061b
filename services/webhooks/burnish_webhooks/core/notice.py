"""One thing to be told by one alert channel, what came of an attempt, and when the next is due. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from burnish_shared.contracts.alert_channels import SEVERITIES, ChannelKind
from burnish_shared.contracts.events import Event
from burnish_shared.money import credits_text
from burnish_webhooks.core.outcome import Answer, Response, retry_after_s

DELAYS_S: Final = (5.0, 30.0, 120.0, 600.0, 1_800.0, 7_200.0, 21_600.0)
"""Wait after each failure, 8 h in all: a notice of an alert that comes a day late helps nobody."""

RETRY_AFTER_MAX_S: Final = 3_600.0

PASSING: Final = frozenset({408, 425, 429})
"""Of the 4xx those that another attempt may get past; the others stay: a workflow that is gone, a key that is wrong."""

TOLD: Final = ("alert.raised", "alert.acknowledged", "alert.resolved")
REPORT: Final = "report.ready"

ENDPOINT_OFF: Final = "webhook.endpoint_disabled"
"""Told here too: an endpoint is not told of its own end, and it may have been the only one."""

WHY_OFF: Final = {
    "gone": "It answered 410, so nothing is sent to it any more until it is enabled again.",
    "failing": "Nothing could be delivered to it for five days, so nothing is sent to it any more until it is enabled again.",
}


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel that may be told. `filters` as contracts of the API: kinds, prompts, min_severity."""

    channel_id: UUID
    workspace_id: UUID
    filters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told. `data` is the event's; `link` leads to the alert or report, where the installation knows its address."""

    event_type: str
    alert_id: UUID | None
    data: Mapping[str, Any]
    occurred_at: datetime
    simulated: bool
    link: str | None = None

    @property
    def severity(self) -> str:
        severity = self.data.get("severity")
        return severity if severity in SEVERITIES else "info" if self.event_type == REPORT else "warning"

    @property
    def link_text(self) -> str:
        return {REPORT: "Show the report", ENDPOINT_OFF: "Show the endpoint"}.get(self.event_type, "Show the alert")

    @property
    def summary(self) -> str:
        """The alert in a sentence; of an acknowledgement, who it was."""
        if self.event_type == "alert.acknowledged":
            return f"Acknowledged by {self.data.get('acknowledged_by', 'somebody')}."
        if self.event_type == ENDPOINT_OFF:
            return WHY_OFF.get(str(self.data.get("reason")), "Nothing is sent to it any more until it is enabled again.")
        return str(self.data.get("summary", ""))

    @property
    def title(self) -> str:
        if self.event_type == REPORT:
            return str(self.data.get("title", "Report"))
        if self.event_type == ENDPOINT_OFF:
            return "A webhook endpoint was switched off"
        word = {"alert.raised": "Alert", "alert.acknowledged": "Acknowledged", "alert.resolved": "Resolved", "test": "Test"}[
            self.event_type
        ]
        about = self.data.get("prompt") or str(self.data.get("kind", "")).replace("_", " ")
        metric = str(self.data.get("metric", "")).replace("_", " ")
        return f"{word}: {', '.join(one for one in (about, metric) if one)}" if self.event_type != "test" else "Test of an alert channel"

    def facts(self) -> list[tuple[str, str]]:
        """Name and value of what is worth a line of its own."""
        data = self.data
        if self.event_type == REPORT:
            return [*report_facts(data), *([("Data", "simulated")] if self.simulated else [])]
        lines = [
            ("Endpoint", data.get("endpoint_id") if self.event_type == ENDPOINT_OFF else None),
            ("Severity", self.severity if self.event_type != "alert.acknowledged" else None),
            ("Prompt", data.get("prompt")),
            ("Label", data.get("label")),
            ("Version", data.get("version")),
            ("Before", figures(data.get("before"))),
            ("After", figures(data.get("after"))),
            ("Changed", changes(data.get("changed"))),
            ("Resolution", data.get("resolution")),
            ("Data", "simulated" if self.simulated else None),
        ]
        return [(name, str(value)) for name, value in lines if value not in (None, "")]


def report_facts(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Period and figures of a report, those that are known."""
    found = data.get("figures")
    known: Mapping[str, Any] = {name: value for name, value in found.items() if value is not None} if isinstance(found, Mapping) else {}
    shown = {
        "Executions": f"{known['executions']:,}" if "executions" in known else None,
        "Successful": f"{100 * known['success_rate']:.1f} %" if "success_rate" in known else None,
        "Satisfaction": f"{100 * known['satisfaction']:.1f} % of {known.get('satisfaction_samples', 0):,} reactions"
        if "satisfaction" in known
        else None,
        "95 % within": f"{known['p95_ms']:,.0f} ms" if "p95_ms" in known else None,
        "Cost": f"{credits_text(known['cost_nusd'])} credits" if "cost_nusd" in known else None,
        "This month at its end": f"{credits_text(known['projected_cost_nusd'])} credits" if "projected_cost_nusd" in known else None,
        "Alerts": str(known["alerts"]) if known.get("alerts") else None,
    }
    return [
        ("Period", period_in_words(data.get("period_start"), data.get("period_end"))),
        *((name, value) for name, value in shown.items() if value is not None),
    ]


def period_in_words(start: object, end: object) -> str:
    """Whole days as days, the last one included, else to the minute; with the offset of the zone they are told in, at their end."""
    try:
        first, last = datetime.fromisoformat(str(start)), datetime.fromisoformat(str(end))
    except ValueError:
        return f"{start} to {end}"
    zone = last.tzname() or "UTC"
    if first.time() == last.time() == time():
        days = (first.date(), last.date() - timedelta(days=1))
        return f"{' to '.join(str(one) for one in sorted(set(days)))} ({zone})"
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} ({zone})"


RATIOS: Final = {
    "satisfaction": "satisfaction",
    "quality": "score",
    "error_rate": "failed",
    "share_above": "beyond that",
    "target": "target",
    "low": "at least",
    "high": "at most",
}
"""Shares of an alert, and the word that stands before the percentage."""

WORDS: Final = {"p95": "95 % within", "most_of_one_voice": "of one voice at most"}


def figures(values: object) -> str | None:
    """Numbers of an alert in one line: shares as percentages, amounts as credits. What nothing was held back of is not worth a word."""
    if not isinstance(values, Mapping):
        return None
    held = bool(values.get("voices_held_back"))
    said = [
        _figure(str(name), value)
        for name, value in values.items()
        if value is not None and (held or name not in ("voices_held_back", "most_of_one_voice"))
    ]
    return ", ".join(said) or None


def _figure(name: str, value: object) -> str:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return f"{name.replace('_', ' ')} {value}"
    if name in RATIOS:
        return f"{RATIOS[name]} {value:.1%}"
    base = name.removesuffix("_nusd").removesuffix("_ms")
    word = WORDS.get(base, base.replace("_", " "))
    if name.endswith("_nusd"):
        return f"{word} {credits_text(round(value))} credits"
    number = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:.3g}"
    return f"{word} {number}{' ms' if name.endswith('_ms') else ''}"


def changes(values: object) -> str | None:
    """What changed, in one line."""
    if not isinstance(values, Mapping) or not values:
        return None
    said = [
        f"{name} {value.get('from')} → {value.get('to')}" if isinstance(value, Mapping) else f"{name} {value}"
        for name, value in values.items()
    ]
    return ", ".join(said)


def wants(channel: Channel, event: Event) -> bool:
    """Whether a channel is told of an alert that was raised. (The rest of an alert goes where its beginning went.)"""
    filters, data = channel.filters, event.data
    if channel.workspace_id != event.workspace_id:
        return False
    if filters.get("kinds") and data.get("kind") not in filters["kinds"]:
        return False
    if filters.get("prompts") and data.get("prompt") not in filters["prompts"]:
        return False
    least = filters.get("min_severity")
    severity = data.get("severity") if data.get("severity") in SEVERITIES else "warning"
    return least not in SEVERITIES or SEVERITIES.index(severity) >= SEVERITIES.index(least)


@dataclass(frozen=True, slots=True)
class Sent:
    """The service took it."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Failed, and due again in `delay_s`."""

    delay_s: float
    error: str
    detail: str | None


@dataclass(frozen=True, slots=True)
class Failed:
    """Failed for good."""

    error: str
    detail: str | None


Told = Sent | TryAgain | Failed


def judged(answer: Answer, *, kind: ChannelKind, failed_before: int, now: datetime, factor: float = 1.0) -> Told:
    """Decides by status. `factor` scales the waits (1 in production, small in tests)."""
    if not isinstance(answer, Response):
        return again(answer.error_class, None, failed_before=failed_before, factor=factor)
    if 200 <= answer.status < 300:
        return Sent()
    error, detail = f"http_{answer.status}", answer.snippet[:300] or None
    if answer.status < 500 and answer.status not in PASSING:
        return Failed(error, detail)
    asked_s = retry_after_s(answer.headers.get("retry-after"), now=now)
    return again(error, detail, failed_before=failed_before, factor=factor, asked_s=asked_s)


def again(error: str, detail: str | None, *, failed_before: int, factor: float = 1.0, asked_s: float | None = None) -> TryAgain | Failed:
    """Another attempt, while there is one left."""
    if failed_before >= len(DELAYS_S):
        return Failed(error, detail)
    return TryAgain(max(DELAYS_S[failed_before] * factor, min(asked_s or 0.0, RETRY_AFTER_MAX_S)), error, detail)
