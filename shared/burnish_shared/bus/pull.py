"""Reading a durable consumer in batches that arrive promptly at sparse traffic and never strand a message.

Two requests make one batch: one for a single message, which waits as long as it takes, and one for its neighbours, which the server
ends after `gather_ms`. Nothing else is ever asked for, so nothing lies in this process unhandled while another replica is idle.
"""

import asyncio
import contextlib
import json
import secrets
from typing import Final

import nats.errors
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from burnish_shared.bus.connect import Bus
from burnish_shared.streams import SECOND_NS, ConsumerSpec
from burnish_shared.waiting import heeding

log = structlog.get_logger("burnish.pull")

IDLE_EXPIRES_S: Final = 30.0
"""How long the server keeps a request for one message. One that it forgot without a reconnect is made again after this and a second."""

ANSWER_GRACE_S: Final = 1.0
RETRY_WAIT_S: Final = 0.25
EXPIRED: Final = "408"
REFUSED: Final = frozenset({"400", "404", "409", "503"})
"""Among them: no such consumer yet (the provisioner is on its way), no JetStream, the leader changed, too many requests wait."""


class PullReader:
    """The reader of one loop, or of several that take turns. Any of them may close it; one at a time reads."""

    def __init__(self, bus: Bus, spec: ConsumerSpec) -> None:
        self._bus = bus
        self._spec = spec
        self._arrived: asyncio.Queue[Msg | None] = asyncio.Queue()
        self._inbox = bus.inbox(f"pull-{spec.durable}-{secrets.token_hex(6)}")
        self._number = 0
        self._subscription: Subscription | None = None
        self._leaving = asyncio.Lock()
        self.turn = asyncio.Lock()
        """Whose turn it is to read. Of what comes together each that asks gets a part, and a part of a batch costs as much as all of it."""

    async def open(self) -> None:
        self._subscription = await self._bus.nc.subscribe(f"{self._inbox}.*", cb=self._arrived.put)
        self._bus.on_reconnect(self.interrupt)

    async def close(self) -> list[Msg]:
        """Stops reading: a waiting `next_batch` returns. Returns messages that came and were not handed out, also those on their way.

        May be called again, and finds then what came late where the server was slow; else the server sends this reader nothing more: a
        message that came afterwards would wait for its ack_wait.
        """
        self._bus.forget(self.interrupt)
        async with self._leaving:
            if self._subscription is not None and await self._bus.take_leave(self._subscription):
                self._subscription = None
        left = []
        while not self._arrived.empty():
            message = self._arrived.get_nowait()
            if message is not None and not _status(message):
                left.append(message)
        self.interrupt()  # The one that was there may have been taken out with the messages.
        return left

    def interrupt(self) -> None:
        """Makes a waiting `next_batch` return what it has, perhaps nothing."""
        self._arrived.put_nowait(None)

    async def next_batch(self, *, at_most: int) -> list[Msg]:
        """Waits for messages; returns 1 to `at_most` of them, or none when nothing came within IDLE_EXPIRES_S or it was interrupted."""
        batch = await self._request(1, expires_s=IDLE_EXPIRES_S)
        if batch and at_most > len(batch) and self._spec.gather_ms:
            batch += await self._request(at_most - len(batch), expires_s=self._spec.gather_ms / 1000)
        return batch

    async def _request(self, wanted: int, *, expires_s: float) -> list[Msg]:
        self._number += 1
        reply = f"{self._inbox}.{self._number}"
        limits = {"batch": wanted, "max_bytes": self._spec.batch_bytes, "expires": int(expires_s * SECOND_NS)}
        body = json.dumps(limits if wanted > 1 else {**limits, "max_bytes": 0}).encode()
        try:
            subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._spec.stream}.{self._spec.durable}"
            await heeding(self._bus.nc.publish(subject, body, reply=reply))
        except nats.errors.OutboundBufferLimitError:
            await asyncio.sleep(RETRY_WAIT_S)
            return []
        return await self._collect(wanted, reply=reply, deadline_s=expires_s + ANSWER_GRACE_S)

    async def _collect(self, wanted: int, *, reply: str, deadline_s: float) -> list[Msg]:
        batch: list[Msg] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                while len(batch) < wanted:
                    message = await self._arrived.get()
                    if message is None:
                        break
                    status = _status(message)
                    if not status:
                        batch.append(message)
                    elif message.subject == reply and (_is_full(message) or await self._is_over(status)):
                        break
        return batch

    async def _is_over(self, status: str) -> bool:
        if status == EXPIRED:
            return True
        if status in REFUSED:
            await asyncio.sleep(RETRY_WAIT_S)
        return status in REFUSED


def _is_full(message: Msg) -> bool:
    """Whether the server ended the request because the next message would have been too much."""
    return "MaxBytes" in (message.headers or {}).get("Description", "")


def _status(message: Msg) -> str:
    """The status of a message that the server made, '' for one that a stream holds."""
    if message.reply or not message.headers:
        return ""
    return str(message.headers.get("Status", ""))
