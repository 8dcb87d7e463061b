"""HTTP/1.1 at the socket: uvicorn's parser, and our one error schema also for what is no request at all (PROMISES G-08)."""

import asyncio
import contextlib
import fcntl
import struct
import termios
from typing import Any, Final

import httptools
import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from burnish_gateway import metrics
from burnish_gateway.unread import BODY_IS_HERE
from burnish_gateway.wire import BODY_LEAST_BYTES_PER_S, error_response
from burnish_shared.errors import BadRequest
from burnish_shared.ids import new_uuid

log = structlog.get_logger("burnish.gateway")

CONTINUE: Final = b"HTTP/1.1 100"
"""How what is written before the head of an answer begins: a client waits for it before it sends its body."""

HEAD_MOST_BYTES: Final = 64 * 1024
"""Of a request line with its headers. The parser itself takes any number, and they lie in memory before anybody knows who asks. Chunk
extensions and trailers count as heads do."""

HEAD_MOST_S = 30.0
"""How long a connection may bring nothing to work on: no whole head, or behind a refusal less of a body that nobody reads than
BODY_LEAST_BYTES_PER_S asks of one that is read. As long as a body may be silent."""

TAKEN_LEAST_BYTES: Final = 64 * 1024
"""So much a client takes in each `slow_reader_s` while more than HELD_MOST_BYTES of an answer wait for it in memory, or is cut off."""

HELD_MOST_BYTES: Final = 1024 * 1024
"""Of an answer, that a client may leave with us and take as slowly as it likes, as long as it takes any: downloads are made piece by piece
as they are read, and who works on a line reads no other meanwhile (PROMISES G-14)."""

STOPPING_S: Final = 4.0
"""How long a gateway that stops waits at most for who takes nothing of an answer that has ended."""

JOINED_MOST_BYTES: Final = 64 * 1024
"""Of a body that is copied behind its head. A longer one is written as it is, so that connections that wait for the same one share it."""


OTHER_PROTOCOL: Final = frozenset({b"upgrade", b"http2-settings"})
"""Headers, and words of `connection`, by which a client says that it would rather speak another protocol."""


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
            if len(data) <= JOINED_MOST_BYTES:
                self._connection.write(head + data)
            else:  # uvloop sends both at once
                self._connection.write(head)
                self._connection.write(data)
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
    """What the parser refuses never reaches the application: its answer is written here. Heads have an end in bytes and in time. A gateway
    that stops lets its clients go first."""

    is_leaving = False
    _unused_bytes = 0
    """Came since the last thing that the parser told of: a whole head, a part of a body, the end of a request."""
    _giving_up: asyncio.TimerHandle | None = None
    _read_away_bytes = 0
    """Of a refused body, since it was last given more time."""
    slow_reader_s = 60.0
    _looking: asyncio.TimerHandle | None = None
    """Set while something of an answer may wait in memory for its client."""
    _untaken_bytes = 0
    _looked_at: RequestResponseCycle | None = None
    """Whose answer it was that so much of was untaken."""
    _declined: bytes | None = None
    """The head of a request that asked for another protocol, without asking: it is read once more."""

    def pause_writing(self) -> None:
        super().pause_writing()
        self._look_later()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.is_leaving:  # A look for the answer that has just ended would come later.
            self._look_no_more()
        self._look_at_rest()

    def leave(self) -> None:
        """Each answer that has not begun tells the client to use another connection; one that has, leaves it open. Idempotent."""
        if not self.is_leaving:
            self.is_leaving = True
            self._look_no_more()
            self._look_at_rest()
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._give_up_later()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_on()
        self._look_no_more()
        super().connection_lost(exc)

    def _look_at_rest(self) -> None:
        """Less than what makes the transport ask for a pause waits in memory too, and a close waits for it."""
        if self._looking is None and self.transport is not None and self.transport.get_write_buffer_size():
            self._look_later()

    def _look_later(self) -> None:
        self._look_no_more()
        self._untaken_bytes, self._looked_at = self._untaken(), self.cycle
        patience_s = min(self.slow_reader_s, STOPPING_S) if self.is_leaving and self._is_over() else self.slow_reader_s
        self._looking = self.loop.call_later(patience_s, self._look_at_reader)

    def _look_at_reader(self) -> None:
        """Also after the answer's end, and at a connection that is being closed: what is not taken waits there for ever."""
        self._looking = None
        held = self.transport.get_write_buffer_size()
        if not held:
            return
        untaken = self._untaken()
        taken = self._untaken_bytes - untaken
        waits = self._is_over() or self.flow.write_paused
        is_same = self.cycle is self._looked_at and taken >= 0  # else more was written meanwhile
        if waits and is_same and taken < (TAKEN_LEAST_BYTES if held > HELD_MOST_BYTES and not self.is_leaving else 1):
            metrics.SLOW_READERS.inc()
            log.info("slow_reader.cut_off", untaken_bytes=untaken, taken_bytes=taken)
            self.transport.abort()
        else:
            self._look_later()

    def _is_over(self) -> bool:
        return self.cycle is None or self.cycle.response_complete or self.transport.is_closing()

    def _look_no_more(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def _untaken(self) -> int:
        """Bytes that the client's side has not acknowledged: ours, and those of the kernel, which takes more only once it has much room."""
        size: int = self.transport.get_write_buffer_size()
        with contextlib.suppress(OSError):
            size += struct.unpack("i", fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4)))[0]
        return size

    def data_received(self, data: bytes) -> None:
        self._unused_bytes += len(data)
        self._unset_keepalive_if_required()
        try:
            self._parse(data)
        except httptools.HttpParserError:
            log.warning("request.malformed")
            self.send_400_response("")
        if self.transport.is_closing():
            return
        if self._unused_bytes > HEAD_MOST_BYTES:
            self.send_400_response("")
        elif self.cycle is None or (self.cycle.response_complete and (self.cycle.more_body or self._unused_bytes)):
            self._give_up_later()

    def _parse(self, data: bytes) -> None:
        """A client may offer HTTP/2 with its first request (Java's does) or a WebSocket, and who wants neither answers as if it had not
        (RFC 9110, 7.8). The parser takes all behind such a head for that other protocol, so the head is read again without the offer."""
        rest = memoryview(data)
        while True:
            try:
                self.parser.feed_data(rest)
                return
            except httptools.HttpParserUpgrade as offered:
                if self._declined is None:
                    return
                rest = rest[offered.args[0] :]
                head, self._declined = self._declined, None
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
                self.parser.feed_data(head)

    def _without_offer(self) -> bytes:
        """The head that has just come, as bytes, without what asks for another protocol."""
        version = self.parser.get_http_version().encode()
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/" + version]
        for name, value in self.headers:
            if name == b"connection":
                words = [word.strip() for word in value.split(b",")]
                lines += [b"connection: " + word for word in words if word.lower() not in OTHER_PROTOCOL]
            elif name not in OTHER_PROTOCOL:
                lines.append(name + b": " + value)
        return b"\r\n".join([*lines, b"", b""])

    def on_body(self, body: bytes) -> None:
        self._unused_bytes = 0
        if self._giving_up is not None:
            self._read_away(len(body))
        super().on_body(body)

    def _read_away(self, size: int) -> None:
        """Many clients read an answer only once all of their body is sent: one that comes as fast as it must gets the time for it."""
        self._read_away_bytes += size
        if self._read_away_bytes >= HEAD_MOST_S * BODY_LEAST_BYTES_PER_S:
            self._wait_on()
            self._give_up_later()

    def on_message_complete(self) -> None:
        if self._declined is not None:
            return
        self._unused_bytes = 0
        super().on_message_complete()
        if self.cycle is None:
            return
        self.cycle.more_body = False
        self.cycle.scope[BODY_IS_HERE] = True  # type: ignore[typeddict-unknown-key]
        if self.cycle.response_complete:  # The rest of a refused body is there.
            self._wait_on()
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def _give_up_later(self) -> None:
        if self._giving_up is None:
            self._read_away_bytes = 0
            self._giving_up = self.loop.call_later(HEAD_MOST_S, self.timeout_keep_alive_handler)

    def _wait_on(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None

    def on_headers_complete(self) -> None:
        if self._giving_up is not None:
            self._wait_on()
        came, self._unused_bytes = self._unused_bytes, 0
        if came > HEAD_MOST_BYTES and len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_MOST_BYTES:
            raise ValueError("the head is too long")  # the parser ends, and the answer is that to a malformed one
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self._declined = self._without_offer()
            return
        before = self.cycle
        super().on_headers_complete()
        self.headers = []  # What comes behind a body is no header of the request: nobody in front of us looked at it.
        if self.cycle is not None and self.cycle is not before and self.cycle.scope["method"] != "HEAD":
            self.cycle.transport = HeadWithBody(self.cycle, self.transport)  # type: ignore[assignment]
        if self.is_leaving:
            self.leave()

    def send_400_response(self, msg: str) -> None:
        """Answers a request line or header that is malformed or too long, and closes the connection. Behind an answer that has begun
        nothing more can be said."""
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.close()
            return
        error = BadRequest("The request line or a header is malformed or too long; send HTTP/1.1 with at most 64 KiB of both.")
        answer = error_response(error, request_id=f"req_{new_uuid().hex}")
        answer.headers["connection"] = "close"
        lines = [b"HTTP/1.1 400 Bad Request", *(name + b": " + value for name, value in answer.raw_headers), b"", bytes(answer.body)]
        self.transport.write(b"\r\n".join(lines))
        self._look_at_rest()
        self.transport.close()
