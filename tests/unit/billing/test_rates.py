"""How much of the limits of requests is used now (PRODUCT B3)."""

from uuid import uuid4

import pytest

from burnish_gateway.billing.rates import rates_in_use
from burnish_shared.books.admission_request import RateLimit

pytestmark = pytest.mark.capability("B3")

WORKSPACE = RateLimit(rate_id=1, per_minute=60)


def row(ahead_us: int, *, key: bool = False) -> dict[str, object]:
    return {
        "api_key_id": uuid4() if key else None,
        "name": "ci" if key else None,
        "rate_id": 2,
        "rate_limit_per_minute": 30,
        "ahead_us": ahead_us,
    }


@pytest.mark.parametrize(
    ("ahead_us", "remaining", "reset_s"), [(0, 13, 0), (1, 12, 0), (5_000_000, 8, 5), (13_000_000, 0, 13), (1 << 62, 0, 13)]
)
def test_what_is_ahead_of_now_is_used_and_comes_back(ahead_us: int, remaining: int, reset_s: int) -> None:
    found = rates_in_use(WORKSPACE, [row(ahead_us)]).workspace
    assert (found.per_minute, found.at_once, found.remaining, round(found.reset_s)) == (60, 13, remaining, reset_s)


def test_each_key_is_counted_by_its_own_limit() -> None:
    found = rates_in_use(WORKSPACE, [row(0), row(4_000_000, key=True)])
    assert [(one.name, one.per_minute, one.at_once, one.remaining, one.reset_s) for one in found.api_keys] == [("ci", 30, 7, 5, 4.0)]
    assert found.workspace.remaining == 13
