"""A reader that comes back: what it missed does not make it slow, what comes on top of that and is not read does."""

from uuid import UUID

from burnish_gateway.live.hub import EVENTS_WAITING_MOST, Listener
from burnish_gateway.live.ring import Kept


def test_what_was_missed_leaves_room_for_what_comes() -> None:
    missed = [Kept(n, UUID(int=n), "alert.raised", b"{}") for n in range(EVENTS_WAITING_MOST * 2)]
    listener = Listener()
    listener.events.extendleft(reversed(missed))
    listener.missed = len(missed)
    for n in range(EVENTS_WAITING_MOST):
        listener.give(Kept(n, UUID(int=n), "alert.raised", b"{}"))
        assert listener.ended is None
    listener.give(missed[0])
    assert listener.ended == "too_slow"
