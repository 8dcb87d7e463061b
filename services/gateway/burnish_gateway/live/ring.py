"""The newest events of each workspace, for streams that broke off and come back. Pure; times are milliseconds since 1970.

Each gateway has a ring of its own, and two gateways may have heard two events in different order, or one of them much later: it stood
still. A stream that comes back therefore begins where this gateway heard its last event, wherever it was seen, and gets what arrived up to
OVERLAP_MS before that once more: at least once, told apart by the event's id.
"""

import re
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

PER_WORKSPACE: Final = 500
IN_ALL: Final = 20_000
"""Events in memory; with at most some hundred bytes each about 20 MB."""

OVERLAP_MS: Final = 1_000

POSITION: Final = re.compile(r"(\d{1,15})(?:\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}))?")
"""`<arrival in ms>.<event id>`, or the time alone for a stream that has shown no event yet."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One event as it is sent."""

    at_ms: int
    event_id: UUID
    event_type: str
    data: bytes

    @property
    def position(self) -> str:
        return f"{self.at_ms}.{self.event_id}"


@dataclass(slots=True)
class EventRing:
    """`since_ms`: events that arrived before are not here. It moves on for a workspace that loses events to the bounds.

    `_order`: as they arrived, of all workspaces; also of those that the bound of their workspace has dropped, which `_size` does not count.
    """

    since_ms: int
    _kept: dict[UUID, OrderedDict[UUID, Kept]] = field(default_factory=dict)
    _order: deque[tuple[UUID, UUID]] = field(default_factory=deque)
    _lost_until_ms: dict[UUID, int] = field(default_factory=dict)
    _size: int = 0

    def add(self, workspace_id: UUID, one: Kept) -> bool:
        """False for an event that is here already: outboxes send at least once."""
        own = self._kept.setdefault(workspace_id, OrderedDict())
        if one.event_id in own:
            return False
        own[one.event_id] = one
        self._order.append((workspace_id, one.event_id))
        self._size += 1
        if len(own) > PER_WORKSPACE:
            self._drop(workspace_id, next(iter(own)))
        while self._size > IN_ALL:
            self._drop(*self._order.popleft())
        if len(self._order) > 2 * IN_ALL:
            self._order = deque(place for place in self._order if place[1] in self._kept.get(place[0], ()))
        return True

    def clear(self, *, since_ms: int) -> None:
        """Events may have been missed until now."""
        self.since_ms = since_ms
        self._kept.clear()
        self._order.clear()
        self._size = 0
        self._lost_until_ms.clear()

    def after(self, workspace_id: UUID, position: str, *, now_ms: int) -> tuple[list[Kept], bool]:
        """What came after `position` (and shortly before), and whether something in between may not be here. ValueError: no position.

        A position that lies ahead of `now_ms` is of a gateway whose clock is: what came here since then looks as if it came before.
        """
        found = POSITION.fullmatch(position)
        if found is None:
            raise ValueError(position)
        at_ms, last = int(found[1]), UUID(found[2]) if found[2] else None
        own = self._kept.get(workspace_id)
        seen = own.get(last) if own and last else None
        if seen is not None:
            at_ms = min(at_ms, seen.at_ms)
        is_unknown = seen is None and (last is not None or at_ms > now_ms)
        kept = [one for one in self._own(workspace_id) if one.at_ms >= at_ms - OVERLAP_MS and one.event_id != last]
        return kept, is_unknown or at_ms < max(self.since_ms, self._lost_until_ms.get(workspace_id, 0))

    def _own(self, workspace_id: UUID) -> Iterator[Kept]:
        return iter(self._kept.get(workspace_id, {}).values())

    def _drop(self, workspace_id: UUID, event_id: UUID) -> None:
        """Does nothing for an event that the bound of its workspace has dropped before."""
        own = self._kept.get(workspace_id)
        dropped = own.pop(event_id, None) if own else None
        if own is None or dropped is None:
            return
        self._size -= 1
        self._lost_until_ms[workspace_id] = max(dropped.at_ms, self._lost_until_ms.get(workspace_id, 0))
        if not own:
            del self._kept[workspace_id]
