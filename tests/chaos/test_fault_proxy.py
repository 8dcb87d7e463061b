"""The proxy does what its faults say, or the tests that use it would prove nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from tests.chaos.fault_proxy import FaultProxy, proxying


@pytest_asyncio.fixture(loop_scope="session")
async def proxy() -> AsyncIterator[FaultProxy]:
    """In front of a server that says back what it hears, and ends when its client does."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    try:
        async with proxying("127.0.0.1", server.sockets[0].getsockname()[1]) as running:
            yield running
    finally:
        server.close()


@asynccontextmanager
async def connected(proxy: FaultProxy) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def timed(work: asyncio.StreamReader, count: int) -> tuple[bytes, float]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    return await asyncio.wait_for(work.readexactly(count), 5), loop.time() - began


async def test_without_a_fault_bytes_pass_both_ways(proxy: FaultProxy) -> None:
    async with connected(proxy) as (reader, writer):
        sent = bytes(range(256)) * 1024
        writer.write(sent)
        assert (await timed(reader, len(sent)))[0] == sent


async def test_latency_and_jitter_delay_within_their_bounds(proxy: FaultProxy) -> None:
    proxy.up.latency_s, proxy.up.jitter_s = 0.1, 0.05
    async with connected(proxy) as (reader, writer):
        writer.write(b"x")
        assert 0.1 <= (await timed(reader, 1))[1] < 0.5


async def test_bandwidth_is_held(proxy: FaultProxy) -> None:
    proxy.down.bytes_per_s = 10_000
    async with connected(proxy) as (reader, writer):
        writer.write(b"x" * 3_000)
        assert 0.2 < (await timed(reader, 3_000))[1] < 2


async def test_drip_sends_a_byte_at_a_time(proxy: FaultProxy) -> None:
    proxy.down.drip_s = 0.02
    async with connected(proxy) as (reader, writer):
        writer.write(b"slowly")
        assert len(await reader.read(100)) == 1


async def test_what_is_left_of_a_drip_arrives_at_once_when_it_is_healed(proxy: FaultProxy) -> None:
    proxy.down.bytes_per_s = 1
    async with connected(proxy) as (reader, writer):
        writer.write(b"x" * 1_000)
        assert await reader.readexactly(1)
        proxy.heal()
        assert (await timed(reader, 999))[0] == b"x" * 999


async def test_reset_comes_after_so_many_bytes(proxy: FaultProxy) -> None:
    proxy.down.reset_after_bytes = 4
    async with connected(proxy) as (reader, writer):
        writer.write(b"12345678")
        with pytest.raises(ConnectionResetError):
            while await reader.read(100):
                pass


async def test_half_close_ends_one_direction_only(proxy: FaultProxy) -> None:
    proxy.down.half_close_after_bytes = 3
    async with connected(proxy) as (reader, writer):
        writer.write(b"12345")
        assert await asyncio.wait_for(reader.read(), 5) == b"123"
        writer.write(b"more")
        await asyncio.wait_for(writer.drain(), 5)


async def test_a_black_hole_swallows_and_healing_lets_new_connections_pass(proxy: FaultProxy) -> None:
    proxy.down.blackhole = True
    async with connected(proxy) as (reader, writer):
        writer.write(b"x")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)
    proxy.heal()
    async with connected(proxy) as (reader, writer):
        writer.write(b"y")
        assert (await timed(reader, 1))[0] == b"y"


async def test_refused_connections_are_reset(proxy: FaultProxy) -> None:
    proxy.refuse = True
    with pytest.raises(OSError):
        async with connected(proxy) as (reader, _):
            if await asyncio.wait_for(reader.read(1), 5) == b"":
                raise ConnectionResetError


async def test_corruption_turns_bits_from_its_place_on(proxy: FaultProxy) -> None:
    proxy.down.corrupt_after_bytes = 2
    async with connected(proxy) as (reader, writer):
        writer.write(b"0000")
        assert (await timed(reader, 4))[0] == b"0011"


async def test_what_was_frozen_arrives_after_the_thaw(proxy: FaultProxy) -> None:
    async with connected(proxy) as (reader, writer):
        proxy.freeze()
        writer.write(b"late")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(4), 0.1)
        proxy.thaw()
        assert (await timed(reader, 4))[0] == b"late"
