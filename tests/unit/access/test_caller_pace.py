"""Requests besides executions, limited for each caller and workspace in a gateway's memory."""

from typing import Any
from uuid import uuid4

import pytest

from burnish_gateway.access.caller_pace import WORKSPACE_TIMES, CallerPace
from burnish_shared.errors import RateLimited

pytestmark = pytest.mark.capability("B3")

LINKS_PER_MINUTE = 300


class Asker:
    """As much of a principal as is looked at."""

    def __init__(self, workspace_id: Any, *, person: bool = False) -> None:
        self.workspace_id = workspace_id
        self.api_key_id = None if person else uuid4()
        self.first_key_id = self.api_key_id
        self.user_id = uuid4() if person else None


def paced(per_minute: int) -> tuple[CallerPace, list[float]]:
    now = [100.0]
    return CallerPace(per_minute, LINKS_PER_MINUTE, now_s=lambda: now[0]), now


def take(pace: CallerPace, who: Any, *, scope: str | None = "prompts:read", times: int = 1) -> list[Any]:
    return [pace.take(who, scope) for _ in range(times)]


def test_a_fifth_of_a_minutes_requests_may_come_at_once_and_the_next_says_when() -> None:
    pace, now = paced(60)
    who = Asker(uuid4())
    headers = take(pace, who, times=12)
    assert headers[0] == {
        "ratelimit-limit": "60",
        "ratelimit-remaining": "11",
        "ratelimit-reset": "1",
        "ratelimit-policy": "60;w=60;burst=12",
    }
    with pytest.raises(RateLimited) as refused:
        take(pace, who)
    assert (refused.value.status, refused.value.details) == (429, {"limit_per_minute": 60, "limit_of": "api_key"})
    assert refused.value.retry_after_s == 1.0 and refused.value.headers["ratelimit-remaining"] == "0"
    now[0] += 1.01
    take(pace, who)


def test_another_caller_is_not_bound_until_all_of_a_workspace_send_too_many() -> None:
    pace, _ = paced(60)
    workspace_id = uuid4()
    for _ in range(WORKSPACE_TIMES):
        take(pace, Asker(workspace_id, person=True), times=12)
    with pytest.raises(RateLimited) as refused:
        take(pace, Asker(workspace_id))
    assert refused.value.details == {"limit_per_minute": 240, "limit_of": "workspace"}
    take(pace, Asker(uuid4()))


@pytest.mark.parametrize(("per_minute", "scope"), [(1, "executions:write"), (1, "feedback:write"), (0, "prompts:read")])
def test_executions_and_feedback_are_not_counted_nor_is_anything_without_a_limit(per_minute: int, scope: str) -> None:
    pace, _ = paced(per_minute)
    assert set(map(str, take(pace, Asker(uuid4()), scope=scope, times=100))) == {"{}"}


def test_a_key_counts_with_the_one_that_replaces_it() -> None:
    pace, _ = paced(60)
    old, new = Asker(uuid4()), Asker(uuid4())
    new.first_key_id, new.workspace_id = old.first_key_id, old.workspace_id
    take(pace, old, times=12)
    with pytest.raises(RateLimited):
        take(pace, new)


def test_links_are_counted_by_address_an_ipv6_one_by_its_network() -> None:
    pace, now = paced(60)
    for one in range(LINKS_PER_MINUTE // 5):
        pace.take_link(f"2001:db8:1:2::{one + 1:x}")
    with pytest.raises(RateLimited) as refused:
        pace.take_link("2001:db8:1:2::ffff")
    assert refused.value.details == {"limit_per_minute": LINKS_PER_MINUTE, "limit_of": "address"}
    assert "from one address" in str(refused.value) and refused.value.retry_after_s is not None
    pace.take_link("2001:db8:1:3::1")
    take(pace, Asker(uuid4()))
    now[0] += 1
    pace.take_link("2001:db8:1:2::ffff")
    unlimited = CallerPace(60, 0)
    for _ in range(LINKS_PER_MINUTE):
        unlimited.take_link("192.0.2.1")
