"""Tells what happens in a run to those who follow it in this process, as ready bytes of server-sent events."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

EVENTS_MOST: Final = 10_000
"""That may wait for one slow reader. Beyond it texts are left out; the end never is, because it is read from the row."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event. `step` and `rank`: of one that says how a step stands, so that nobody is told what is older than what he knows."""

    body: bytes
    step: str = ""
    rank: int = 0


Queue = asyncio.Queue[Told | None]
"""None ends it."""


@dataclass(slots=True)
class Followers:
    """`ended` is set when nothing more will be told."""

    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _queues: list[Queue] = field(default_factory=list)

    @contextlib.contextmanager
    def follow(self) -> Iterator[Queue]:
        """What is told from now on, for as long as the block runs."""
        queue: Queue = asyncio.Queue()
        if self.ended.is_set():
            queue.put_nowait(None)
        self._queues.append(queue)
        try:
            yield queue
        finally:
            self._queues.remove(queue)

    @property
    def has_any(self) -> bool:
        return bool(self._queues)

    def tell(self, told: Told) -> None:
        for queue in self._queues:
            if queue.qsize() < EVENTS_MOST:
                queue.put_nowait(told)

    def close(self) -> None:
        self.ended.set()
        for queue in self._queues:
            queue.put_nowait(None)


def rank_of(status: str, attempts: int) -> int:
    """Grows with everything that happens to a step: begun, ended, begun again."""
    return 0 if status in ("waiting", "skipped") else 2 * attempts + (status != "running")


def event_of(name: str, data: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), json.dumps(data, ensure_ascii=False, default=str).encode())


def delta_of(step: str, index: int, text: bytes) -> Told:
    """`text`: a JSON string, as it travelled."""
    return Told(b'event: delta\ndata: {"step":"%s","index":%d,"text":%s}\n\n' % (step.encode(), index, text))
