"""Tells whoever waits for an execution that it has ended, whichever executor ended it: one subscription for all who wait at this gateway.

It comes from core NATS, so a word may be missed: the books are the truth, and who waits looks there too, seldom.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from uuid import UUID

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from pydantic import ValidationError

from burnish_shared import subjects
from burnish_shared.bus.connect import Bus
from burnish_shared.contracts.executions import CompletedBatch


class EndWatch:
    """`start` once. Nothing is listened to while nobody waits."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._waiting: dict[UUID, set[asyncio.Event]] = {}
        self._records: Subscription | None = None
        self._subscribing = asyncio.Lock()

    def start(self) -> None:
        self._bus.on_reconnect(self._on_reconnect)

    def close(self) -> None:
        self._bus.forget(self._on_reconnect)

    @contextlib.asynccontextmanager
    async def of(self, execution_id: UUID) -> AsyncIterator[asyncio.Event]:
        """Set when its end is in the books, and when a word of it may have been missed; look there, and clear it before."""
        word = asyncio.Event()
        self._waiting.setdefault(execution_id, set()).add(word)
        try:
            await self._listen()
            yield word
        finally:
            waiting = self._waiting[execution_id]
            waiting.discard(word)
            if not waiting:
                del self._waiting[execution_id]

    async def _listen(self) -> None:
        async with self._subscribing:
            if self._records is None:
                with contextlib.suppress(NatsError):  # who waits looks into the books by himself
                    self._records = await self._bus.nc.subscribe(subjects.EXECUTIONS_COMPLETED_BATCH, cb=self._on_records)

    async def _on_records(self, message: Msg) -> None:
        if not self._waiting:
            await self._leave()
            return
        try:
            batch = CompletedBatch.model_validate_json(message.data)
        except ValidationError:
            return  # analytics reads the same message from the stream and dead-letters it
        for item in batch.items:
            for word in self._waiting.get(item.execution_id, ()):
                word.set()

    async def _leave(self) -> None:
        async with self._subscribing:
            if self._waiting or self._records is None:
                return
            records, self._records = self._records, None
            with contextlib.suppress(NatsError):
                await records.unsubscribe()

    def _on_reconnect(self) -> None:
        for waiting in self._waiting.values():
            for word in waiting:
                word.set()
