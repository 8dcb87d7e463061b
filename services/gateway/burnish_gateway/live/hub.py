"""What live pages of this gateway see: one subscription for all of them, figures coalesced, events kept for those who come back.

Everything comes from core NATS, so a page may miss some: the books and the rollups are the truth, this is a view.
"""

import asyncio
import contextlib
import json
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from pydantic import ValidationError

from burnish_gateway.live.presence import Presence, Said
from burnish_gateway.live.ring import EventRing, Kept
from burnish_gateway.live.window import WINDOW_S, Window
from burnish_gateway.metrics import LIVE_ENDED, LIVE_STREAMS
from burnish_shared import streams, subjects
from burnish_shared.bus.connect import Bus
from burnish_shared.clock import Clock
from burnish_shared.contracts.events import EVENT_TYPES, Event
from burnish_shared.contracts.executions import CompletedBatch
from burnish_shared.db.changes import ChangeKind
from burnish_shared.db.config_cache import ChangeFeed
from burnish_shared.errors import ConcurrencyLimited, Unavailable
from burnish_shared.waiting import heeding

log = structlog.get_logger("burnish.live")

COALESCE_S: Final = 0.25
"""Figures are sent at most so often, whatever comes in."""

STREAMS_MOST: Final = 20
"""Open streams of one workspace at one gateway."""

EVENTS_WAITING_MOST: Final = 256
"""A reader that is further behind is dropped; it comes back with the id of its last event."""

LINGER_S: Final = 60.0
"""Executions are listened to for so long after somebody last asked for figures."""

COUNTED_REMEMBERED: Final = 20_000
"""Executions of which it is known that they were counted: the last minute, or of a busy installation what is sent again without a loss
(`stream_loss.DOUBTFUL_S`)."""

STOPPING: Final = "stopping"

TOLD_KINDS: Final[frozenset[ChangeKind]] = frozenset(
    {
        "alert_rule", "api_key", "budget", "chain", "comment", "dataset", "evaluator", "execution", "experiment", "guardrail", "member",
        "metric", "model", "prompt", "provider_key", "routing", "view",
    }
)  # fmt: skip
"""What several people have open at once, or that takes a right, a draft or a deleted text from somebody. Other kinds of configuration are
read anew when a page is opened, or say with a conflict that they were changed."""


@dataclass(slots=True, eq=False)
class Listener:
    """One open stream: figures and people that replace each other, and events that wait in order. `ended`: why it must end.

    `changed`: kinds of configuration that were changed since it was last told.
    `missed`: how many were put before those that come now; they do not make it a slow reader.
    """

    figures: bytes | None = None
    people: dict[str, bytes] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    events: deque[Kept] = field(default_factory=deque)
    missed: int = 0
    has_gap: bool = False
    ended: str | None = None
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def give(self, one: Kept) -> None:
        if len(self.events) >= EVENTS_WAITING_MOST + self.missed:
            self.end("too_slow")
            return
        self.events.append(one)
        self.woken.set()

    def meet(self, place: str, data: bytes) -> None:
        if place not in self.people and len(self.people) >= EVENTS_WAITING_MOST:
            self.end("too_slow")
            return
        self.people[place] = data
        self.woken.set()

    def note_changed(self, *kinds: str) -> None:
        self.changed.update(kinds)
        self.woken.set()

    def end(self, reason: str) -> None:
        self.ended = self.ended or reason
        self.woken.set()


@dataclass(slots=True)
class _Watched:
    """A workspace that somebody looks at."""

    since_s: float
    asked_at_s: float
    window: Window = field(default_factory=Window)
    listeners: set[Listener] = field(default_factory=set)
    shown: dict[str, Any] | None = None
    sent: bytes = b""


class LiveHub:
    """`start` once; `stop` before the server waits for open answers."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self.ring = EventRing(since_ms=self.now_ms())
        self._watched: dict[UUID, _Watched] = {}
        self._counted: OrderedDict[UUID, None] = OrderedDict()
        self._records: Subscription | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._subscribing = asyncio.Lock()
        self._presence = Presence()
        self._stops = False

    def now_ms(self) -> int:
        return int(self._now_s() * 1000)

    async def start(self) -> None:
        """Listens to events from now on."""
        for kind in EVENT_TYPES:
            await self._bus.nc.subscribe(streams.event_subjects(kind), cb=self._on_event)
        await self._bus.nc.subscribe(subjects.PRESENCE, cb=self._on_presence)
        self._bus.on_reconnect(self._on_reconnect)

    def follow(self, feed: ChangeFeed) -> None:
        """Tells from now on which kinds of configuration change, so that no page goes on with what is not so any more."""
        feed.subscribe(self._on_change, reset=self._on_missed_changes)

    async def close(self) -> None:
        self.stop()
        self._bus.forget(self._on_reconnect)
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)

    def stop(self) -> None:
        """Ends every stream, which none does by itself, and lets no other begin: a page asks anew within a second. Idempotent."""
        self._stops = True
        for watched in self._watched.values():
            for one in watched.listeners:
                one.end(STOPPING)

    def _check_room(self, workspace_id: UUID) -> None:
        if self._stops:
            raise Unavailable("This gateway is stopping; connect again.")
        watched = self._watched.get(workspace_id)
        if watched is not None and len(watched.listeners) >= STREAMS_MOST:
            raise ConcurrencyLimited(
                f"This workspace has {STREAMS_MOST} live streams open at this gateway, which is the most; close one first.",
                retry_after_s=10,
            )

    @contextlib.contextmanager
    def listening(self, workspace_id: UUID) -> Iterator[Listener]:
        """A listener for as long as the block runs.

        Raises ConcurrencyLimited when the workspace has STREAMS_MOST open here, Unavailable once the gateway stops.
        """
        self._check_room(workspace_id)
        listener = Listener()
        watched = self._watch(workspace_id)
        listener.figures = watched.sent or None
        watched.listeners.add(listener)
        LIVE_STREAMS.inc()
        try:
            yield listener
        finally:
            LIVE_STREAMS.dec()
            LIVE_ENDED.labels(listener.ended or "left").inc()
            watched.listeners.discard(listener)
            watched.asked_at_s = self._now_s()

    async def note_here(self, workspace_id: UUID, said: Said) -> None:
        """Tells everybody who looks, at every gateway, where somebody is."""
        self._hear(workspace_id, said)
        with contextlib.suppress(NatsError):  # While NATS is away those at this gateway see each other.
            await heeding(self._bus.nc.publish(subjects.presence(workspace_id), said.model_dump_json().encode()))

    def who_is_at(self, workspace_id: UUID, place: str) -> dict[str, Any]:
        """`place` and its `people`, as far as this gateway has heard: each tab says it again within 15 s."""
        people = self._presence.people(workspace_id, place, now_ms=self.now_ms())
        return {
            "place": place,
            "people": [
                {"user_id": str(one["user_id"]), "editing": one["editing"], "since": _moment(one["since_ms"] / 1000)} for one in people
            ],
        }

    def _hear(self, workspace_id: UUID, said: Said) -> None:
        if not self._watched:  # Nobody ticks then, and other gateways are heard all the same.
            self._presence.expire(now_ms=self.now_ms())
        if self._presence.hear(workspace_id, said, now_ms=self.now_ms()):
            self._tell_who_is_at(workspace_id, said.place)

    def _tell_who_is_at(self, workspace_id: UUID, place: str) -> None:
        watched = self._watched.get(workspace_id)
        if watched is None or not watched.listeners:
            return
        data = json.dumps(self.who_is_at(workspace_id, place)).encode()
        for one in watched.listeners:
            one.meet(place, data)

    async def _on_presence(self, message: Msg) -> None:
        try:
            workspace_id, said = UUID(message.subject.rpartition(".")[2]), Said.model_validate_json(message.data)
        except ValueError:
            return
        self._hear(workspace_id, said)

    async def figures(self, workspace_id: UUID) -> dict[str, Any]:
        """The last minute, as far as this gateway has listened: `seen_s` of `window_s`. Asking makes it go on listening for a minute."""
        watched = self._watch(workspace_id)
        await self.ensure_records()
        return self._figures(watched)

    async def ensure_records(self) -> None:
        """Subscribes to finished executions while somebody looks; nobody else pays for reading them."""
        async with self._subscribing:
            if self._records is None and self._watched:
                self._records = await self._bus.nc.subscribe(subjects.EXECUTIONS_COMPLETED_BATCH, cb=self._on_records)
            if self._ticking is None or self._ticking.done():
                self._ticking = asyncio.create_task(self._tick())

    def _watch(self, workspace_id: UUID) -> _Watched:
        now_s = self._now_s()
        watched = self._watched.setdefault(workspace_id, _Watched(since_s=now_s, asked_at_s=now_s))
        watched.asked_at_s = now_s
        return watched

    async def _tick(self) -> None:
        while not await self._is_over():
            await asyncio.sleep(COALESCE_S)
            now_s = self._now_s()
            for workspace_id, place in self._presence.expire(now_ms=self.now_ms()):
                self._tell_who_is_at(workspace_id, place)
            for workspace_id, watched in list(self._watched.items()):
                if not watched.listeners and now_s - watched.asked_at_s > LINGER_S:
                    del self._watched[workspace_id]
                elif watched.listeners:
                    self._send_figures(watched)

    async def _is_over(self) -> bool:
        """Nobody looks any more: then nothing is listened to either, and whoever comes next begins anew."""
        if self._watched:
            return False
        async with self._subscribing:
            if self._watched:
                return False
            if self._records is not None:
                records, self._records = self._records, None
                await records.unsubscribe()
            self._ticking = None
            return True

    def _send_figures(self, watched: _Watched) -> None:
        figures = watched.window.figures(now_s=self._now_s())
        if figures == watched.shown:
            return
        watched.shown = figures
        watched.sent = json.dumps(self._figures(watched)).encode()
        for one in watched.listeners:
            one.figures = watched.sent
            one.woken.set()

    def _figures(self, watched: _Watched) -> dict[str, Any]:
        now_s = self._now_s()
        return {
            "at": _moment(now_s),
            "window_s": WINDOW_S,
            "seen_s": round(min(WINDOW_S, now_s - watched.since_s), 1),
            **watched.window.figures(now_s=now_s),
        }

    async def _on_records(self, message: Msg) -> None:
        try:
            batch = CompletedBatch.model_validate_json(message.data)
        except ValidationError:
            return  # analytics reads the same message from the stream and dead-letters it
        now_s = self._now_s()
        for item in batch.items:
            watched = self._watched.get(item.workspace_id)
            if watched is not None and item.finished_at.timestamp() > now_s - WINDOW_S and self._is_new(item.execution_id):
                watched.window.add(item, now_s=now_s)

    def _is_new(self, execution_id: UUID) -> bool:
        """Whether it was not counted yet: a relay that begins anew sends what it sent last again, perhaps in other company."""
        if execution_id in self._counted:
            return False
        self._counted[execution_id] = None
        if len(self._counted) > COUNTED_REMEMBERED:
            self._counted.popitem(last=False)
        return True

    async def _on_event(self, message: Msg) -> None:
        try:
            event = Event.model_validate_json(message.data)
        except ValidationError:
            return
        if message.subject != event.subject():
            return
        data = event.model_dump_json(exclude={"v", "traceparent", "hops"}).encode()
        kept = Kept(self.now_ms(), event.id, event.type, data)
        if self.ring.add(event.workspace_id, kept):
            watched = self._watched.get(event.workspace_id)
            for one in watched.listeners if watched else ():
                one.give(kept)

    def _on_change(self, workspace_id: UUID | None, kind: str, _key: str) -> None:
        """`workspace_id` None: of all workspaces. What was changed is not told, only of which kind it is: a page reads what it may."""
        if kind not in TOLD_KINDS:
            return
        for watched in self._looked_at(workspace_id):
            for one in watched.listeners:
                one.note_changed(kind)

    def _on_missed_changes(self) -> None:
        for watched in self._watched.values():
            for one in watched.listeners:
                one.note_changed(*TOLD_KINDS)

    def _looked_at(self, workspace_id: UUID | None) -> list[_Watched]:
        if workspace_id is None:
            return list(self._watched.values())
        watched = self._watched.get(workspace_id)
        return [watched] if watched else []

    def _on_reconnect(self) -> None:
        """What was sent while NATS was away is not here."""
        self.ring.clear(since_ms=self.now_ms())
        now_s = self._now_s()
        for watched in self._watched.values():
            watched.since_s = now_s
            for one in watched.listeners:
                one.has_gap = True
                one.woken.set()

    def _now_s(self) -> float:
        return self._clock.now().timestamp()


def _moment(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
