"""Queued work that finds its share taken: who waits, who makes way, and that a message makes way once however often it is delivered."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from burnish_executor import step_aside
from burnish_executor.bulkheads import provider_of
from burnish_executor.step_aside import Places
from burnish_shared.bus.batch import Delivered
from burnish_shared.bus.connect import Bus
from burnish_shared.bus.frames import REPLY_HEADER
from burnish_shared.contracts.executions import ExecutionRequest, Lane, Price, Route
from burnish_shared.errors import Unavailable

pytestmark = [pytest.mark.capability("E9", "E15"), pytest.mark.promise("E-12")]

PRICE = Price(version="t", input_nusd_per_million=0, cached_input_nusd_per_million=0, output_nusd_per_million=0)
ROUTE = Route(model="m", provider="p", upstream_model="m", base_url="http://127.0.0.1:1/v1", price=PRICE)
ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)


class FakeBus:
    """What was written, or how often it was tried while `is_away`."""

    def __init__(self) -> None:
        self.is_away, self.tried, self.written = False, 0, list[tuple[str, bytes, str, dict[str, str]]]()

    async def publish(self, subject: str, data: bytes, *, message_id: str, headers: dict[str, str]) -> None:
        self.tried += 1
        await asyncio.sleep(0)
        if self.is_away:
            raise Unavailable("The message bus cannot be reached at the moment; try again.")
        self.written.append((subject, data, message_id, headers))


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("WAIT_S", "NOT_TAKEN_WAIT_S"):
        monkeypatch.setattr(step_aside, name, 0.01)
    return FakeBus()


def places_over(bus: FakeBus) -> Places:
    """One for each workspace, in each lane."""
    return Places.of(cast(Bus, bus), {Lane.BACKGROUND: 1, Lane.BATCH: 1})


def request_of(workspace_id: UUID, lane: Lane) -> ExecutionRequest:
    now = datetime.now(UTC)
    return ExecutionRequest(
        execution_id=uuid4(), workspace_id=workspace_id, lane=lane, fence=1, deadline_at=now + timedelta(seconds=30), hold_nusd=1,
        account_ids=[1], route=ROUTE.model_copy(update={"provider": str(workspace_id)}), sent_at=now,
        messages=[{"role": "user", "content": "Hello."}],
    )  # fmt: skip


def message_of(request: ExecutionRequest, *, seq: int = 7) -> Delivered:
    headers = {REPLY_HEADER: "_INBOX.1", "Nats-Msg-Id": "first", "nats-expected-stream": "EXECUTIONS", "traceparent": "00-1"}
    return Delivered(request.model_dump_json().encode(), f"lane.{request.lane}", seq, 1, headers, "first")


@pytest.mark.parametrize("lane", [Lane.BACKGROUND, Lane.BATCH])
async def test_what_finds_its_share_taken_is_written_again_behind_all_others(bus: FakeBus, lane: Lane) -> None:
    places = places_over(bus)
    first, second, others = request_of(ONE, lane), request_of(ONE, lane), request_of(TWO, lane)
    assert places.loops(lane) == 3
    assert await places.take(first, message_of(first)) is not None and bus.tried == 0
    assert [await places.take(second, message_of(second, seq=seq)) for seq in (7, 7, 8)] == [None] * 3
    subject, data, _, headers = bus.written[0]
    assert (subject, ExecutionRequest.model_validate_json(data)) == (f"lane.{lane}", second)
    assert headers == {REPLY_HEADER: "_INBOX.1", "traceparent": "00-1"}, "the server's own headers are not copied"
    ids = [message_id for _, _, message_id, _ in bus.written]
    assert ids[0] == ids[1] != ids[2], "the stream drops the copy of a message that was delivered twice"
    third = request_of(THREE, lane).model_copy(update={"route": first.route})
    assert await places.take(third, message_of(third)) is not None, "a place is kept for others at the same provider"
    assert await places.take(others, message_of(others)) is not None, "and one elsewhere"


async def test_where_no_copy_is_taken_it_waits_for_a_place_and_has_it_as_soon_as_one_is_free(bus: FakeBus) -> None:
    bus.is_away = True
    places = places_over(bus)
    first, second = request_of(ONE, Lane.BATCH), request_of(ONE, Lane.BATCH)
    taken = await places.take(first, message_of(first))
    assert taken is not None
    waiting = asyncio.create_task(places.take(second, message_of(second)))
    while bus.tried < 2:
        await asyncio.sleep(0.001)
    taken.leave()
    seat = await waiting
    assert seat is not None and not bus.written
    for _ in range(2):
        seat.leave()
    assert places.bulkheads[Lane.BATCH].taken == 0


async def test_a_place_that_gets_free_meanwhile_is_taken_without_a_copy(bus: FakeBus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_aside, "WAIT_S", 60.0)
    places = places_over(bus)
    first, second = request_of(ONE, Lane.BATCH), request_of(ONE, Lane.BATCH)
    taken = places.bulkheads[Lane.BATCH].enter(ONE, provider_of(first))
    waiting = asyncio.create_task(places.take(second, message_of(second)))
    await asyncio.sleep(0)
    assert taken is not None and not waiting.done()
    taken.leave()
    assert await asyncio.wait_for(waiting, 5) is not None and bus.tried == 0


async def test_a_bus_that_takes_no_copy_is_not_asked_again_at_once(bus: FakeBus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks it hears and says nothing of a place meanwhile: up to six seconds where its permissions are older."""
    monkeypatch.setattr(step_aside, "NOT_TAKEN_WAIT_S", 60.0)
    bus.is_away = True
    places = places_over(bus)
    first, second = request_of(ONE, Lane.BATCH), request_of(ONE, Lane.BATCH)
    taken = await places.take(first, message_of(first))
    waiting = asyncio.create_task(places.take(second, message_of(second)))
    while bus.tried < 1:
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.1)
    assert taken is not None and bus.tried == 1
    taken.leave()
    assert await asyncio.wait_for(waiting, 5) is not None
