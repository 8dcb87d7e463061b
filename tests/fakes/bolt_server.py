"""A server that speaks enough of Bolt 5.0 (neo4j.com/docs/bolt) for one driver over real TCP: it keeps each query with its parameters."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

MAGIC = b"\x60\x60\xb0\x17"
HELLO, GOODBYE, RESET, RUN, BEGIN, COMMIT, ROLLBACK, PULL = 0x01, 0x02, 0x0F, 0x10, 0x11, 0x12, 0x13, 0x3F
SUCCESS, FAILURE = 0x70, 0x7F


@dataclass
class BoltServer:
    """`ran`: query and parameters of what was committed. `password`: what HELLO must bring. `refuses`: a query with this text fails."""

    port: int = 0
    password: str | None = None
    refuses: str = ""
    ran: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def uri(self) -> str:
        return f"bolt://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readexactly(20))[:4] == MAGIC
        writer.write(b"\x00\x00\x00\x05")
        waiting: list[tuple[str, dict[str, Any]]] = []
        while True:
            tag, given = _read(await _message(reader))
            answer: tuple[int, dict[str, Any]] = (SUCCESS, {})
            if tag == GOODBYE:
                return
            if tag == HELLO:
                is_known = self.password is None or given[0].get("credentials") == self.password
                answer = (SUCCESS, {"server": "Neo4j/5.0.0", "connection_id": "1"}) if is_known else _failure("Security.Unauthorized", "no")
            elif tag == RUN and self.refuses and self.refuses in given[0]:
                answer = _failure("Statement.SyntaxError", "refused")
            elif tag == RUN:
                waiting.append((given[0], given[1]))
                answer = (SUCCESS, {"fields": [], "t_first": 0})
            elif tag == PULL:
                answer = (SUCCESS, {"type": "w", "t_last": 0, "db": "neo4j"})
            elif tag == COMMIT:
                self.ran += waiting
                waiting = []
                answer = (SUCCESS, {"bookmark": "b:1"})
            elif tag in (ROLLBACK, RESET):
                waiting = []
            body = bytes([0xB1, answer[0]]) + _pack(answer[1])
            writer.write(struct.pack(">H", len(body)) + body + b"\x00\x00")
            await writer.drain()


@asynccontextmanager
async def bolt_server(**settings: Any) -> AsyncIterator[BoltServer]:
    """Listens on a free port of 127.0.0.1."""
    made = BoltServer(**settings)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


def _failure(code: str, message: str) -> tuple[int, dict[str, Any]]:
    return FAILURE, {"code": f"Neo.ClientError.{code}", "message": message}


async def _message(reader: asyncio.StreamReader) -> bytes:
    """The chunks of one message; empty ones between messages are heartbeats."""
    whole = b""
    while True:
        (size,) = struct.unpack(">H", await reader.readexactly(2))
        if size:
            whole += await reader.readexactly(size)
        elif whole:
            return whole


def _read(message: bytes) -> tuple[int, list[Any]]:
    fields, at = message[0] & 0x0F, 2
    given = []
    for _ in range(fields):
        value, at = _unpack(message, at)
        given.append(value)
    return message[1], given


def _unpack(data: bytes, at: int) -> tuple[Any, int]:
    mark = data[at]
    at += 1
    if mark <= 0x7F or mark >= 0xF0:
        return mark if mark <= 0x7F else mark - 256, at
    if mark in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[mark], at
    if mark == 0xC1:
        return struct.unpack(">d", data[at : at + 8])[0], at + 8
    if mark in (0xC8, 0xC9, 0xCA, 0xCB):
        size = 2 ** (mark - 0xC8)
        return int.from_bytes(data[at : at + size], "big", signed=True), at + size
    size, at, kind = _sized(data, mark, at)
    if kind == "string":
        return data[at : at + size].decode(), at + size
    items: list[Any] = []
    for _ in range(size * (2 if kind == "map" else 1)):
        value, at = _unpack(data, at)
        items.append(value)
    return (dict(zip(items[::2], items[1::2], strict=True)) if kind == "map" else items), at


def _sized(data: bytes, mark: int, at: int) -> tuple[int, int, str]:
    tiny = {0x80: "string", 0x90: "list", 0xA0: "map"}.get(mark & 0xF0)
    if tiny:
        return mark & 0x0F, at, tiny
    kind = {0xD0: "string", 0xD4: "list", 0xD8: "map"}[mark & 0xFC]
    width = 2 ** (mark & 0x03)
    return int.from_bytes(data[at : at + width], "big"), at + width, kind


def _pack(value: Any) -> bytes:
    """Short strings, small integers, and maps and lists of few of them: what our answers hold."""
    if isinstance(value, dict):
        return bytes([0xA0 + len(value)]) + b"".join(_pack(name) + _pack(one) for name, one in value.items())
    if isinstance(value, list):
        return bytes([0x90 + len(value)]) + b"".join(map(_pack, value))
    if isinstance(value, int):
        return bytes([value])
    text = value.encode()
    return (bytes([0x80 + len(text)]) if len(text) < 16 else bytes([0xD0, len(text)])) + text
