"""Configuration in memory: loaded on first use, dropped when the change sequence says so (DESIGN 4.1).

Every change of configuration writes a numbered row; gateways and executors read the new ones every POLL_S, and NATS only makes it sooner.
A load remembers the number it began at, and its result is not kept when a later change touched it meanwhile.
While PostgreSQL is away, what was not changed before it went is still served.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar, final
from uuid import UUID
from weakref import WeakSet

import structlog

from burnish_shared.db.changes import ChangeKind
from burnish_shared.db.session import Database
from burnish_shared.errors import BurnishError, NotFound, Unavailable
from burnish_shared.in_step import in_step
from burnish_shared.waiting import came

log = structlog.get_logger()

POLL_S = 0.5

FORGET_EVERYTHING_AFTER_S = 3600.0
"""A feed that was away longer than this may have missed changes that are deleted by then."""

MOST_CHANGES = 1000

LOAD_S = 2.5
"""Longest wait of one caller for a load: a frozen PostgreSQL is answered 503 within 3 s (PROMISES G-10). The load itself goes on."""

LOOKS = 5
"""In so many parts it is waited for: a process that stood still for seconds says nothing about PostgreSQL, and has waited for one."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class ChangeFeed:
    """Follows `config_changes`. `run` must be running; `wake` makes the next look immediate, `catch_up` waits for it."""

    db: Database
    number: int = 0
    synced_at: float = 0.0
    _listeners: list[Callable[[UUID | None, str, str], None]] = field(default_factory=list)
    _resets: list[Callable[[], None]] = field(default_factory=list)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _looks: int = 0
    _newest: int = 0

    def subscribe(self, listener: Callable[[UUID | None, str, str], None], *, reset: Callable[[], None]) -> None:
        """`listener(workspace or None for all, kind, key)` is called for each change, `reset()` when some may have been missed."""
        self._listeners.append(listener)
        self._resets.append(reset)

    def wake(self) -> None:
        self._woken.set()

    async def catch_up(self) -> None:
        """Returns when this process knows what was committed before the call, so that who changed something meets it with the next request.

        Calls at once share a look. While PostgreSQL is away it returns too, and `run` finds the change later. Looks are counted and not
        timed: uvloop's clock stands still for a turn of the loop, so a look and a change after it may be of the same millisecond.
        """
        begun = self._looks
        try:
            async with self._looking:
                while self._newest <= begun:  # a page at a time, however many were missed
                    await self._look()
        except BurnishError:
            self.wake()

    async def on_message(self, _: object) -> None:
        """For a subscription to `config.changed`: the message carries nothing, the table is the truth."""
        self.wake()

    @property
    def stale_for_s(self) -> float:
        """Seconds since the sequence was last read, counted from when it was asked for: everything that is served is at most so old."""
        return asyncio.get_running_loop().time() - self.synced_at

    async def start(self) -> None:
        """Begins at the newest number: everything is loaded after this moment. Raises Unavailable while PostgreSQL is away."""
        asked_at = asyncio.get_running_loop().time()
        async with self.db.unit_of_work(read_only=True) as tx:
            self.number = await tx.fetchval("SELECT coalesce(max(change_no), 0) FROM config_changes")
        self.synced_at = asked_at

    async def run(self) -> None:
        while True:
            await came(self._woken, within_s=in_step(POLL_S))
            self._woken.clear()
            try:
                await self.look()
            except BurnishError as error:
                log.warning("change_feed.failed", error=str(error), stale_for_s=round(self.stale_for_s, 1))

    async def look(self) -> None:
        """Reads the new changes and tells the caches. Raises Unavailable while PostgreSQL is away."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        asked_at = asyncio.get_running_loop().time()
        self._looks += 1
        async with self.db.unit_of_work(read_only=True, one_statement=True) as tx:
            rows = await tx.fetch(
                "SELECT change_no, workspace_id, kind, key FROM config_changes WHERE change_no > $1 ORDER BY change_no LIMIT $2",
                self.number,
                MOST_CHANGES,
            )
        if self.stale_for_s > FORGET_EVERYTHING_AFTER_S:
            for reset in self._resets:
                reset()
        for row in rows:
            for listener in self._listeners:
                listener(row["workspace_id"], row["kind"], row["key"])
            self.number = row["change_no"]
        if len(rows) == MOST_CHANGES:
            self.wake()  # there is more: what is served is as old as it was
        else:
            self.synced_at, self._newest = asked_at, self._looks


@final
@dataclass(frozen=True, slots=True)
class _Absent:
    message: str
    param: str | None = None


class ConfigCache(Generic[K, V]):
    """What was loaded for a key, until a change of `kind` touches it. `touches(workspace, key)` names the cache keys of a change.

    `touches` returning None means: everything. What does not exist is remembered too, since making it is a change.
    """

    def __init__(
        self,
        load: Callable[[K], Awaitable[V]],
        *,
        feed: ChangeFeed,
        kinds: frozenset[ChangeKind],
        touched: Callable[[K, UUID | None, str], bool],
        most: int = 10_000,
    ) -> None:
        """`touched(cache key, workspace of the change or None, key of the change)`: must the entry go?"""
        self._load = load
        self._kinds = kinds
        self._touched = touched
        self._most = most
        self._known: OrderedDict[K, V | _Absent] = OrderedDict()
        self._loading: dict[K, asyncio.Task[V | _Absent]] = {}
        self._spoilt: WeakSet[asyncio.Task[V | _Absent]] = WeakSet()
        feed.subscribe(self._on_change, reset=self.clear)

    async def get(self, key: K) -> V:
        """The value. Raises NotFound when there is none, Unavailable when it is not known and PostgreSQL is away."""
        known = self._known.get(key)
        if known is None:
            known = await self._load_once(key)
        else:
            self._known.move_to_end(key)
        if type(known) is _Absent:
            raise NotFound(known.message, param=known.param)
        return known

    def knows(self, key: K) -> bool:
        """Would `get` answer without a question to PostgreSQL?"""
        return key in self._known

    def forget(self, key: K) -> None:
        """The next `get` reads anew: for somebody who may know of a change before the change sequence says so.

        A load that is under way counts as new, so that many who doubt at once do not keep each other waiting.
        """
        self._known.pop(key, None)

    def clear(self) -> None:
        self._known.clear()
        self._spoilt.update(self._loading.values())

    async def _load_once(self, key: K) -> V | _Absent:
        """Equal loads share one; a load that a change overtook is made again."""
        while True:
            task = self._loading.get(key)
            if task is None or task.done():  # Done and not yet landed: it may be spoilt, and waiting for it would let nothing else run.
                task = self._loading[key] = asyncio.ensure_future(self._attempt(key))
                task.add_done_callback(partial(self._landed, key))
            for _ in range(LOOKS):
                if task.done():
                    break
                await asyncio.wait({task}, timeout=LOAD_S / LOOKS)
            if not task.done():
                raise Unavailable("The configuration cannot be read at the moment; try again.", retry_after_s=1)
            value = task.result()
            if task not in self._spoilt:
                return value
            if (known := self._known.get(key)) is not None:
                return known

    def _landed(self, key: K, task: "asyncio.Task[V | _Absent]") -> None:
        """Also one that nobody waits for any more, whose failure nobody hears."""
        if self._loading.get(key) is task:
            del self._loading[key]
        if not task.cancelled():
            task.exception()

    async def _attempt(self, key: K) -> V | _Absent:
        value: V | _Absent
        try:
            value = await self._load(key)
        except NotFound as error:
            value = _Absent(error.message, error.param)
        if asyncio.current_task() not in self._spoilt:
            self._known[key] = value
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return value

    def _on_change(self, workspace_id: UUID | None, kind: str, changed: str) -> None:
        if kind not in self._kinds:
            return
        for key in [key for key in self._known if self._touched(key, workspace_id, changed)]:
            del self._known[key]
        self._spoilt.update(task for key, task in self._loading.items() if self._touched(key, workspace_id, changed))
