"""What a connection to NATS says of itself, on the event loop that services run on."""

import asyncio
from pathlib import Path

import pytest
import uvloop
from nats.aio.msg import Msg

from burnish_shared.subjects import PROVIDER_LIMITS_HEARD as HEARD  # what an executor may both say and hear
from tests.integration.bus_parts import bus_of, own_nats


@pytest.mark.promise("M-11")
def test_a_connection_that_just_broke_is_no_answer(tmp_path: Path) -> None:
    """uvloop refuses a write to it with RuntimeError, for as long as the client has not noticed; a call heard 500 for that."""

    async def asked() -> tuple[bool, bool]:
        async with own_nats(tmp_path) as server, bus_of(server, "gateway") as bus:
            before = await bus.answers(timeout_s=60)
            bus.nc._transport._io_writer.transport.abort()
            await asyncio.sleep(0)  # It is closed now, and the client's own task was not yet told.
            assert bus.nc.is_connected
            return before, await bus.answers(timeout_s=60)

    assert uvloop.run(asked()) == (True, False)


@pytest.mark.promise("M-11", "G-18")
async def test_leave_that_is_given_up_ends_neither_the_hearing_nor_what_comes_late(tmp_path: Path) -> None:
    """`drain()` flushes; a flush given up while NATS was slow ended the client's read loop: a service that stopped then heard no more."""
    heard = list[bytes]()

    async def note(message: Msg) -> None:
        heard.append(message.data)

    async with own_nats(tmp_path) as server, bus_of(server, "executor") as bus:
        subscription = await bus.nc.subscribe(HEARD, cb=note)
        assert await bus.answers(timeout_s=60)
        await server.freeze()
        await bus.nc.publish(HEARD, b"late")
        left = await bus.take_leave(subscription, timeout_s=0.05)
        server.thaw()
        assert not left and heard == []
        assert await bus.answers(timeout_s=60), "it still reads"
        assert await bus.take_leave(subscription, timeout_s=10)
        assert heard == [b"late"]
        await bus.nc.publish(HEARD, b"later")
        assert await bus.answers(timeout_s=60)
        assert heard == [b"late"]


@pytest.mark.promise("G-18")
async def test_who_has_taken_leave_had_all_that_was_on_its_way(tmp_path: Path) -> None:
    heard, go_on = list[bytes](), asyncio.Event()

    async def slowly(message: Msg) -> None:
        await go_on.wait()
        heard.append(message.data)

    async with own_nats(tmp_path) as server, bus_of(server, "executor") as bus:
        subscription = await bus.nc.subscribe(HEARD, cb=slowly)
        for number in range(3):
            await bus.nc.publish(HEARD, b"%d" % number)
        leaving = asyncio.create_task(bus.take_leave(subscription, timeout_s=30))
        assert await bus.answers(timeout_s=60)
        assert not leaving.done()
        go_on.set()
        assert await leaving
    assert heard == [b"0", b"1", b"2"]
