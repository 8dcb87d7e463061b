"""The gateway's inbox: one subscription for this process, one queue for each open execution."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from uuid import UUID

from nats.aio.msg import Msg

from burnish_gateway.metrics import OPEN_EXECUTIONS
from burnish_shared.bus.connect import Bus
from burnish_shared.bus.frames import Frame, FrameKind, parse
from burnish_shared.waiting import Patience

WAITING_MOST_BYTES = 1024 * 1024
"""What may wait in memory for one slow reader (PROMISES G-14). Beyond it chunks are dropped, and their text comes from the books."""

FRAME_BYTES = 64
"""Of each frame besides its body."""

NO_RESPONDERS = "503"


@dataclass(frozen=True, slots=True)
class NobodyThere:
    """NATS knows no executor that could take the request."""


@dataclass(frozen=True, slots=True)
class GraceOver:
    """This gateway is stopped, and gives nobody more time."""


Arrival = Frame | NobodyThere | GraceOver


class Mailbox:
    """What has come for one execution, bounded in bytes, for one reader. Terminal frames are never dropped.

    That the model began (STARTED) wakes nobody: nothing follows from it until something else comes, or nothing does.
    """

    def __init__(self) -> None:
        self._arrivals: deque[tuple[Arrival, int]] = deque()
        """Each with its share of `_bytes`."""
        self._reader: asyncio.Future[None] | None = None
        self._patience = Patience()
        self._bytes = 0

    async def get(self, *, within_s: float | None = None) -> Arrival:
        """The next one, in order; what is there already arms no timer. Raises TimeoutError where none came for `within_s` seconds (None:
        however long it takes). A reader that gives up waiting looks at `has_arrivals` before it believes in silence.
        """
        if not self._arrivals:
            await self._patience.within(within_s, self._come())
        arrival, size = self._arrivals.popleft()
        self._bytes -= size
        return arrival

    async def _come(self) -> None:
        while not self._arrivals:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None

    def close(self) -> None:
        """Nobody reads any more."""
        self._patience.close()

    @property
    def has_arrivals(self) -> bool:
        return bool(self._arrivals)

    def put(self, arrival: Arrival) -> None:
        """Drops a chunk when too much waits; the next frame's count shows the gap."""
        kind, size = (arrival.kind, len(arrival.body) + FRAME_BYTES) if isinstance(arrival, Frame) else (None, 0)
        if (kind is FrameKind.CHUNK or kind is FrameKind.DELTA) and self._bytes > WAITING_MOST_BYTES:
            return
        self._bytes += size
        self._arrivals.append((arrival, size))
        if kind is not FrameKind.STARTED and self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


@dataclass(slots=True)
class FrameInbox:
    """Routes frames to those who wait for them. `start` must have been called."""

    bus: Bus
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _waiting: dict[str, Mailbox] = field(default_factory=dict)

    async def start(self) -> None:
        await self.bus.nc.subscribe(self.bus.inbox("*"), cb=self._on_message)

    def subject(self, execution_id: UUID) -> str:
        return self.bus.inbox(execution_id.hex)

    @property
    def is_over(self) -> bool:
        """This gateway is stopped, and gives nobody more time."""
        return self.over.is_set()

    def end_grace(self) -> None:
        """Tells everyone who waits, and whoever comes yet, that this gateway gives no more time."""
        self.over.set()
        for mailbox in self._waiting.values():
            mailbox.put(GraceOver())

    def open(self, execution_id: UUID) -> Mailbox:
        """The mailbox of one execution, until `close`."""
        mailbox = self._waiting[execution_id.hex] = Mailbox()
        OPEN_EXECUTIONS.inc()
        if self.is_over:
            mailbox.put(GraceOver())
        return mailbox

    def close(self, execution_id: UUID, mailbox: Mailbox) -> None:
        """Nothing comes for it any more. Once for each `open`."""
        mailbox.close()
        OPEN_EXECUTIONS.dec()
        self._waiting.pop(execution_id.hex, None)

    async def _on_message(self, message: Msg) -> None:
        mailbox = self._waiting.get(message.subject.rsplit(".", 1)[1])
        if mailbox is None:
            return
        arrival: Arrival | None = (
            NobodyThere() if message.headers and message.headers.get("Status") == NO_RESPONDERS else parse(message.data)
        )
        if arrival is not None:
            mailbox.put(arrival)
