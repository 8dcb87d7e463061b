"""What an executor says while NATS does not read: it waits, and hears that it is cancelled."""

import asyncio
from typing import Any, cast

import pytest
from nats.aio.client import DEFAULT_PENDING_SIZE, Client

from burnish_executor.io.replies import Reply

pytestmark = pytest.mark.promise("G-11", "G-13")

INBOX = "inbox"


class Bus:
    """NATS's own client, connected to something that never reads."""

    def __init__(self) -> None:
        self.nc = Client()
        self.nc._status = Client.CONNECTED
        self.nc._max_pending_size, self.nc._flush_timeout = DEFAULT_PENDING_SIZE, None
        self.nc._flush_queue = asyncio.Queue(1024)
        self.nc._flusher_task = cast(Any, asyncio.get_running_loop().create_future())
        self.nc._max_payload = 1024 * 1024


def reply_over(bus: Bus) -> Reply:
    return Reply(bus=cast(Any, bus), inbox=INBOX, fence=1, coalesce_s=60.0)


async def answer(reply: Reply) -> None:
    """A model that goes on for ever."""
    while True:
        await reply.delta({"content": "x" * 65_536})
        await asyncio.sleep(0)


async def test_a_cancelled_call_ends_while_nats_does_not_read() -> None:
    """It went on for as long as its model answered: nats-py had taken the cancellation."""
    bus = Bus()
    call = asyncio.create_task(answer(reply_over(bus)))
    async with asyncio.timeout(10):
        while bus.nc.pending_data_size < DEFAULT_PENDING_SIZE - 2 * 65_536:
            await asyncio.sleep(0)
        for _ in range(8):
            await asyncio.sleep(0)
    call.cancel()
    done, _ = await asyncio.wait([call], timeout=10)
    assert done and call.cancelled()


async def test_a_call_whose_time_is_over_hears_it_while_nats_does_not_read() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(10), asyncio.timeout(0.05):
            await answer(reply_over(Bus()))
