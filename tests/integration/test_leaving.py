"""A gateway that stops closes no connection on which a request may be on its way: it says first that it leaves."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvicorn

from burnish_gateway.http_protocol import HttpProtocol
from burnish_gateway.http_server import LOOK_S, Server

pytestmark = [pytest.mark.capability("I1"), pytest.mark.promise("G-18")]
ASK = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
LONG_S = 600.0


def answering(go_on: asyncio.Event) -> Any:
    """Says "ok" at once, or at `/slow` its second letter when it may go on."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"o", "more_body": True})
        if scope["path"] == "/slow":
            await go_on.wait()
        await send({"type": "http.response.body", "body": b"k"})

    return answer


@contextlib.asynccontextmanager
async def serving(
    go_on: asyncio.Event, *, leave_s: float, on_leaving: Callable[[], None] = lambda: None
) -> AsyncIterator[tuple[Server, "asyncio.Task[None]", int]]:
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    config = uvicorn.Config(answering(go_on), log_config=None, lifespan="off", http=HttpProtocol, timeout_keep_alive=75)
    server = Server(config, leave_s=leave_s, on_leaving=on_leaving)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield server, task, port
    server.should_exit = True
    await asyncio.wait_for(task, 60)


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(ASK)
    return (await reader.readuntil(b"ok")).lower()


async def test_a_request_on_a_kept_connection_is_answered_while_the_server_leaves() -> None:
    async with serving(asyncio.Event(), leave_s=LONG_S) as (server, task, port), asyncio.timeout(60):
        one, other = await asyncio.open_connection("127.0.0.1", port), await asyncio.open_connection("127.0.0.1", port)
        assert b"connection: close" not in await ask(*one) + await ask(*other)
        server.should_exit = True
        await refused(port)
        assert b"connection: close" in await ask(*one) and await one[0].read() == b""
        assert not task.done(), "the other may still ask"
        assert b"connection: close" in await ask(*other)
        await task


async def test_an_answer_without_end_is_ended_once_its_client_is_told_to_ask_elsewhere() -> None:
    """The other way round it would ask anew on the same connection, and hear 503 without a word of another one."""
    go_on, leaving = asyncio.Event(), asyncio.Event()

    def end() -> None:
        leaving.set()
        go_on.set()

    async with serving(go_on, leave_s=LONG_S, on_leaving=end) as (server, task, port), asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(ASK.replace(b"GET /", b"GET /slow"))
        await reader.readuntil(b"\r\n\r\no")
        assert not leaving.is_set()
        server.should_exit = True
        assert await reader.readexactly(1) == b"k"
        assert b"connection: close" in await ask(reader, writer)
        await task


async def test_who_asks_nothing_more_is_let_go_when_the_time_is_over() -> None:
    async with serving(asyncio.Event(), leave_s=0.2) as (server, task, port), asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await ask(reader, writer)
        server.should_exit = True
        assert await reader.read() == b""
        await task


async def test_an_answer_that_has_begun_leaves_its_connection_open_for_one_more() -> None:
    go_on = asyncio.Event()
    async with serving(go_on, leave_s=LONG_S) as (server, task, port), asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(ASK.replace(b"GET /", b"GET /slow"))
        assert b"connection: close" not in (await reader.readuntil(b"\r\n\r\no")).lower()
        server.should_exit = True
        await refused(port)
        await asyncio.sleep(3 * LOOK_S)  # Until it was looked at again whether anybody is left.
        go_on.set()
        assert await reader.readexactly(1) == b"k"
        assert b"connection: close" in await ask(reader, writer) and await reader.read() == b""
        await task


async def test_connections_that_the_kernel_has_taken_when_the_server_stops_to_listen_are_answered() -> None:
    """They wait at the listening socket, which would reset them as it is closed."""
    async with serving(asyncio.Event(), leave_s=LONG_S) as (server, _, port), asyncio.timeout(60):
        askers = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]  # Without a turn of the loop, so nobody accepts them.
        for one in askers:
            one.sendall(ASK)
        stopping = asyncio.create_task(server.shutdown())
        for one in askers:
            reader, writer = await asyncio.open_connection(sock=one)
            assert b"connection: close" in (await reader.readuntil(b"ok")).lower()
            writer.close()
        await stopping
        server.started = False  # It was shut down already: `serve` is not to do it again.


async def refused(port: int) -> None:
    """Until no new connection is taken."""
    with contextlib.suppress(ConnectionError):
        while True:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            await asyncio.sleep(0.01)
