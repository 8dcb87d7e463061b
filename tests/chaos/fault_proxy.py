"""A TCP proxy that breaks connections in the ways that networks and servers do (PROMISES section 3).

`async with proxying("127.0.0.1", port) as proxy:` listens on `proxy.port`. Faults are fields that may be set at any moment; they hold for
open and for new connections, and for each direction: `up` from the client to the server, `down` back.
"""

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

PIECE_BYTES = 65_536

Direction = Literal["up", "down"]


@dataclass(slots=True)
class Faults:
    """What happens to the bytes of one direction. Times in seconds; everything off as it is made."""

    latency_s: float = 0.0
    jitter_s: float = 0.0
    """Added to the latency, evenly spread from 0."""
    bytes_per_s: float | None = None
    drip_s: float | None = None
    """A byte at a time, with this pause after each."""
    reset_after_bytes: int | None = None
    """A connection is reset (RST) once it has passed this many bytes in this direction."""
    half_close_after_bytes: int | None = None
    """The reader sees an orderly end after this many bytes; the other direction goes on."""
    corrupt_after_bytes: int | None = None
    """Every byte from here on has its lowest bit turned over."""
    blackhole: bool = False
    """Bytes are taken and never arrive."""


@dataclass(slots=True)
class FaultProxy:
    """A running proxy. `refuse`: new connections are reset; `freeze` and `thaw`: nothing is read or written meanwhile, nothing is lost."""

    host: str
    target_port: int
    port: int = 0
    up: Faults = field(default_factory=Faults)
    down: Faults = field(default_factory=Faults)
    refuse: bool = False
    dice: random.Random = field(default_factory=lambda: random.Random(0))
    connections: int = 0
    """Accepted so far."""
    _thawed: asyncio.Event = field(default_factory=asyncio.Event)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: "set[asyncio.Task[None]]" = field(default_factory=set)

    def freeze(self) -> None:
        """As SIGSTOP of the server: connections are still made by the kernel, and stay silent."""
        self._thawed.clear()

    def thaw(self) -> None:
        self._thawed.set()

    def reset_all(self) -> None:
        """Resets every open connection on both of its ends."""
        for writer in list(self._open):
            _reset(writer)

    def heal(self) -> None:
        """No fault from here on. Bytes that a black hole took stay lost, so its connections are reset."""
        if self.up.blackhole or self.down.blackhole:
            self.reset_all()
        self.up, self.down, self.refuse = Faults(), Faults(), False
        self.thaw()

    def faults(self, direction: Direction) -> Faults:
        return self.up if direction == "up" else self.down

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        await self._thawed.wait()
        if self.refuse:
            _reset(writer)
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(self.host, self.target_port)
        except OSError:
            _reset(writer)
            return
        self._open |= {writer, far_writer}
        try:
            await asyncio.gather(self._pass(reader, far_writer, "up", writer), self._pass(far_reader, writer, "down", far_writer))
        except (ConnectionError, OSError):
            _reset(writer)
            _reset(far_writer)
        finally:
            for one in (writer, far_writer):
                self._open.discard(one)
                one.close()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: Direction, back: asyncio.StreamWriter
    ) -> None:
        """Carries one direction until its end. Raises ConnectionResetError where a reset is due."""
        passed = 0
        while data := await reader.read(PIECE_BYTES):
            await self._thawed.wait()
            faults = self.faults(direction)
            if faults.latency_s or faults.jitter_s:
                await asyncio.sleep(faults.latency_s + faults.jitter_s * self.dice.random())
            data, ends = _cut(data, faults, passed)
            if not faults.blackhole:
                await self._write(writer, _corrupted(data, faults, passed), direction)
            passed += len(data)
            if ends == "reset":
                raise ConnectionResetError
            if ends == "half_close":
                break
        with contextlib.suppress(OSError):
            if writer.can_write_eof() and not writer.is_closing():
                writer.write_eof()

    async def _write(self, writer: asyncio.StreamWriter, data: bytes, direction: Direction) -> None:
        """As slowly as the faults say at each moment: what is left when they are healed goes at once."""
        at = 0
        while at < len(data):
            await self._thawed.wait()
            faults = self.faults(direction)
            step, pause_s = len(data), 0.0
            if faults.drip_s is not None:
                step, pause_s = 1, faults.drip_s
            elif faults.bytes_per_s is not None:
                step = max(1, int(faults.bytes_per_s / 20))
                pause_s = step / faults.bytes_per_s
            writer.write(data[at : at + step])
            await writer.drain()
            at += step
            if pause_s:
                await asyncio.sleep(pause_s)


@asynccontextmanager
async def proxying(host: str, target_port: int, *, seed: int = 0) -> AsyncIterator[FaultProxy]:
    """A proxy on a free port of 127.0.0.1 for as long as the block runs."""
    proxy = FaultProxy(host, target_port, dice=random.Random(seed))
    proxy.thaw()
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        proxy.thaw()
        server.close()
        proxy.reset_all()
        for task in list(proxy._tasks):
            task.cancel()
        await asyncio.gather(*proxy._tasks, return_exceptions=True)


def _cut(data: bytes, faults: Faults, passed: int) -> tuple[bytes, Literal["reset", "half_close", ""]]:
    """The part of `data` that still passes, and what happens after it."""
    if faults.reset_after_bytes is not None and passed + len(data) >= faults.reset_after_bytes:
        return data[: max(0, faults.reset_after_bytes - passed)], "reset"
    if faults.half_close_after_bytes is not None and passed + len(data) >= faults.half_close_after_bytes:
        return data[: max(0, faults.half_close_after_bytes - passed)], "half_close"
    return data, ""


def _corrupted(data: bytes, faults: Faults, passed: int) -> bytes:
    if faults.corrupt_after_bytes is None:
        return data
    clean = max(0, faults.corrupt_after_bytes - passed)
    return data[:clean] + bytes(byte ^ 1 for byte in data[clean:])


def _reset(writer: asyncio.StreamWriter) -> None:
    """RST instead of FIN: the peer's next read or write fails."""
    transport = writer.transport
    raw = transport.get_extra_info("socket")
    if raw is not None and not transport.is_closing():
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
