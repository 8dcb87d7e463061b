"""An endpoint's health: when to leave it in peace for a while, and when for good."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

OPENS_AFTER = 10
"""Consecutive failures (PROMISES 5.1)."""

PAUSE_S = 60.0
PAUSE_MAX_S = 3_600.0
"""The pause doubles each time that the probe after it fails."""

DISABLES_AFTER_S = 5 * 86_400.0
DISABLES_AFTER_EVENTS = 3
"""An endpoint is disabled when nothing succeeded for 5 days and at least 3 different events failed in them."""


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of an endpoint. `opened_until` set and past means half-open: one probe at a time."""

    consecutive_failures: int = 0
    openings: int = 0
    opened_until: datetime | None = None
    failing_since: datetime | None = None
    failed_events: int = 0


def after_success() -> Health:
    """A single success closes the breaker and forgets the failures."""
    return Health()


def after_failure(health: Health, *, now: datetime, first_attempt: bool, factor: float) -> Health:
    """Counts one failure. `first_attempt`: of its delivery, so that events are counted once. `factor` scales the pause like the schedule.

    While the breaker is open, answers of attempts that were under way before do not lengthen the pause.
    """
    counted = replace(
        health,
        consecutive_failures=health.consecutive_failures + 1,
        failing_since=health.failing_since or now,
        failed_events=health.failed_events + first_attempt,
    )
    probe_failed = health.opened_until is not None and health.opened_until <= now
    opens = health.opened_until is None and counted.consecutive_failures >= OPENS_AFTER
    if not (probe_failed or opens):
        return counted
    pause_s = min(PAUSE_S * 2**health.openings, PAUSE_MAX_S) * factor
    return replace(counted, opened_until=now + timedelta(seconds=pause_s), openings=health.openings + 1)


def must_be_disabled(health: Health, *, now: datetime) -> bool:
    """Whether the endpoint has failed for so long that it is switched off, with a notice."""
    return (
        health.failing_since is not None
        and (now - health.failing_since).total_seconds() >= DISABLES_AFTER_S
        and health.failed_events >= DISABLES_AFTER_EVENTS
    )
