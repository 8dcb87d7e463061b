"""Dates and times at the edge: with their zone, and such as a column gives back as they were."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from burnish_shared.errors import InvalidField

WRITTEN_OUT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")
"""How RFC 3339 begins. A bare number would be taken for seconds since 1970."""


def _written_out(value: object) -> object:
    if not isinstance(value, datetime) and not (isinstance(value, str) and WRITTEN_OUT.match(value)):
        raise ValueError("must be a date and time as RFC 3339 writes it, such as 2026-11-20T08:00:00Z")
    return value


FIRST: Final = datetime.min.replace(tzinfo=UTC)
LAST: Final = datetime.max.replace(tzinfo=UTC)
"""Both are what PostgreSQL's driver takes for infinity, and gives back without a zone."""


def can_be_kept(value: datetime) -> bool:
    """Whether a column gives it back as it was. `value` has a zone."""
    return FIRST < value < LAST


def _on_the_calendar(value: datetime) -> datetime:
    if not can_be_kept(value):
        raise ValueError("lies beyond the calendar; the last moment is 9999-12-31T23:59:59Z")
    return value


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written_out), AfterValidator(_on_the_calendar)]
"""A date and time with its zone, as a string (which a strict datetime would refuse, because a wrap validator hands it Python values)."""


def check_order(start: datetime | None, end: datetime | None) -> None:
    """Of a list's `from` and `to`. The same moment twice is a range without anything in it. Raises InvalidField."""
    if start is not None and end is not None and start > end:
        raise InvalidField("to: must not lie before from.", param="to")
