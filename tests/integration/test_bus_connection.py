"""What a connection to NATS says of itself, on the event loop that services run on."""

import asyncio
from pathlib import Path

import pytest
import uvloop

from tests.integration.bus_parts import bus_of, own_nats


@pytest.mark.promise("M-11")
def test_a_connection_that_just_broke_is_no_answer(tmp_path: Path) -> None:
    """uvloop refuses a write to it with RuntimeError, for as long as the client has not noticed; a call heard 500 for that."""

    async def asked() -> tuple[bool, bool]:
        async with own_nats(tmp_path) as server, bus_of(server, "gateway") as bus:
            before = await bus.answers(timeout_s=10)
            bus.nc._transport._io_writer.transport.abort()
            await asyncio.sleep(0)  # It is closed now, and the client's own task was not yet told.
            assert bus.nc.is_connected
            return before, await bus.answers(timeout_s=10)

    assert uvloop.run(asked()) == (True, False)
