"""HTTP/1.1 at the socket: uvicorn's parser, and our one error schema also for what is no request at all (PROMISES G-08)."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from burnish_gateway.wire import error_response
from burnish_shared.errors import BadRequest
from burnish_shared.ids import new_uuid

CONTINUE: Final = b"HTTP/1.1 100"
"""How what is written before the head of an answer begins: a client waits for it before it sends its body."""


class HeadWithBody:
    """Stands between one answer and its connection until its head is out: writes it together with what follows in the same turn of the
    loop, and else by itself. So an answer is one system call and one packet where uvicorn writes two.
    """

    __slots__ = ("_connection", "_cycle", "_head")

    def __init__(self, cycle: RequestResponseCycle, connection: Any) -> None:
        self._cycle, self._connection = cycle, connection
        self._head = b""

    def write(self, data: bytes) -> None:
        """The first is the head; a 100 before it goes out at once."""
        if self._head:
            self._cycle.transport = self._connection
            head, self._head = self._head, b""
            self._connection.write(head + data)
        elif data.startswith(CONTINUE):
            self._connection.write(data)
        else:
            self._head = data
            asyncio.get_running_loop().call_soon(self._alone)

    def _alone(self) -> None:
        """Nothing followed the head."""
        if self._head:
            self._cycle.transport = self._connection
            head, self._head = self._head, b""
            if not self._connection.is_closing():
                self._connection.write(head)

    def close(self) -> None:
        self._alone()
        self._connection.close()

    def is_closing(self) -> bool:
        return bool(self._connection.is_closing())


class HttpProtocol(HttpToolsProtocol):
    """What the parser refuses never reaches the application: its answer is written here. A gateway that stops lets its clients go first."""

    is_leaving = False

    def leave(self) -> None:
        """Each answer that has not begun tells the client to use another connection; one that has, leaves it open. Idempotent."""
        self.is_leaving = True
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def on_headers_complete(self) -> None:
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not None and self.cycle is not before and self.cycle.scope["method"] != "HEAD":
            self.cycle.transport = HeadWithBody(self.cycle, self.transport)  # type: ignore[assignment]
        if self.is_leaving:
            self.leave()

    def send_400_response(self, msg: str) -> None:
        """Answers a request line or header that is malformed or longer than the parser takes, and closes the connection."""
        error = BadRequest("The request line or a header is malformed or too long; send HTTP/1.1 with at most 64 KiB of either.")
        answer = error_response(error, request_id=f"req_{new_uuid().hex}")
        answer.headers["connection"] = "close"
        lines = [b"HTTP/1.1 400 Bad Request", *(name + b": " + value for name, value in answer.raw_headers), b"", bytes(answer.body)]
        self.transport.write(b"\r\n".join(lines))
        self.transport.close()
