"""Rows that a newer release wrote, beside which this one still answers: a list leaves out what it cannot read."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import structlog

from burnish_shared.errors import Unavailable

log = structlog.get_logger("burnish.gateway")

T = TypeVar("T")

UNREADABLE: Final = (ValueError, KeyError, TypeError, AttributeError)
"""What reading a row raises whose shape is not known here; pydantic's ValidationError is a ValueError."""


def readable(rows: Iterable[Any], answer: Callable[[Any], T], *, what: str) -> list[T]:
    """The answers to those rows that this release can read; the others are left out and logged by `what` they are, without their values."""
    found: list[T] = []
    for row in rows:
        try:
            found.append(answer(row))
        except UNREADABLE as error:
            log.warning("row.unreadable", what=what, error=type(error).__name__)
    return found


def read_or_later(row: Any, answer: Callable[[Any], T], *, what: str) -> T:
    """The answer to one row. Raises Unavailable where only a newer release can read it: another gateway may be one."""
    try:
        return answer(row)
    except UNREADABLE as error:
        log.warning("row.unreadable", what=what, error=type(error).__name__)
        raise Unavailable(
            f"This {what} is of a kind that this gateway's release does not know; bring all gateways to the newest."
        ) from None
