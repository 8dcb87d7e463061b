"""What an answer costs at the socket: its head leaves with what follows at once, and alone where nothing does."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
import uvicorn
from uvicorn.server import ServerState

from burnish_gateway.execution.streaming import EventStream, Last, paced
from burnish_gateway.http_protocol import HttpProtocol

pytestmark = [pytest.mark.promise("G-13")]

App = Callable[[Any, Any, Any], Awaitable[None]]


class Connection(asyncio.Transport):
    """Notes what is written, in order; `closed` is written last."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def close(self) -> None:
        self.written.append(b"closed")

    def is_closing(self) -> bool:
        return b"closed" in self.written

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)}.get(name, default)

    def get_write_buffer_size(self) -> int:
        return 0  # taken at once

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def start(method: bytes = b"GET", headers: bytes = b"", *, app: App) -> Connection:
    """The connection of one request that came whole."""
    config = uvicorn.Config(cast(Any, app), http=HttpProtocol, log_config=None, access_log=False, lifespan="off")
    config.load()
    protocol, connection = HttpProtocol(config, ServerState(), {}), Connection()
    protocol.connection_made(connection)
    protocol.data_received(method + b" / HTTP/1.1\r\nhost: test\r\n" + headers + b"\r\n")
    return connection


async def turns(times: int = 5) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


def answering(body: bytes, *, length: int | None = None) -> App:
    async def app(_: Any, __: Any, send: Any) -> None:
        size = str(len(body) if length is None else length).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", size)]})
        await send({"type": "http.response.body", "body": body})

    return app


async def test_a_whole_answer_is_one_write() -> None:
    connection = start(app=answering(b'{"a":1}'))
    await turns()
    assert len(connection.written) == 1
    assert connection.written[0].startswith(b"HTTP/1.1 200 OK\r\n") and connection.written[0].endswith(b'\r\n\r\n{"a":1}')


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
async def test_an_answer_without_a_body_is_sent_all_the_same(method: bytes) -> None:
    connection = start(method, app=answering(b""))
    await turns()
    assert b"".join(connection.written).endswith(b"content-length: 0\r\n\r\n")


async def test_a_head_that_nothing_follows_goes_out_alone() -> None:
    more = asyncio.Event()

    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await more.wait()
        await send({"type": "http.response.body", "body": b"late", "more_body": True})
        await send({"type": "http.response.body", "body": b"later"})

    connection = start(app=app)
    await turns()
    assert len(connection.written) == 1 and connection.written[0].endswith(b"transfer-encoding: chunked\r\n\r\n")
    more.set()
    await turns()
    assert connection.written[1:] == [b"4\r\nlate\r\n", b"5\r\nlater\r\n0\r\n\r\n"]


async def test_who_waits_to_send_a_body_is_told_to_go_on_before_the_answer() -> None:
    told = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await told.wait()
        await answering(b"ok")(scope, receive, send)

    connection = start(b"POST", b"content-length: 0\r\nexpect: 100-continue\r\n", app=app)
    await turns()
    assert connection.written == [b"HTTP/1.1 100 Continue\r\n\r\n"]
    told.set()
    await turns()
    assert len(connection.written) == 2 and connection.written[1].endswith(b"\r\n\r\nok")


async def test_what_fails_behind_its_head_shows_the_head_and_ends_the_connection() -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        raise RuntimeError("nobody thought of it")

    connection = start(app=app)
    await turns()
    assert len(connection.written) == 2
    assert connection.written[0].endswith(b"content-length: 5\r\n\r\n") and connection.written[1] == b"closed"


async def test_the_last_event_of_a_stream_takes_its_end_along() -> None:
    closed = []

    async def parts() -> Any:
        try:
            yield b"data: a\n\n"
            yield Last(b"data: [DONE]\n\n")
        finally:
            closed.append(False)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await EventStream(paced(parts()), headers={})(scope, receive, send)
        closed.append(True)  # Behind what it was read from, which is not left to the garbage collector.

    connection = start(app=app)
    while len(connection.written) < 2:
        await asyncio.sleep(0)
    await turns()
    assert closed == [False, True] and len(connection.written) == 2
    assert connection.written[0].endswith(b"\r\n\r\n9\r\ndata: a\n\n\r\n")
    assert connection.written[1] == b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


async def test_a_part_of_which_a_format_tells_nothing_is_not_sent() -> None:
    async def parts() -> Any:
        for part in (b"", b"data: a\n\n", None, b"", b"data: b\n\n"):
            yield part

    assert [part async for part in paced(parts())] == [b"data: a\n\n", b"data: b\n\n"]
