"""Whoever takes nothing of an answer holds its connection and its memory for no longer than a minute, whatever the answer is (G-14)."""

import asyncio
import contextlib
import functools
import socket
import tracemalloc
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, cast

import pytest
import uvicorn
import uvloop
from prometheus_client import REGISTRY

from burnish_gateway import http_protocol
from burnish_gateway.app import make_server
from burnish_gateway.http_protocol import HttpProtocol
from burnish_gateway.settings import GatewaySettings

pytestmark = pytest.mark.promise("G-14")

MIB = 1024 * 1024

WHOLE = b"x" * (32 * MIB)
"""More than the kernel takes off us."""

PIECE = MIB // 4

KERNEL_BYTES = 16 * 1024
"""So much is asked to lie there of an answer; it takes some more."""

REST = 80 * 1024
"""Of which less waits in memory than what makes a transport ask for a pause."""


def on_uvloop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """As in production: its transports are not those of plain asyncio."""

    @functools.wraps(test)
    def run(*args: Any, **given: Any) -> None:
        uvloop.run(test(*args, **given))

    return run


may_end = asyncio.Event()
"""Of `/later`."""


async def answers(scope: Any, receive: Any, send: Any) -> None:
    """`/whole` at once, as a JSON answer is sent, and `/rest`; `/pieces` as a download is; `/left` as one given up in the middle;
    `/later` ends once it may."""
    if scope["type"] == "lifespan":
        for state in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{state}.complete"})
        return
    whole = WHOLE[:REST] if scope["path"] in ("/rest", "/later") else WHOLE
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(whole)).encode())]})
    if scope["path"] in ("/whole", "/rest"):
        await send({"type": "http.response.body", "body": whole})
        return
    if scope["path"] == "/later":
        await send({"type": "http.response.body", "body": whole[:-1], "more_body": True})
        await may_end.wait()
        await send({"type": "http.response.body", "body": whole[-1:]})
        return
    for at in range(0, len(WHOLE), PIECE):
        if scope["path"] == "/left" and at:
            return
        size = len(WHOLE) - 1024 if scope["path"] == "/left" else PIECE
        await send({"type": "http.response.body", "body": WHOLE[at : at + size], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@contextlib.asynccontextmanager
async def serving(*, slow_reader_s: float, drain_s: float = 1.0) -> AsyncIterator[tuple[uvicorn.Server, int]]:
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)  # which its connections have from it
    settings = GatewaySettings(
        database_url="postgresql://unused", nats_url="nats://unused", slow_reader_s=slow_reader_s, leave_s=0.0, drain_s=drain_s
    )
    server = make_server(cast(Any, answers), settings)
    server._on_leaving = server._on_grace_over = lambda: None  # what there is of an installation
    running = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server, listening.getsockname()[1]
    finally:
        server.should_exit = True
        await running


@contextlib.asynccontextmanager
async def asking(port: int, path: str) -> AsyncIterator[socket.socket]:
    """A connection whose head of the answer is read."""
    loop = asyncio.get_running_loop()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        await loop.sock_connect(client, ("127.0.0.1", port))
        await loop.sock_sendall(client, f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        assert (await loop.sock_recv(client, 64)).startswith(b"HTTP/1.1 200")
        yield client


def only(server: uvicorn.Server) -> HttpProtocol:
    (connection,) = server.server_state.connections
    assert isinstance(connection, HttpProtocol)
    return connection


def cut_off() -> float:
    return REGISTRY.get_sample_value("burnish_gateway_slow_readers_total") or 0.0


@pytest.mark.parametrize("path", ["/whole", "/pieces", "/left", "/rest"])
@on_uvloop
async def test_who_stops_reading_an_answer_is_cut_off(path: str) -> None:
    """An answer that is sent already lay in memory until its client closed the connection."""
    before = cut_off()
    async with serving(slow_reader_s=0.3) as (server, port), asking(port, path), asyncio.timeout(20):
        if path == "/rest":
            assert 0 < only(server).transport.get_write_buffer_size() < 64 * 1024 and not only(server).flow.write_paused
        while server.server_state.connections:
            await asyncio.sleep(0.02)
    assert cut_off() == before + 1


@pytest.mark.promise("G-18")
@on_uvloop
async def test_who_stopped_reading_keeps_no_gateway_from_stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "STOPPING_S", 0.3)
    async with asyncio.timeout(40), contextlib.AsyncExitStack() as clients, serving(slow_reader_s=600, drain_s=600) as (server, port):
        for path in ("/rest", "/whole"):
            await clients.enter_async_context(asking(port, path))
        assert len(server.server_state.connections) == 2


@pytest.mark.promise("G-18")
@on_uvloop
async def test_an_answer_that_ends_while_its_gateway_stops_keeps_it_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "STOPPING_S", 0.3)
    may_end.clear()
    async with asyncio.timeout(40), contextlib.AsyncExitStack() as clients, serving(slow_reader_s=600, drain_s=600) as (server, port):
        await clients.enter_async_context(asking(port, "/later"))
        connection = only(server)
        server.should_exit = True
        while not connection.is_leaving:
            await asyncio.sleep(0.01)
        may_end.set()


@on_uvloop
async def test_who_took_an_answer_may_wait_with_the_next_question() -> None:
    """A look that finds nothing left is none at the client."""
    async with serving(slow_reader_s=0.3) as (server, port), asking(port, "/rest") as client, asyncio.timeout(20):
        loop = asyncio.get_running_loop()
        for _ in range(2):
            left = only(server)
            while left.transport.get_write_buffer_size():
                await loop.sock_recv(client, 65536)
            while left._looking is not None:
                await asyncio.sleep(0.02)
            await loop.sock_sendall(client, b"GET /rest HTTP/1.1\r\nhost: x\r\n\r\n")
            while left._looking is None:
                await asyncio.sleep(0.02)
        assert server.server_state.connections


@on_uvloop
async def test_who_reads_a_drop_at_a_time_of_what_lies_in_memory_is_cut_off() -> None:
    loop = asyncio.get_running_loop()
    async with serving(slow_reader_s=0.3) as (server, port), asking(port, "/whole") as client, asyncio.timeout(60):
        while server.server_state.connections:
            with contextlib.suppress(ConnectionResetError):
                await loop.sock_recv(client, 512)
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(("path", "at_once"), [("/whole", 256 * 1024), ("/pieces", 2048)])
@on_uvloop
async def test_who_reads_slowly_is_not_cut_off(path: str, at_once: int) -> None:
    """A download is made as it is read: its reader may take his time, as long as he takes any."""
    loop = asyncio.get_running_loop()
    limit_s = 2.0
    async with serving(slow_reader_s=limit_s) as (server, port), asking(port, path) as client, asyncio.timeout(60):
        until = loop.time() + 3 * limit_s
        while loop.time() < until:
            for _ in range(at_once // 2048):
                assert await loop.sock_recv(client, 2048)
            await asyncio.sleep(0.1)
        assert server.server_state.connections


@on_uvloop
async def test_connections_that_wait_for_the_same_document_share_it() -> None:
    """Each had a copy with its own head."""
    async with serving(slow_reader_s=600) as (server, port), contextlib.AsyncExitStack() as clients:
        tracemalloc.start()
        try:
            for _ in range(4):
                await clients.enter_async_context(asking(port, "/whole"))
            assert len(server.server_state.connections) == 4
            assert tracemalloc.get_traced_memory()[0] < len(WHOLE)
        finally:
            tracemalloc.stop()
            await clients.aclose()
