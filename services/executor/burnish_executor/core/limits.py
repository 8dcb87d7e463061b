"""What a provider lets one key do in a minute: as somebody wrote it down, or as the provider itself says in its headers. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from burnish_executor.core.tickets import Kind
from burnish_shared.contracts.provider_keys import KeyLimits

MINUTE_MOST_S: Final = 90.0
"""A limit whose window, by what was used and when it is whole again, is longer is not one of a minute: Groq's of requests is of a day."""

TIGHT_RATIO: Final = 0.5
"""A limit that was learned is kept to once less than this part of it is left: before, nobody needs to count."""

PATIENCE_MOST_S: Final = 86_400.0
"""A provider may ask for more; nobody waits for longer than a day."""

_NUMBER: Final = re.compile(r"[0-9]{1,18}(?:\.[0-9]{0,18})?")

_DURATION: Final = re.compile(
    r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?"
)

_PATTERNS: Final = {
    "requests": ("x-ratelimit-{}-requests", "anthropic-ratelimit-requests-{}"),
    "tokens": ("x-ratelimit-{}-tokens", "anthropic-ratelimit-tokens-{}", "anthropic-ratelimit-input-tokens-{}"),
}
_NAMES: Final = {
    kind: tuple((one.format("limit"), one.format("remaining"), one.format("reset")) for one in patterns)
    for kind, patterns in _PATTERNS.items()
}
"""Of each limit its own name, that of what is left of it and that of when it is whole again: OpenAI's headers
(platform.openai.com/docs/guides/rate-limits) and Anthropic's (docs.anthropic.com/en/api/rate-limits)."""


@dataclass(frozen=True, slots=True)
class Left:
    """What a provider said of one of its limits. `whole_in_s`: seconds until nothing of it counts as used; None: it did not say."""

    per_minute: int
    remaining: int
    whole_in_s: float | None = None

    @property
    def is_of_a_minute(self) -> bool:
        used = self.per_minute - self.remaining
        return self.whole_in_s is None or used <= 0 or self.whole_in_s * self.per_minute / used <= MINUTE_MOST_S

    @property
    def is_tight(self) -> bool:
        return self.remaining < TIGHT_RATIO * self.per_minute


@dataclass(frozen=True, slots=True)
class Said:
    """What the headers of one answer said."""

    requests: Left | None = None
    tokens: Left | None = None

    def limits(self) -> KeyLimits:
        """Those that are a minute's, and tight; a provider's others are its own business."""
        tight = {name: left.per_minute for name, left in self.tight().items()}
        return KeyLimits(requests_per_minute=tight.get("requests"), tokens_per_minute=tight.get("tokens"))

    def tight(self) -> dict[Kind, Left]:
        both: dict[Kind, Left | None] = {"requests": self.requests, "tokens": self.tokens}
        return {name: left for name, left in both.items() if left is not None and left.is_tight and left.is_of_a_minute}


def said_by(headers: Mapping[str, str], *, now: datetime) -> Said | None:
    """From the headers of an answer, whatever its status; None where they say nothing. `now`: to read times that are no durations."""
    found = {kind: _left(headers, names, now=now) for kind, names in _NAMES.items()}
    return Said(**found) if any(found.values()) else None


def patience_asked_s(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """For how many seconds nobody should call again: `retry-after-ms` of OpenAI, else `retry-after` as seconds or as a date (RFC 9110).

    None where nothing is asked for that can be read.
    """
    thousandths, asked = headers.get("retry-after-ms", "").strip(), headers.get("retry-after", "").strip()
    if _NUMBER.fullmatch(thousandths):
        return min(float(thousandths) / 1000, PATIENCE_MOST_S)
    if _NUMBER.fullmatch(asked):
        return min(float(asked), PATIENCE_MOST_S)
    try:
        moment = parsedate_to_datetime(asked)
        return min(max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()), PATIENCE_MOST_S)
    except (ValueError, TypeError, OverflowError):
        return None


def _left(headers: Mapping[str, str], names: Iterable[tuple[str, str, str]], *, now: datetime) -> Left | None:
    for of_limit, of_remaining, of_reset in names:
        if (said := headers.get(of_limit)) is None:
            continue
        limit, remaining = _count(said), _count(headers.get(of_remaining))
        if limit and remaining is not None:
            return Left(limit, min(remaining, limit), _seconds(headers.get(of_reset), now=now))
    return None


def _count(text: str | None) -> int | None:
    """At most 18 digits: what goes into a bigint."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 18 else None


def _seconds(text: str | None, *, now: datetime) -> float | None:
    """`6m0s`, `17ms`, or a moment by RFC 3339. None for anything else."""
    if not text:
        return None
    match = _DURATION.fullmatch(text)
    if match is not None:
        days, hours, minutes, seconds, thousandths = (float(part or 0) for part in match.groups())
        return days * 86_400 + hours * 3600 + minutes * 60 + seconds + thousandths / 1000
    try:
        return max(0.0, (datetime.fromisoformat(text) - now).total_seconds())
    except (ValueError, TypeError):
        return None
