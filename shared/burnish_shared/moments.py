"""How a moment is told, wherever it is: RFC 3339 in UTC, which ends in `Z`."""

from datetime import UTC, datetime


def in_utc(at: datetime) -> str:
    """As every answer tells a moment: RFC 3339 with `Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def in_utc_us(at: datetime) -> str:
    """Of a moment that a clock gave, always to the microsecond: as texts they have the order of the moments, while `…:05Z` would come
    after `…:05.1Z`."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
