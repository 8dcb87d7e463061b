"""Whoever takes nothing of an answer holds its connection and its memory for no longer than a minute, whatever the answer is (G-14)."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from burnish_gateway import http_protocol
from burnish_gateway.http_protocol import HttpProtocol

pytestmark = pytest.mark.promise("G-14")

WHOLE = b"x" * (32 * 1024 * 1024)
"""More than the kernel takes off us."""


async def answers(scope: Any, receive: Any, send: Any) -> None:
    """`/whole` at once, as a JSON answer is sent; `/pieces` as a download is; `/left` as one that is given up in the middle."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(WHOLE)).encode())]})
    if scope["path"] == "/whole":
        await send({"type": "http.response.body", "body": WHOLE})
        return
    for at in range(0, len(WHOLE), 1024 * 1024):
        if scope["path"] == "/left" and at:
            return
        size = len(WHOLE) - 1024 if scope["path"] == "/left" else 1024 * 1024
        await send({"type": "http.response.body", "body": WHOLE[at : at + size], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[tuple[uvicorn.Server, int]]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(answers, log_config=None, lifespan="off", http=HttpProtocol, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    running = asyncio.create_task(server.serve(sockets=[listening]))
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


@pytest.mark.parametrize("path", ["/whole", "/pieces", "/left"])
async def test_who_stops_reading_an_answer_is_cut_off(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is sent already lay in memory until its client closed the connection."""
    monkeypatch.setattr(HttpProtocol, "slow_reader_s", 0.3)
    async with serving() as (server, port), asking(port, path), asyncio.timeout(20):
        assert server.server_state.connections
        while server.server_state.connections:
            await asyncio.sleep(0.02)


async def test_who_reads_a_drop_at_a_time_is_cut_off_and_who_reads_slowly_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpProtocol, "slow_reader_s", 0.3)
    monkeypatch.setattr(http_protocol, "TAKEN_LEAST_BYTES", 2048)
    loop = asyncio.get_running_loop()
    async with serving() as (server, port), asyncio.timeout(60):
        async with asking(port, "/whole") as client:
            while server.server_state.connections:
                with contextlib.suppress(ConnectionResetError):
                    await loop.sock_recv(client, 1)
                await asyncio.sleep(0.05)
        async with asking(port, "/whole") as client:
            for _ in range(20):  # for several times as long as a look takes
                await loop.sock_recv(client, 4096)
                await asyncio.sleep(0.05)
            assert server.server_state.connections
