"""Frames to a caller's inbox over core NATS. Chunks that come close together travel together; the first goes at once."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

import nats.errors

from burnish_shared.bus import payloads
from burnish_shared.bus.connect import Bus
from burnish_shared.bus.frames import Frame, FrameKind
from burnish_shared.errors import Unavailable
from burnish_shared.json_bytes import encoded
from burnish_shared.waiting import heeding

TERMINAL_MOST_BYTES: Final = 768 * 1024

ACCEPT_WITHIN_S: Final = 0.05
"""A fifth of the silence after which the gateway asks another executor (its `accept_wait_s`)."""

PARKED_S: Final = 300.0
"""The caller waits for it now."""


@dataclass(slots=True)
class Reply:
    """The way back of one execution. `inbox` empty: nobody listens (background)."""

    bus: Bus
    inbox: str
    fence: int
    coalesce_s: float
    chunks: int = 0
    _text: list[str] = field(default_factory=list)
    _flushing: asyncio.TimerHandle | None = None
    _accepting: asyncio.TimerHandle | None = None
    _sending: set["asyncio.Task[None]"] = field(default_factory=set)

    async def send(self, kind: FrameKind, body: bytes = b"") -> None:
        """Publishes one frame, after the text that waits. A bus that is away loses it: the caller then reads the books."""
        await self.flush()
        await self._publish(Frame(kind, self.fence, self.chunks, body))

    def accept_soon(self) -> None:
        """Says that the execution was taken, unless another frame says so before: a frame costs three processes something."""
        if self.inbox:
            self._accepting = asyncio.get_running_loop().call_later(ACCEPT_WITHIN_S, self._accept)

    async def terminal(self, outcome: bytes) -> None:
        """The last frame. An outcome that is too big for a message lies beside it; where that fails, the caller reads the books."""
        if len(outcome) <= TERMINAL_MOST_BYTES or not self.inbox:
            await self.send(FrameKind.TERMINAL, outcome)
            return
        try:
            ref = await payloads.put(self.bus, outcome, keep_s=PARKED_S)
        except Unavailable:
            await self.send(FrameKind.ELSEWHERE)
            return
        await self.send(FrameKind.PARKED, ref.model_dump_json().encode())

    async def text(self, text: str) -> None:
        """Adds text; it leaves at once when nothing waits and nothing left just now, else with what follows within `coalesce_s`."""
        if not self.inbox:
            return
        self._text.append(text)
        if self._flushing is None:
            await self.flush()
            self._flushing = asyncio.get_running_loop().call_later(self.coalesce_s, self._window_over)

    async def delta(self, delta: dict[str, Any]) -> None:
        """Adds an OpenAI delta that is not plain text."""
        if self.inbox:
            await self.flush()
            self.chunks += 1
            await self._publish(Frame(FrameKind.DELTA, self.fence, self.chunks, encoded(delta)))

    async def flush(self) -> None:
        """Sends the text that waits as one chunk."""
        if self._text:
            text, self._text = "".join(self._text), []
            self.chunks += 1
            await self._publish(Frame(FrameKind.CHUNK, self.fence, self.chunks, encoded(_whole(text))))

    def close(self) -> None:
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        self._nothing_to_accept()

    def _accept(self) -> None:
        self._send_beside(self._publish(Frame(FrameKind.ACCEPTED, self.fence, self.chunks, b"")))

    def _nothing_to_accept(self) -> None:
        if self._accepting is not None:
            self._accepting.cancel()
            self._accepting = None

    def _send_beside(self, sending: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(sending)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    def _window_over(self) -> None:
        self._flushing = None
        if self._text:
            self._flushing = asyncio.get_running_loop().call_later(self.coalesce_s, self._window_over)
            self._send_beside(self.flush())

    async def _publish(self, frame: Frame) -> None:
        if not self.inbox:
            return
        self._nothing_to_accept()
        # While NATS does not read, this waits: else a moment's delay would tear the stream.
        try:
            await heeding(self.bus.nc.publish(self.inbox, frame.to_bytes()))
        except (nats.errors.Error, OSError):
            return  # frames may be lost; the record is what counts


def _whole(text: str) -> str:
    """Half of a surrogate pair, which no text of a caller may hold, becomes `?`."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
