"""Questions that wait for a route which has no room for them now."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from burnish_optimizer.core.pace import Pace, Why
from burnish_optimizer.core.retry import is_account_empty, may_flow_again, wait_asked_s
from burnish_optimizer.io.asked import Asked, route_of
from burnish_optimizer.io.evaluations_store import Booked


@dataclass(frozen=True, slots=True)
class Wait:
    """Why questions for a model wait; `until` by the event loop's clock."""

    model: str
    why: Why
    until: float


@dataclass(slots=True)
class Paced:
    """Holds those of one workspace back while their route rests, and while as many as it takes are on their way.

    The pace is shared by all work of a process, so that none forgets what another heard. `_wake`: told when something may be taken.
    """

    _pace: Pace
    _workspace_id: UUID
    _wake: Callable[[], None]
    _held: dict[Hashable, deque[Asked]] = field(default_factory=dict)
    _rests: dict[Hashable, asyncio.TimerHandle] = field(default_factory=dict)

    @property
    def held_count(self) -> int:
        """How many are."""
        return sum(map(len, self._held.values()))

    @property
    def waits(self) -> list[Wait]:
        """What those that are held wait for, a model and reason once, sorted."""
        soonest = dict[tuple[str, Why], float]()
        for route, (first, *_) in ((route, held) for route, held in self._held.items() if held):
            if (found := self._pace.waits_for(route)) is not None:
                of = first.question.route.model, found[0]
                soonest[of] = min(found[1], soonest.get(of, found[1]))
        return [Wait(model, why, until) for (model, why), until in sorted(soonest.items())]

    def take(self, pending: deque[Asked], room: int, *, out: Iterable[Asked]) -> list[Asked]:
        """The next, `room` at most, of those that were held and then of `pending`; `out`: those that are on their way.

        What it passes over is held, before what comes later; what nobody waits for any more is dropped. Call it again whenever one of
        `out` came back, and when it tells `_wake`.
        """
        if room <= 0:
            return []
        for route in [one for one in self._held if one not in self._rests]:
            pending.extendleft(reversed(self._held.pop(route)))
        now, taken = asyncio.get_running_loop().time(), list[Asked]()
        there = Counter(self._route(one) for one in out)
        while pending and len(taken) < room:
            asked = pending.popleft()
            if not asked.askers:
                asked.answer.cancel()
                continue
            route = self._route(asked)
            if there[route] < self._pace.room(route, now=now):
                there[route] += 1
                taken.append(asked)
            else:
                self._hold(route, asked, now=now)
        return taken

    def heard(self, asked: Asked, booked: Booked) -> None:
        """What came back says of its route. Say it before anything else is taken. Only lines of batches count: they have a day, or days."""
        if asked.question.made is None:
            return
        route, now = self._route(asked), asyncio.get_running_loop().time()
        if may_flow_again(booked):
            why: Why = "provider_account" if is_account_empty(booked) else "provider_limit"
            self._pace.limited(route, now=now, wait_s=wait_asked_s(booked), why=why)
        elif booked.status == "success" or not (booked.error or {}).get("retryable", True):
            self._pace.answered(route, now=now)

    def only_waits(self, asked: Asked, booked: Booked) -> bool:
        """A line of a batch waits for a limit, or for money in the provider's account, as often as it takes, as long as its route lets
        anything through."""
        is_limited = asked.question.made is not None and may_flow_again(booked)
        return is_limited and self._pace.moves(self._route(asked), now=asyncio.get_running_loop().time())

    def put_back(self, asked: Sequence[Asked]) -> None:
        """Those that were sent away are asked again, in their order and before others, as soon as their route has room."""
        for one in reversed(asked):
            self._held.setdefault(self._route(one), deque()).appendleft(one)
        self._wake()

    def let_all_go(self) -> list[Asked]:
        """All that are held, which are held no more."""
        self.cancel()
        held = [asked for of_route in self._held.values() for asked in of_route]
        self._held.clear()
        return held

    def cancel(self) -> None:
        for timer in self._rests.values():
            timer.cancel()
        self._rests.clear()

    def _route(self, asked: Asked) -> Hashable:
        return self._workspace_id, route_of(asked.question)

    def _hold(self, route: Hashable, asked: Asked, *, now: float) -> None:
        """Either its route rests, whose end is told, or others are on their way there, which come back."""
        self._held.setdefault(route, deque()).append(asked)
        until = self._pace.rests_until(route)
        if until > now and route not in self._rests:
            self._rests[route] = asyncio.get_running_loop().call_at(until, self._rested, route)

    def _rested(self, route: Hashable) -> None:
        self._rests.pop(route, None)
        self._wake()
