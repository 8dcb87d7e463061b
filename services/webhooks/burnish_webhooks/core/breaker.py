"""An endpoint's health: when to leave it in peace for a while, and when for good."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from burnish_shared.contracts.webhooks import FAILURES_IN_A_ROW_MOST

OPENS_AFTER = FAILURES_IN_A_ROW_MOST

WINDOW_S = 300.0
WINDOW_ATTEMPTS = 20
WINDOW_SHARE = 0.7
"""Or so large a share of so many attempts within five minutes. The next five minutes begin with the first attempt after them."""

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
    window_since: datetime | None = None
    window_attempts: int = 0
    window_failures: int = 0


def after_success(health: Health, *, now: datetime, factor: float) -> Health:
    """A single success closes the breaker and forgets the failures, but for the share of them among the attempts of the window.

    Where that share opened the breaker, successes of attempts that were under way before do not end its pause.
    """
    counted = _counted(health, now=now, failed=0, factor=factor)
    if health.opened_until is None:
        return Health(window_since=counted.window_since, window_attempts=counted.window_attempts, window_failures=counted.window_failures)
    if health.opened_until > now and health.consecutive_failures < OPENS_AFTER:
        return replace(health, consecutive_failures=0, failing_since=None, failed_events=0)
    return Health()


def after_failure(health: Health, *, now: datetime, is_new_event: bool, factor: float) -> Health:
    """Counts one failure. `is_new_event`: its event has not been counted since the failures began. `factor` scales times like the schedule.

    While the breaker is open, answers of attempts that were under way before do not lengthen the pause.
    """
    counted = replace(
        _counted(health, now=now, failed=1, factor=factor),
        consecutive_failures=health.consecutive_failures + 1,
        failing_since=health.failing_since or now,
        failed_events=health.failed_events + is_new_event,
    )
    if not (_probe_failed(health, now=now) or (health.opened_until is None and _is_too_much(counted))):
        return counted
    pause_s = min(PAUSE_S * 2**health.openings, PAUSE_MAX_S) * factor
    return replace(
        counted,
        opened_until=now + timedelta(seconds=pause_s),
        openings=health.openings + 1,
        window_since=None,
        window_attempts=0,
        window_failures=0,
    )


def must_be_disabled(health: Health, *, now: datetime) -> bool:
    """Whether the endpoint has failed for so long that it is switched off, with a notice."""
    return (
        health.failing_since is not None
        and (now - health.failing_since).total_seconds() >= DISABLES_AFTER_S
        and health.failed_events >= DISABLES_AFTER_EVENTS
    )


def _probe_failed(health: Health, *, now: datetime) -> bool:
    return health.opened_until is not None and health.opened_until <= now


def _is_too_much(health: Health) -> bool:
    return health.consecutive_failures >= OPENS_AFTER or (
        health.window_attempts >= WINDOW_ATTEMPTS and health.window_failures >= WINDOW_SHARE * health.window_attempts
    )


def _counted(health: Health, *, now: datetime, failed: int, factor: float) -> Health:
    if health.window_since is None or (now - health.window_since).total_seconds() >= WINDOW_S * factor:
        return replace(health, window_since=now, window_attempts=1, window_failures=failed)
    return replace(health, window_attempts=health.window_attempts + 1, window_failures=health.window_failures + failed)
