"""Which failed evaluations are tried again, and when. Pure."""

from typing import Any, Final, Protocol

TRIES: Final = 3
FIRST_WAIT_S: Final = 1.0


class FailedCall(Protocol):
    """What is looked at of a finished execution."""

    @property
    def status(self) -> str: ...
    @property
    def error(self) -> dict[str, Any] | None: ...
    @property
    def has_content(self) -> bool: ...


def is_worth_another_try(booked: FailedCall, *, attempt: int) -> bool:
    """An execution that failed for a passing reason, or whose answer nobody kept; at most TRIES in all.

    The executor has retried what costs nothing before it said so. A refusal of this one input (too long, blocked) is an answer.
    """
    if attempt >= TRIES:
        return False
    if booked.status == "success":
        return not booked.has_content
    return bool((booked.error or {}).get("retryable", True))


def wait_before_try_s(attempt: int) -> float:
    """1 s before the second try, 4 s before the third."""
    return FIRST_WAIT_S * 4.0 ** (attempt - 2)
