"""One thing to be told by one alert channel, what came of an attempt, and when the next is due. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from unicodedata import category
from uuid import UUID

from burnish_shared.contracts.alert_channels import ENDPOINT_GONE, ENDPOINT_OFF, ENDPOINT_ON, SEVERITIES, ChannelKind
from burnish_shared.contracts.events import Event
from burnish_shared.money import credits_text
from burnish_webhooks.core import rollouts
from burnish_webhooks.core.figures import figure_lines
from burnish_webhooks.core.outcome import Answer, Response, retry_after_s

DELAYS_S: Final = (5.0, 30.0, 120.0, 600.0, 1_800.0, 7_200.0, 21_600.0)
"""Wait after each failure, 8 h in all: a notice of an alert that comes a day late helps nobody."""

RETRY_AFTER_MAX_S: Final = 3_600.0

PASSING: Final = frozenset({408, 425, 429})
"""Of the 4xx those that another attempt may get past; the others stay: a workflow that is gone, a key that is wrong."""

TOLD: Final = ("alert.raised", "alert.acknowledged", "alert.resolved")
REPORT: Final = "report.ready"

WHY_OFF: Final = {
    "gone": "It answered 410, so nothing is sent to it any more until it is enabled again.",
    "failing": "Nothing could be delivered to it for five days, so nothing is sent to it any more until it is enabled again.",
}


ENDPOINTS: Final = {
    ENDPOINT_OFF: "A webhook endpoint was switched off",
    ENDPOINT_ON: "A webhook endpoint is on again",
    ENDPOINT_GONE: "A webhook endpoint that was off was deleted",
}
"""Told here too: an endpoint is not told of its own end, and it may have been the only one."""

WHY_OVER: Final = {
    "recovered": "It is over.",
    "superseded": "Another alert tells of it from now on.",
    "rule_disabled": "Its rule was switched off.",
    "unused": "What it was about is not used any more.",
}
"""A resolved alert keeps the words with which it was raised: without these its notice would read as if it still were so."""

OTHER_VERSION: Final = "The label serves another version now."
"""What `superseded` means where an alert is of one version: no other alert takes its place."""


TURNS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that set the direction of what follows (Unicode, UAX #9; Trojan Source, CVE-2021-42574)."""


ADDRESS: Final = re.compile(r"(?<!\S)(?![\w.+-]+@[\w.-]+(?!\S))\S*[.:]\S*")
"""A word with a dot or a colon that is no mail address."""

DOT: Final = re.compile(r"(?<=\w)\.(?=[^\W\d_])")


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel that may be told. `filters` as contracts of the API: kinds, prompts, min_severity."""

    channel_id: UUID
    workspace_id: UUID
    filters: Mapping[str, Any]
    kind: ChannelKind = "slack"


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told. `data` is the event's; `link` leads to the alert or report, where the installation knows its address.
    `workspace`: its name, because one channel may hear of several. `endpoint`: what its owners call a webhook endpoint, and its host.
    """

    event_type: str
    alert_id: UUID | None
    data: Mapping[str, Any]
    occurred_at: datetime
    simulated: bool
    link: str | None = None
    workspace: str | None = None
    endpoint: str | None = None

    @property
    def severity(self) -> str:
        return severity_of(self.event_type, self.data)

    @property
    def link_text(self) -> str:
        if self.event_type in rollouts.SEVERITY_OF:
            return "Show the experiment"
        return "Show the endpoint" if self.event_type in ENDPOINTS else "Show the report" if self.event_type == REPORT else "Show the alert"

    @property
    def summary(self) -> str:
        """The alert in a sentence; of an acknowledgement, who it was; of its end, why it is over, too."""
        return in_one_line(self._summary())

    def _summary(self) -> str:
        if self.event_type == "alert.acknowledged":
            return f"Acknowledged by {self.data.get('acknowledged_by_name') or self.data.get('acknowledged_by', 'somebody')}."
        if self.event_type in rollouts.SEVERITY_OF:
            return rollouts.summary_of(self.event_type, self.data)
        if self.event_type in (ENDPOINT_ON, ENDPOINT_GONE):
            return "Deliveries go on." if self.event_type == ENDPOINT_ON else "Nothing is sent to it any more."
        if self.event_type == ENDPOINT_OFF:
            return WHY_OFF.get(str(self.data.get("reason")), "Nothing is sent to it any more until it is enabled again.")
        said = str(self.data.get("summary", ""))
        if self.event_type == "alert.resolved":
            why = OTHER_VERSION if self._is_of_retired_version else WHY_OVER.get(str(self.data.get("resolution")), WHY_OVER["recovered"])
            return f"{why} It said: {said}" if said else why
        return said

    @property
    def _is_of_retired_version(self) -> bool:
        return self.data.get("resolution") == "superseded" and self.data.get("kind") == "feedback_threshold"

    @property
    def _is_replaced(self) -> bool:
        """It ended because a worse one of the same was raised: "resolved" would read as an all-clear."""
        return self.event_type == "alert.resolved" and self.data.get("resolution") == "superseded" and not self._is_of_retired_version

    @property
    def title(self) -> str:
        return in_one_line(self._title())

    def _title(self) -> str:
        if self.event_type == REPORT:
            return str(self.data.get("title", "Report"))
        if self.event_type in ENDPOINTS:
            return ENDPOINTS[self.event_type]
        if self.event_type in rollouts.SEVERITY_OF:
            return rollouts.title_of(self.event_type, self.data)
        word = {"alert.raised": "Alert", "alert.acknowledged": "Acknowledged", "alert.resolved": "Resolved", "test": "Test"}[
            self.event_type
        ]
        if self._is_replaced:
            word = "Replaced"
        about = self.data.get("prompt") or str(self.data.get("kind", "")).replace("_", " ")
        metric = str(self.data.get("metric", "")).replace("_", " ")
        if self.data.get("prompt") and self.data.get("kind") == "budget":
            metric = f"budget {metric}"
        return f"{word}: {', '.join(one for one in (about, metric) if one)}" if self.event_type != "test" else "Test of an alert channel"

    def facts(self) -> list[tuple[str, str]]:
        """Name and value of what is worth a line of its own; none takes more than one."""
        own = [*([("Workspace", self.workspace)] if self.workspace else []), *self._own_facts()]
        return [(name, in_one_line(value)) for name, value in own]

    def _own_facts(self) -> list[tuple[str, str]]:
        data = self.data
        if self.event_type in rollouts.SEVERITY_OF:
            lines = [*rollouts.facts_of(data), ("Data", "simulated" if self.simulated else None)]
            return [(name, str(value)) for name, value in lines if value not in (None, "")]
        if self.event_type == REPORT:
            return [*report_facts(data), *([("Data", "simulated")] if self.simulated else [])]
        lines = [
            ("Endpoint", (self.endpoint or data.get("endpoint_id")) if self.event_type in ENDPOINTS else None),
            ("Severity", self.severity if self.event_type not in ("alert.acknowledged", ENDPOINT_ON, ENDPOINT_GONE) else None),
            ("Prompt", data.get("prompt")),
            ("Label", data.get("label")),
            ("Version", data.get("version")),
            *figure_lines(
                data.get("kind"),
                before=data.get("before"),
                after=data.get("after"),
                changed=data.get("changed"),
                is_over=self.event_type == "alert.resolved",
            ),
            ("Data", "simulated" if self.simulated else None),
        ]
        return [(name, str(value)) for name, value in lines if value not in (None, "")]


def in_one_line(text: str) -> str:
    """Names and errors hold what anybody wrote: none may add a line that looks like ours, or turn round how the rest is read."""
    return " ".join("".join(" " if one in TURNS or category(one) == "Cc" else one for one in text).split())


def unlinked(text: str) -> str:
    """The same for whoever reads it, and no address in it that a client of chat or mail makes a link of, also without a scheme: a word
    joiner (U+2060), which nobody sees, stands behind its colon and its dots. Mail addresses stay as they are, to be copied, and so do
    numbers and ends of sentences.
    """
    return ADDRESS.sub(lambda found: DOT.sub(".\u2060", found[0].replace("://", ":\u2060//")), text)


def report_facts(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Period and figures of a report, those that are known; of a time without executions no zeros, which its summary says in words."""
    found = data.get("figures")
    figures: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    is_quiet = figures.get("executions") == 0
    known: Mapping[str, Any] = {name: value for name, value in figures.items() if value is not None and (value or not is_quiet)}
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


def severity_of(event_type: str, data: Mapping[str, Any]) -> str:
    severity = data.get("severity")
    if severity in SEVERITIES:
        return str(severity)
    return "info" if event_type in (REPORT, ENDPOINT_ON, ENDPOINT_GONE) else rollouts.SEVERITY_OF.get(event_type, "warning")


def wants(channel: Channel, event: Event) -> bool:
    """Whether a channel is told of an alert that was raised, or of a rollout. (The rest of an alert goes where its beginning went.)

    PagerDuty keeps incidents that somebody must end, and the end of a rollout is none: it hears of no experiment.
    """
    filters, data = channel.filters, event.data
    is_experiment = event.type in rollouts.SEVERITY_OF
    if channel.workspace_id != event.workspace_id or (is_experiment and channel.kind == "pagerduty"):
        return False
    if filters.get("kinds") and (rollouts.KIND if is_experiment else data.get("kind")) not in filters["kinds"]:
        return False
    if filters.get("prompts") and data.get("slug" if is_experiment else "prompt") not in filters["prompts"]:
        return False
    least, severity = filters.get("min_severity"), severity_of(event.type, data)
    return least not in SEVERITIES or SEVERITIES.index(severity) >= SEVERITIES.index(least)


@dataclass(frozen=True, slots=True)
class Sent:
    """The service took it. `error`: a mail server did not, for some of the addresses, which `detail` names."""

    error: str | None = None
    detail: str | None = None


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

NOT_SENT: Final = "not_sent"
NOT_SENT_DETAIL: Final = "It could not be made here. The log of the webhooks service says why; its key-encryption key may be another one."
"""Of an attempt that ended before anything left this process, such as where a secret does not open with the installation's key."""

CANNOT_BE_MADE: Final = (ValueError, TypeError, LookupError)
"""What opening a secret and writing a message of it raise: `Keyring.open`, `json`, `email` (a UnicodeError is a ValueError)."""


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
