"""What becomes of the other calls of an enrichment when one of them fails: no executor, no bus, only the rules."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from burnish_gateway.assistant.work_store import Claim, ClaimLost
from burnish_gateway.enrichments.read_content import EnrichmentWork
from burnish_gateway.execution.claimed_call import ClaimedCall
from burnish_gateway.execution.frames import FrameInbox
from burnish_gateway.execution.refusals import Refusals
from burnish_gateway.execution.submit import Admitted
from burnish_shared.bus.frames import cancelled
from burnish_shared.errors import Busy, InvalidField, Unavailable
from tests.unit.execution.test_dispatch import Line, request

pytestmark = pytest.mark.capability("E17")


class Reading:
    """An enrichment of three parts: two are calls of models that think for long, and the third is `failing`."""

    def __init__(self, failing: Exception | None) -> None:
        settings = SimpleNamespace(
            sweep_grace_s=1, sweep_interval_s=1, dispatch_give_up_s=5, interrupted_give_up_s=2, accept_wait_s=5, executor_silence_s=5
        )
        self.line = Line(lambda *_: None)
        self.inbox = FrameInbox(self.line)  # type: ignore[arg-type]
        clock = SimpleNamespace(now=lambda: datetime.now(UTC))
        self._gateway: Any = SimpleNamespace(settings=settings, bus=self.line, inbox=self.inbox, clock=clock, refusals=Refusals())
        self.work = EnrichmentWork(Claim("enrichment", uuid4(), uuid4(), None, 1), self._gateway)
        self._failing = failing

    async def until_over(self) -> None:
        async with asyncio.timeout(10):
            await self.work._all([self._asked("part 1"), self._failed(), self._asked("part 3")])

    async def until_asked(self) -> None:
        async with asyncio.timeout(10):
            while len(self.line.requests) < 2:
                await asyncio.sleep(0.001)

    async def _asked(self, step: str) -> bytes:
        asked = request(stream=False)
        call = self.work._calls[step] = ClaimedCall(self._gateway, SimpleNamespace(), asked.execution_id)  # type: ignore[arg-type]
        return await call._followed(Admitted(asked, None, None))

    async def _failed(self) -> None:
        await self.until_asked()
        if self._failing is None:
            await asyncio.Event().wait()
        else:
            raise self._failing


@pytest.mark.promise("E-01")
@pytest.mark.parametrize("failing", [Unavailable("away"), Busy("held by others"), ClaimLost()], ids=["away", "busy", "lost"])
async def test_where_somebody_goes_on_the_other_calls_come_to_their_end_by_themselves(failing: Exception) -> None:
    """A call that was told to stop would be booked as cancelled, and the enrichment would fail by it; or it is somebody else's by now."""
    reading = Reading(failing)
    with pytest.raises(type(failing)):
        await reading.until_over()
    assert reading.line.cancels == []
    assert not reading.inbox._waiting, "nobody waits for them here any more"


async def test_what_fails_for_good_ends_the_other_calls() -> None:
    reading = Reading(InvalidField("content: too long.", param="content"))
    with pytest.raises(InvalidField):
        await reading.until_over()
    assert reading.line.cancels == [cancelled(up_to_fence=1)] * 2
    assert not reading.inbox._waiting


@pytest.mark.promise("E-01")
async def test_a_gateway_that_stops_leaves_the_calls_to_whoever_goes_on() -> None:
    reading = Reading(None)
    under_way = asyncio.create_task(reading.until_over())
    await reading.until_asked()
    under_way.cancel()
    with pytest.raises(asyncio.CancelledError):
        await under_way
    assert reading.line.cancels == []
    assert not reading.inbox._waiting
