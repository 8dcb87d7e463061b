"""Tells what happens in a run to those who follow it in this process, as ready bytes of server-sent events."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Final

EVENTS_MOST: Final = 10_000
"""That may wait for one slow reader. Beyond it texts are left out; the end never is, because it is read from the row."""


@dataclass(slots=True)
class Followers:
    """`ended` is set when nothing more will be told."""

    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _queues: "list[asyncio.Queue[bytes | None]]" = field(default_factory=list)

    def follow(self) -> "asyncio.Queue[bytes | None]":
        """None ends it."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        if self.ended.is_set():
            queue.put_nowait(None)
        self._queues.append(queue)
        return queue

    @property
    def has_any(self) -> bool:
        return bool(self._queues)

    def tell(self, event: bytes) -> None:
        for queue in self._queues:
            if queue.qsize() < EVENTS_MOST:
                queue.put_nowait(event)

    def close(self) -> None:
        self.ended.set()
        for queue in self._queues:
            queue.put_nowait(None)


def event_of(name: str, data: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), json.dumps(data, ensure_ascii=False, default=str).encode())


def delta_of(step: str, index: int, text: bytes) -> bytes:
    """`text`: a JSON string, as it travelled."""
    return b'event: delta\ndata: {"step":"%s","index":%d,"text":%s}\n\n' % (step.encode(), index, text)
