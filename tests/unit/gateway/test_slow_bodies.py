"""Whoever stops in the middle of a body is not waited for: nobody knows who they are yet, and what came is in memory."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import ANY

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response

from burnish_gateway import wire
from burnish_gateway.app import handle_errors
from burnish_gateway.datasets.routes import UploadRoute
from burnish_gateway.http_protocol import HttpProtocol
from burnish_gateway.middleware import RequestContext
from burnish_gateway.wire import include, make_router

pytestmark = pytest.mark.promise("G-08", "G-15")

METHODS = ("POST", "PUT", "PATCH", "DELETE")


@contextlib.asynccontextmanager
async def served(*, timeout_keep_alive: float = 5) -> AsyncIterator[int]:
    """The port of an application whose bodies are read as all are, at /strict and /upload; at /strict-again the endpoint reads its own
    once more."""
    app = FastAPI()
    for path, kind in (("/strict", wire.StrictRoute), ("/upload", UploadRoute)):
        router = make_router("test", route_class=kind)

        @router.api_route(path, methods=list(METHODS))
        async def size(request: Request) -> Response:
            return Response(str(len(await request.body())))

        @router.api_route(f"{path}-again", methods=list(METHODS))
        async def size_again(request: Request) -> Response:
            return Response(str(len(await wire.read_body(request))))

        include(app.router, router)
    handle_errors(app)
    app.add_middleware(RequestContext)
    config = uvicorn.Config(app, port=0, log_config=None, http=HttpProtocol, loop="none", lifespan="off")
    config.timeout_keep_alive = timeout_keep_alive  # type: ignore[assignment]
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving


async def _until_closed(reader: asyncio.StreamReader) -> bytes:
    """What came. A server that closes while more is on its way to it resets the connection, behind its answer."""
    came = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while part := await reader.read(4096):
            came += part
    return bytes(came)


async def ask(port: int, method: str, path: str, parts: list[bytes], *, length: int, every_s: float) -> tuple[bytes, Any]:
    """The answer's head and body, once the server has closed the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n"
    writer.write(f"{head}connection: close\r\n\r\n".encode())
    answer = asyncio.create_task(_until_closed(reader))
    for part in parts:
        with contextlib.suppress(ConnectionError):
            writer.write(part)
            await writer.drain()
        await asyncio.wait({answer}, timeout=every_s)
        if answer.done():
            break
    async with asyncio.timeout(10):
        head_of, _, body = (await answer).partition(b"\r\n\r\n")
    writer.close()
    return head_of.lower(), json.loads(body)


@pytest.mark.parametrize("path", ["/strict", "/upload"])
@pytest.mark.parametrize("method", METHODS)
async def test_a_body_that_stops_is_answered_and_its_connection_closed(method: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "SILENT_MOST_S", 0.2)
    async with served() as port:
        head, told = await ask(port, method, path, [b"[1,"], length=1000, every_s=0)
    assert head.startswith(b"http/1.1 408 ") and b"connection: close" in head
    error = told["error"]
    assert (error["code"], error["type"], error["retryable"]) == ("body_too_slow", "invalid_request_error", True)
    assert error["request_id"].encode() in head and "after 3 bytes" in error["message"]


async def test_drops_that_keep_a_connection_busy_are_not_waited_for_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "BODY_START_S", 0.3)
    async with served() as port:
        head, told = await ask(port, "POST", "/strict", [b" "] * 400, length=1000, every_s=0.02)
    assert head.startswith(b"http/1.1 408 ") and told["error"]["code"] == "body_too_slow"


async def test_a_slow_body_has_the_time_that_its_bytes_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "SILENT_MOST_S", 3.0)
    monkeypatch.setattr(wire, "BODY_START_S", 1.0)
    monkeypatch.setattr(wire, "BODY_LEAST_BYTES_PER_S", 500)
    async with served() as port:
        head, told = await ask(port, "POST", "/strict", [b" " * 99, *[b" " * 100] * 8, b" " * 100 + b"1"], length=1000, every_s=0.2)
    assert head.startswith(b"http/1.1 200 ") and told == 1000


@pytest.mark.parametrize("method", METHODS)
async def test_no_method_takes_a_body_without_end(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served() as port:
        head, told = await ask(port, method, "/upload", [b""], length=17 * 1024 * 1024, every_s=0)
    assert head.startswith(b"http/1.1 413 ") and told["error"]["code"] == "payload_too_large"


@pytest.mark.parametrize("parts", [[b'{"a": 1}'], [b'{"a"', b": 1}"]], ids=["whole", "in two"])
async def test_a_route_may_read_once_more_what_came_at_once_or_in_parts(parts: list[bytes]) -> None:
    """The last part comes while the body is read for the first time: nothing comes after it."""
    async with served() as port:
        assert await ask(port, "POST", "/strict-again", parts, length=8, every_s=0.1) == (ANY, 8)
