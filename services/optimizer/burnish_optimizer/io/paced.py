"""Questions that wait for a route which has no room for them now."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field

from burnish_optimizer.core.pace import Pace
from burnish_optimizer.io.asked import Asked, route_of


@dataclass(slots=True)
class Paced:
    """Holds them back while their route rests, and while as many as it takes are on their way. `wake`: said when a rest is over."""

    most: int
    wake: Callable[[], None]
    pace: Pace = field(init=False)
    _held: dict[Hashable, deque[Asked]] = field(default_factory=dict)
    _rests: dict[Hashable, asyncio.TimerHandle] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pace = Pace(self.most)

    def take(self, pending: deque[Asked], room: int, *, out: Iterable[Asked]) -> list[Asked]:
        """The next, `room` at most, of those that were held and then of `pending`; `out`: those that are on their way.

        What it passes over is held, before what comes later. Call it again whenever one of `out` came back, and when it says `wake`.
        """
        if room <= 0:
            return []
        for route in [one for one in self._held if one not in self._rests]:
            pending.extendleft(reversed(self._held.pop(route)))
        now, taken = asyncio.get_running_loop().time(), list[Asked]()
        there = Counter(route_of(one.question) for one in out)
        while pending and len(taken) < room:
            asked = pending.popleft()
            route = route_of(asked.question)
            if there[route] < self.pace.room(route, now=now):
                there[route] += 1
                taken.append(asked)
            else:
                self._held.setdefault(route, deque()).append(asked)
                self._rest(route)
        return taken

    def limited(self, asked: Asked, *, wait_s: float) -> None:
        """Its route is left alone for so long, and then it is asked again, before others."""
        route = route_of(asked.question)
        self.pace.limited(route, now=asyncio.get_running_loop().time(), wait_s=wait_s)
        self._held.setdefault(route, deque()).appendleft(asked)
        self._rest(route)

    def answered(self, asked: Asked) -> None:
        """Its route had room for it."""
        self.pace.answered(route_of(asked.question), now=asyncio.get_running_loop().time())

    def moves(self, asked: Asked) -> bool:
        """Does its route answer anything now and then?"""
        return self.pace.moves(route_of(asked.question), now=asyncio.get_running_loop().time())

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

    def _rest(self, route: Hashable) -> None:
        """Sees to it that its end is told, where it rests."""
        loop, until = asyncio.get_running_loop(), self.pace.rests_until(route)
        if until > loop.time() and route not in self._rests:
            self._rests[route] = loop.call_at(until, self._rested, route)

    def _rested(self, route: Hashable) -> None:
        self._rests.pop(route, None)
        self.wake()
