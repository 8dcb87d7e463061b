"""Shares of an executor's slots: no workspace and no provider has more than its part, whatever the others leave free."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_executor.bulkheads import Bulkheads, Seat

pytestmark = [pytest.mark.capability("E9"), pytest.mark.promise("E-12")]

ONE, TWO, THREE = (UUID(int=n) for n in range(1, 4))


def test_half_stays_with_others_whoever_floods() -> None:
    of_workspace, of_provider = Bulkheads(10, 5, 5), Bulkheads(10, 5, 5)
    assert [of_workspace.enter(ONE, f"p{n}") is not None for n in range(6)] == [True] * 5 + [False]
    assert [of_provider.enter(UUID(int=n), "p") is not None for n in range(6)] == [True] * 5 + [False]
    assert [of_workspace.enter(TWO, f"q{n}") is not None for n in range(6)] == [True] * 5 + [False]
    assert of_workspace.enter(THREE, "r") is None, "all are taken"


def test_a_call_that_goes_on_with_another_provider_takes_its_share_there() -> None:
    shares = Bulkheads(4, 2, 2)
    seats = [seat for n in range(2) if (seat := shares.enter(UUID(int=n + 10), "first"))]
    other = shares.enter(ONE, "second")
    assert other is not None and not other.move("first")
    assert seats[0].move("second") and other.move("first"), "one went, so there is room"
    for seat in (*seats, other):
        seat.leave()
    assert shares == Bulkheads(4, 2, 2)


def test_what_is_queued_and_has_a_slot_may_go_on_with_another_provider_whose_share_is_taken() -> None:
    """It cannot wait there: without its fallback it would end as failed, though it may wait for a day."""
    shares = Bulkheads(3, 1, 1, is_queued=True)
    there, here = shares.enter(TWO, "second"), shares.enter(ONE, "first")
    assert there is not None and here is not None and shares.enter(THREE, "second") is None
    assert here.move("second") and shares.enter(THREE, "first") is not None
    there.leave()
    assert shares.enter(TWO, "second") is None, "it counts where it went"


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from("abc"), st.sampled_from(["enter", "leave", "move"])), max_size=60))
def test_whatever_comes_and_goes_shares_hold_and_nothing_is_left(steps: list[tuple[int, str, str]]) -> None:
    shares, taken = Bulkheads(6, 3, 3), list[Seat]()
    for workspace, provider, what in steps:
        if what == "enter":
            seat = shares.enter(UUID(int=workspace), provider)
            taken += [seat] if seat else []
        elif taken and what == "move":
            taken[0].move(provider)
        elif taken:
            taken.pop(0).leave()
        for one in taken:
            assert sum(other.workspace_id == one.workspace_id for other in taken) <= shares.share
            assert sum(other.provider == one.provider for other in taken) <= shares.share
        assert len(taken) <= 6
    for one in taken:
        one.leave()
    assert shares == Bulkheads(6, 3, 3)


def test_there_is_always_at_least_one_slot_for_each() -> None:
    assert Bulkheads.by_percent(2, 10).share == 1 and Bulkheads.by_percent(512, 50).share == 256
