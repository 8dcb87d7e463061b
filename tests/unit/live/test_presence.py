"""Who has what open: pure."""

from uuid import UUID

import pytest

from burnish_gateway.live.hub import EVENTS_WAITING_MOST, Listener
from burnish_gateway.live.presence import STAYS_MS, TABS_MOST, Presence, Said, State
from burnish_shared.ids import new_uuid

pytestmark = pytest.mark.capability("U1")

WORKSPACE, ADA, EDITH = new_uuid(), new_uuid(), new_uuid()
PLACE = "prompts/triage"


def said(user_id: UUID, state: State = "viewing", *, tab: str = "one", place: str = PLACE) -> Said:
    return Said(place=place, tab=f"{user_id}-{tab}", user_id=user_id, state=state)


def test_somebody_with_two_tabs_is_one_who_edits_where_one_of_them_does() -> None:
    presence = Presence()
    assert presence.hear(WORKSPACE, said(EDITH), now_ms=1)
    assert presence.hear(WORKSPACE, said(ADA), now_ms=2)
    assert presence.hear(WORKSPACE, said(ADA, "editing", tab="two"), now_ms=3)
    assert presence.people(WORKSPACE, PLACE, now_ms=4) == [
        {"user_id": EDITH, "editing": False, "since_ms": 1},
        {"user_id": ADA, "editing": True, "since_ms": 2},
    ]
    assert presence.people(new_uuid(), PLACE, now_ms=4) == presence.people(WORKSPACE, "prompts/other", now_ms=4) == []


def test_only_what_somebody_sees_is_a_difference_and_leaving_ends_it() -> None:
    presence = Presence()
    states: list[State] = ["viewing", "viewing", "editing", "left", "left"]
    told = [presence.hear(WORKSPACE, said(ADA, state), now_ms=at) for at, state in enumerate(states)]
    assert told == [True, False, True, True, False]
    assert presence.people(WORKSPACE, PLACE, now_ms=5) == []


def test_what_is_not_said_again_is_over() -> None:
    presence = Presence()
    presence.hear(WORKSPACE, said(ADA), now_ms=0)
    presence.hear(WORKSPACE, said(EDITH), now_ms=0)
    presence.hear(WORKSPACE, said(ADA), now_ms=STAYS_MS - 1)
    assert [one["user_id"] for one in presence.people(WORKSPACE, PLACE, now_ms=STAYS_MS)] == [ADA]
    assert presence.expire(now_ms=STAYS_MS - 1) == set()
    assert presence.expire(now_ms=STAYS_MS) == {(WORKSPACE, PLACE)}
    assert presence.expire(now_ms=STAYS_MS) == set()


def test_a_workspace_holds_so_many_tabs_and_no_more() -> None:
    presence = Presence()
    for number in range(TABS_MOST + 1):
        presence.hear(WORKSPACE, said(new_uuid(), tab=str(number)), now_ms=number)
    assert len(presence.people(WORKSPACE, PLACE, now_ms=1)) == TABS_MOST


def test_a_reader_that_is_behind_with_more_places_than_wait_for_it_is_let_go() -> None:
    listener = Listener()
    for number in range(EVENTS_WAITING_MOST):
        listener.meet(f"prompts/{number}", b"{}")
    listener.meet("prompts/0", b"newer")
    assert listener.ended is None and listener.people["prompts/0"] == b"newer"
    listener.meet("prompts/one-more", b"{}")
    assert (listener.ended, len(listener.people)) == ("too_slow", EVENTS_WAITING_MOST)
