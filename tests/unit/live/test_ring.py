"""What a stream that comes back is given, and when it is told that something is missing."""

from uuid import UUID

import pytest

from burnish_gateway.live import ring as rings
from burnish_gateway.live.ring import EventRing, Kept
from burnish_shared.ids import new_uuid

pytestmark = pytest.mark.capability("A2")

HERE, THERE = new_uuid(), new_uuid()

NOW_MS = 1_000_000


def kept(at_ms: int) -> Kept:
    return Kept(at_ms, new_uuid(), "alert.raised", b"{}")


def test_what_came_since_is_given_again_with_what_came_shortly_before_and_nothing_of_others() -> None:
    ring = EventRing(since_ms=0)
    old, near, last, new = kept(1_000), kept(9_500), kept(10_000), kept(12_000)
    for one in (old, near, last, new):
        assert ring.add(HERE, one)
    ring.add(THERE, kept(12_000))
    assert not ring.add(HERE, new)
    assert ring.after(HERE, last.position, now_ms=NOW_MS) == ([near, new], False)
    assert ring.after(HERE, "12001", now_ms=NOW_MS) == ([new], False)


def test_a_stream_of_a_gateway_that_heard_late_begins_where_its_last_event_came_here() -> None:
    """The other gateway stood still for 20 s and then told the first of three events; these clients come here for the others."""
    ring = EventRing(since_ms=0)
    first, second, third = kept(10_000), kept(15_000), kept(20_000)
    for one in (first, second, third):
        ring.add(HERE, one)
    assert ring.after(HERE, f"30000.{first.event_id}", now_ms=NOW_MS) == ([second, third], False)
    assert ring.after(HERE, f"30000.{third.event_id}", now_ms=NOW_MS) == ([], False)


def test_a_stream_that_comes_to_a_gateway_that_heard_late_begins_where_its_last_event_was_heard_elsewhere() -> None:
    """This gateway stood still, and heard the first of two events after the second."""
    ring = EventRing(since_ms=0)
    second, first = kept(15_000), kept(30_000)
    for one in (second, first):
        ring.add(HERE, one)
    assert ring.after(HERE, f"10000.{first.event_id}", now_ms=NOW_MS) == ([second], False)


def test_a_gap_is_told_where_the_last_event_is_not_known_here() -> None:
    """It may lie before or after what was lost here; the time of another gateway does not say."""
    ring = EventRing(since_ms=0)
    ring.add(HERE, kept(10_000))
    assert ring.after(HERE, f"30000.{new_uuid()}", now_ms=NOW_MS) == ([], True)


def test_a_gap_is_told_after_a_start_a_loss_and_for_each_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rings, "PER_WORKSPACE", 3)
    monkeypatch.setattr(rings, "IN_ALL", 5)
    ring = EventRing(since_ms=5_000)
    assert ring.after(HERE, "4999", now_ms=NOW_MS) == ([], True)
    events = [kept(6_000 + n) for n in range(5)]
    for one in events:
        ring.add(HERE, one)
    assert ring.after(HERE, "5500", now_ms=NOW_MS) == (events[2:], True)
    assert ring.after(HERE, "6002", now_ms=NOW_MS) == (events[2:], False)
    for n in range(3):
        ring.add(THERE, kept(7_000 + n))
    assert ring.after(HERE, "6002", now_ms=NOW_MS)[0] == events[3:]
    assert len(ring.after(THERE, "6002", now_ms=NOW_MS)[0]) == 3
    ring.clear(since_ms=8_000)
    assert ring.after(THERE, "7001", now_ms=NOW_MS) == ([], True)


@pytest.mark.promise("M-14")
def test_a_workspace_with_many_events_takes_nobody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What its own bound has dropped takes no room of all."""
    monkeypatch.setattr(rings, "PER_WORKSPACE", 3)
    monkeypatch.setattr(rings, "IN_ALL", 5)
    ring, seen, next_one = EventRing(since_ms=0), kept(1_000), kept(1_500)
    ring.add(THERE, seen)
    ring.add(THERE, next_one)
    for at_ms in range(2_000, 2_100):
        ring.add(HERE, kept(at_ms))
    assert ring.after(THERE, seen.position, now_ms=NOW_MS) == ([next_one], False)
    assert len(ring._order) <= 2 * 5, "nor does it fill the memory"
    ring.add(THERE, kept(3_000))
    assert ring.after(THERE, seen.position, now_ms=NOW_MS)[1], "the oldest of all goes where there are too many"


@pytest.mark.parametrize("position", ["", "x", "1.2", f"1.{UUID(int=1)}x", "9" * 16, "1." + "-" * 36])
def test_what_is_no_position_is_refused(position: str) -> None:
    with pytest.raises(ValueError):
        EventRing(since_ms=0).after(HERE, position, now_ms=NOW_MS)


def test_a_position_ahead_of_this_gateways_clock_is_a_gap() -> None:
    """It is another gateway's: what came here since that one said it may lie before it."""
    ring = EventRing(since_ms=0)
    ring.add(HERE, kept(NOW_MS - 2_000))
    assert ring.after(HERE, str(NOW_MS + 5_000), now_ms=NOW_MS) == ([], True)
    assert ring.after(HERE, str(NOW_MS), now_ms=NOW_MS) == ([], False)
