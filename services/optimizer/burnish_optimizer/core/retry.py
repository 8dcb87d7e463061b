"""Which failed evaluations are tried again, and when. Pure."""

from typing import Any, Final, Protocol

TRIES: Final = 3
TRIES_WHERE_LIMITED: Final = 6
"""A limit passes by waiting, and so does an outage: thousands of calls must not fail because a provider is asked too much, or is away, for
a minute."""

FIRST_WAIT_S: Final = 1.0
WAIT_MOST_S: Final = 60.0
RETRY_AFTER_MOST_S: Final = 120.0
"""A provider that asks to wait longer is asked again then, and may say it again."""


ACCOUNT_EMPTY: Final = "provider_account_empty"
RESTING: Final = "provider_unavailable"
"""The provider failed so often that nobody asks it for a moment: this call did not either."""

OUTAGES: Final = frozenset({"provider_failed", "provider_unreachable", RESTING})


class FailedCall(Protocol):
    """What is looked at of a finished execution."""

    @property
    def status(self) -> str: ...
    @property
    def error(self) -> dict[str, Any] | None: ...
    @property
    def has_content(self) -> bool: ...


def is_worth_another_try(booked: FailedCall, *, attempt: int) -> bool:
    """An execution that failed for a passing reason, or whose answer nobody kept; at most TRIES in all, or TRIES_WHERE_LIMITED for a limit
    or an outage.

    The executor has retried what costs nothing before it said so. A refusal of this one input (too long, blocked) is an answer.
    """
    is_waited_for = booked.status == "rate_limited" or (booked.error or {}).get("code") in OUTAGES
    if attempt >= (TRIES_WHERE_LIMITED if is_waited_for else TRIES):
        return False
    if booked.status == "success":
        return not booked.has_content
    return bool((booked.error or {}).get("retryable", True))


def may_flow_again(failed: FailedCall) -> bool:
    """Its route has no room now, and may have some later: a limit, or an account that somebody may put money into."""
    return failed.status == "rate_limited" or is_account_empty(failed)


def is_account_empty(failed: FailedCall) -> bool:
    """Somebody has to put money in: waiting alone ends nothing."""
    return (failed.error or {}).get("code") == ACCOUNT_EMPTY


def wait_before_try_s(attempt: int, *, failed: FailedCall) -> float:
    """1 s before the second try, 4 s before the third, 16 s, then a minute; longer where the provider asks for it."""
    return max(min(WAIT_MOST_S, FIRST_WAIT_S * 4.0 ** (attempt - 2)), wait_asked_s(failed))


def wait_asked_s(failed: FailedCall) -> float:
    """What the provider asked for, at most RETRY_AFTER_MOST_S; 0 where it did not say."""
    return min(float((failed.error or {}).get("retry_after_s") or 0.0), RETRY_AFTER_MOST_S)
