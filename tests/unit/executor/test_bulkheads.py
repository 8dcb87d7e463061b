"""Shares of an executor's slots: no workspace and no provider has more than its part, whatever the others leave free."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_executor.bulkheads import Bulkheads, Seat, provider_of
from burnish_shared.contracts.executions import ExecutionRequest, Lane, Price, Route
from burnish_shared.ids import new_uuid

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


def test_a_slot_that_is_given_back_twice_is_one_slot() -> None:
    shares = Bulkheads(2, 2, 2)
    first, second = shares.enter(ONE, "p"), shares.enter(ONE, "p")
    assert first is not None and second is not None
    first.leave()
    first.leave()
    assert shares.taken == 1
    assert shares.enter(ONE, "p") is not None and shares.enter(ONE, "p") is None


def test_a_workspaces_own_address_is_one_place_with_nobody_elses() -> None:
    """Who names another's address takes none of its slots; the operator's address is one place for all."""
    price = Price(version="t", input_nusd_per_million=1, cached_input_nusd_per_million=1, output_nusd_per_million=1)

    def asked(workspace_id: UUID, *, is_own: bool) -> ExecutionRequest:
        return ExecutionRequest(
            execution_id=new_uuid(), workspace_id=workspace_id, lane=Lane.INTERACTIVE, fence=1, hold_nusd=1, account_ids=[1],
            deadline_at=datetime.now(UTC), sent_at=datetime.now(UTC), messages=[{"role": "user", "content": "hi"}],
            route=Route(model="m", provider="p", upstream_model="m", base_url="https://m.example/v1", own_base_url=is_own, price=price),
        )  # fmt: skip

    assert provider_of(asked(ONE, is_own=True)) == provider_of(asked(ONE, is_own=True)) != provider_of(asked(TWO, is_own=True))
    assert provider_of(asked(ONE, is_own=False)) == provider_of(asked(TWO, is_own=False)) != provider_of(asked(ONE, is_own=True))
