"""Makes feedback durable before anybody is told so: in NATS, or while NATS is away in the outbox (PROMISES G-01, G-09).

What came while one message was on its way goes out as the next one. So at rest a message holds one reaction and costs one round trip,
and under load messages grow by themselves, because the stream writes each to disk before it answers.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from burnish_gateway.feedback.metrics import PUBLISHED
from burnish_shared import subjects
from burnish_shared.bus.connect import Bus
from burnish_shared.contracts.feedback import FeedbackItem
from burnish_shared.db import outbox
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.ids import new_uuid

log = structlog.get_logger("burnish.feedback")

MOST_ITEMS: Final = 500
MOST_BYTES: Final = 700_000
"""Below NATS's largest message of 1 MiB. One reaction is smaller, see the limits of `bodies.py`."""

MOST_WAITING: Final = 20_000
"""Reactions that may wait for their turn. Beyond it the caller is told to come back, and memory stays bounded (PROMISES G-10)."""

TRIES: Final = 1
"""One try of 2 s: the outbox takes it sooner than a second try would. The stream drops what it gets from both by the message's id."""

DOUBT_S: Final = 5.0
"""For so long after a publish that nobody answered, reactions go to the outbox at once: only one batch in a while waits for a silent NATS.
A connection that is made anew ends it, and a stream that says no is asked again with the next batch, as that takes no time."""

SERVICE: Final = "gateway"


@dataclass(slots=True)
class _Waiting:
    """One call's reactions as JSON, and its caller."""

    parts: list[bytes]
    done: "asyncio.Future[None]"
    size_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        self.size_bytes = sum(len(one) + 1 for one in self.parts)


class FeedbackPublisher:
    """One for each gateway process."""

    def __init__(self, *, bus: Bus, db: Database, wake_relay: Callable[[], None] = lambda: None) -> None:
        self._bus = bus
        self._db = db
        self._wake_relay = wake_relay
        self._waiting: list[_Waiting] = []
        self._items_waiting = 0
        self._sender: asyncio.Task[None] | None = None
        self._doubted_until = 0.0
        bus.on_reconnect(self._trust)

    async def record(self, items: Sequence[FeedbackItem]) -> None:
        """Returns when all of the items are on disk somewhere that they are sent on from.

        Raises Unavailable when neither NATS nor PostgreSQL can be reached. A caller that goes away does not stop the sending.
        """
        if self._items_waiting + len(items) > MOST_WAITING:
            raise Unavailable("Too much feedback waits to be kept; try again.", retry_after_s=1)
        self._items_waiting += len(items)
        loop = asyncio.get_running_loop()
        calls = [_Waiting(parts, loop.create_future()) for parts in _messages([one.model_dump_json().encode() for one in items])]
        self._waiting.extend(calls)
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_all())
        for one in calls:
            await asyncio.shield(one.done)

    async def close(self) -> None:
        """Waits until what was recorded is durable or refused."""
        self._bus.forget(self._trust)
        if self._sender is not None:
            await self._sender

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                batch = self._take()
                try:
                    await self._make_durable([part for one in batch for part in one.parts])
                except BaseException as error:
                    _settle(batch, error if isinstance(error, Unavailable) else Unavailable("The feedback could not be kept; try again."))
                    if not isinstance(error, Exception):
                        raise
                    if not isinstance(error, Unavailable):
                        log.exception("feedback_failed", items=sum(len(one.parts) for one in batch))
                else:
                    _settle(batch, None)
        finally:
            self._sender = None

    def _take(self) -> list[_Waiting]:
        """The oldest calls that fit one message: at least one."""
        items = size_bytes = count = 0
        for one in self._waiting:
            items, size_bytes = items + len(one.parts), size_bytes + one.size_bytes
            if count and (items > MOST_ITEMS or size_bytes > MOST_BYTES):
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        self._items_waiting -= sum(len(one.parts) for one in batch)
        return batch

    async def _make_durable(self, parts: list[bytes]) -> None:
        event_id = str(new_uuid())
        body = b'{"v":1,"event_id":"%s","items":[%s]}' % (event_id.encode(), b",".join(parts))
        loop = asyncio.get_running_loop()
        is_doubted = loop.time() < self._doubted_until
        if is_doubted and await self._put(event_id, body, len(parts)):
            return
        try:
            await self._bus.publish(subjects.FEEDBACK_RECORDED_BATCH, body, message_id=event_id, tries=TRIES)
        except Unavailable as error:
            if not error.details:  # The stream said nothing.
                self._doubted_until = loop.time() + DOUBT_S
            if is_doubted or not await self._put(event_id, body, len(parts)):  # In doubt PostgreSQL has been asked already.
                raise Unavailable("The feedback cannot be kept at the moment; try again.", retry_after_s=1) from error
        else:
            self._trust()
            PUBLISHED.labels("stream").inc(len(parts))

    async def _put(self, event_id: str, body: bytes, count: int) -> bool:
        """Into the outbox; False where PostgreSQL cannot be reached. Sent by both ways it counts once, by its id."""
        try:
            async with self._db.unit_of_work() as tx:
                await outbox.put(tx, service=SERVICE, subject=subjects.FEEDBACK_RECORDED_BATCH, message_id=event_id, body=body)
        except Unavailable:
            return False
        self._wake_relay()
        PUBLISHED.labels("outbox").inc(count)
        return True

    def _trust(self) -> None:
        self._doubted_until = 0.0


def _messages(parts: list[bytes]) -> Iterator[list[bytes]]:
    """What one call brought, cut where it would not fit one message. Sent again after a failure, what was kept already counts once."""
    message: list[bytes] = []
    size_bytes = 0
    for one in parts:
        if message and (len(message) >= MOST_ITEMS or size_bytes + len(one) + 1 > MOST_BYTES):
            yield message
            message, size_bytes = [], 0
        message.append(one)
        size_bytes += len(one) + 1
    if message:
        yield message


def _settle(batch: list[_Waiting], error: Unavailable | None) -> None:
    for one in batch:
        if one.done.done():
            continue
        if error is None:
            one.done.set_result(None)
        else:
            one.done.set_exception(error)
            one.done.exception()  # Looked at here: the caller may have gone away.
