"""What one answer, or its absence, means for a delivery."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from burnish_webhooks.core.schedule import next_delay_s
from burnish_webhooks.core.shown_headers import Shown

ErrorClass = Literal[
    "dns_failed", "egress_refused", "connect_failed", "tls_failed", "timeout", "connection_lost", "http_status", "redirect",
    "bad_response", "not_sent",
]  # fmt: skip
"""Why an attempt failed, as the delivery log shows it. Inner ports, open or closed, are never dialled. `not_sent`: it could not be made
here, such as where a secret does not open with the installation's key; the endpoint has no part in it."""

GONE = 410


@dataclass(frozen=True, slots=True)
class Response:
    """A receiver's answer. `headers` have lower-case names; `snippet` is the beginning of the body, cut at what is kept.
    `shown`: the headers as the log keeps them."""

    status: int
    headers: Mapping[str, str]
    snippet: str
    duration_ms: int
    shown: Shown = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoResponse:
    """No answer came."""

    error_class: ErrorClass
    duration_ms: int


Answer = Response | NoResponse


@dataclass(frozen=True, slots=True)
class Delivered:
    """2xx."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Failed, and due again in `delay_s`."""

    delay_s: float
    error_class: ErrorClass


@dataclass(frozen=True, slots=True)
class Exhausted:
    """Failed, and no slot is left: a dead letter, kept for replay."""

    error_class: ErrorClass


@dataclass(frozen=True, slots=True)
class Aborted:
    """The receiver said `webhook-delivery: abort-message`: it wants no further attempt at this one."""


@dataclass(frozen=True, slots=True)
class Gone:
    """410: the receiver wants nothing any more, the endpoint is disabled at once."""


Outcome = Delivered | Retry | Exhausted | Aborted | Gone


def classify(answer: Answer, *, failed_before: int, now: datetime, roll: float, factor: float) -> Outcome:
    """Decides by status and headers alone. `failed_before` counts earlier failures of this delivery since it was last (re)started."""
    if isinstance(answer, Response):
        if 200 <= answer.status < 300:
            return Delivered()
        if answer.status == GONE:
            return Gone()
        if answer.headers.get("webhook-delivery", "").strip().lower() == "abort-message":
            return Aborted()
        error_class: ErrorClass = "redirect" if 300 <= answer.status < 400 else "http_status"
        asked_s = retry_after_s(answer.headers.get("retry-after"), now=now)
    else:
        error_class, asked_s = answer.error_class, None
    delay_s = next_delay_s(failed_before + 1, roll=roll, factor=factor, retry_after_s=asked_s)
    return Exhausted(error_class) if delay_s is None else Retry(delay_s, error_class)


def retry_after_s(header: str | None, *, now: datetime) -> float | None:
    """Seconds, from a `Retry-After` of seconds or of a date (RFC 9110, 10.2.3). None for none, for nonsense, and for the past."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    wait_s = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return wait_s if wait_s > 0 else None
