"""Tickets for calls of a provider that limits them, borrowed a second ahead and shared out fairly. Pure: times are the caller's.

Whoever calls takes a ticket for the request and as many for tokens as the call may use. Tickets are borrowed from the one count that all
executors share, some at once, as TensorZero does (github.com/tensorzero/tensorzero, rate limiting). What is in hand for longer than
LIFE_S is given back, because the shared count knows when a ticket was borrowed, not when it was used.
"""

from collections import OrderedDict, deque
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from uuid import UUID

Kind = Literal["requests", "tokens"]

LIFE_S: Final = 1.0
"""How long a borrowed ticket may be used."""

SOON_S: Final = 0.25
"""Tokens come back from calls that did not need them, so it is worth asking for some again so soon."""

ROUNDS_S: Final = 0.6
"""What another executor gives back is in the shared count within this time: nobody is sent away before."""

AHEAD_RATIO: Final = 0.05
"""At most this part of a limit is borrowed for calls that have not come yet: other executors want some too."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of the shared count for one limit. `back`: by second of borrowing, what was not used (below 0: what was used beyond).

    `least`: fewer would help nobody. `used`: at least so much is used by what the provider said, and leaves within `used_for_s`.
    """

    rate_id: UUID
    per_minute: int
    want: int
    least: int
    back: Mapping[int, int]
    used: int
    used_for_s: float


@dataclass(frozen=True, slots=True)
class Permit:
    """One call may be made. `tokens` were reserved for it, borrowed in this second of the shared count; 0: tokens are not limited."""

    tokens: int
    second: int


@dataclass(slots=True)
class Rate:
    """One limit, as this executor sees it."""

    rate_id: UUID
    per_minute: int
    in_hand: int = 0
    good_until: float = 0.0
    second: int = 0
    taken: int = 0
    back: dict[int, int] = field(default_factory=dict)
    used: int = 0
    used_for_s: float = 0.0

    def drop_old(self, now: float) -> None:
        """Tickets that were in hand too long go back, and what was borrowed ahead was too much."""
        if self.in_hand and now >= self.good_until:
            self.give_back(self.in_hand, self.second)
            self.in_hand = self.taken = 0

    def give_back(self, tickets: int, second: int) -> None:
        if tickets:
            self.back[second] = self.back.get(second, 0) + tickets

    def wish(self, need: int, least: int) -> Wish | None:
        """`need`: of those who wait. More is asked for when many were taken since the last time. None: nothing to say."""
        ahead = min(self.taken, int(self.per_minute * AHEAD_RATIO))
        want = need + ahead - self.in_hand if need > self.in_hand else 0
        if not (want or self.back or self.used):
            return None
        made = Wish(self.rate_id, self.per_minute, want, min(max(0, least - self.in_hand), want), self.back, self.used, self.used_for_s)
        self.back, self.used, self.used_for_s, self.taken = {}, 0, 0.0, 0 if want else self.taken
        return made

    def unsaid(self, wish: Wish) -> None:
        """The wish did not arrive: what it gave back is still to be given back."""
        for second, tickets in wish.back.items():
            self.give_back(tickets, second)
        if wish.used > self.used:
            self.used, self.used_for_s = wish.used, wish.used_for_s

    def got(self, tickets: int, *, second: int, good_until: float) -> None:
        """Old ones in hand are as old as they are: what there is counts as borrowed then, and ends first."""
        if not tickets:
            return
        self.second, self.good_until = (
            (min(self.second, second), min(self.good_until, good_until)) if self.in_hand else (second, good_until)
        )
        self.in_hand += tickets


@dataclass(slots=True, eq=False)
class Wanted:
    """A call that waits for its tickets. `until`: it waits no longer, and hears when there would have been some."""

    owner: Hashable
    tokens: int
    until: float
    since: float = 0.0
    permit: Permit | None = None
    denied_until: float | None = None
    gave_up: bool = False

    @property
    def is_decided(self) -> bool:
        return self.permit is not None or self.denied_until is not None or self.gave_up


@dataclass(slots=True)
class Pool:
    """The limits of one key, and who waits for it. Owners take turns, so that one with many calls does not stand before all others.

    `asks_at`: nobody asks before; `room_at`: when there is room if nothing comes back; `reserved_tokens`: of calls under way, which may.
    """

    rates: dict[Kind, Rate]
    asks_at: float = 0.0
    room_at: float = 0.0
    reserved_tokens: int = 0
    _waiting: "OrderedDict[Hashable, deque[Wanted]]" = field(default_factory=OrderedDict)

    def want(self, wanted: Wanted, *, now: float) -> None:
        """Decided at once where tickets are in hand and nobody waits, or where it has no patience; else it waits until `share` helps it."""
        waits_behind = self.is_waited_for
        self._waiting.setdefault(wanted.owner, deque()).append(wanted)
        if not waits_behind:
            self.share(now)
        if not wanted.is_decided and wanted.until < self.asks_at:
            wanted.denied_until = self.room_at

    def share(self, now: float) -> list[Wanted]:
        """Gives what is in hand to those whose turn it is. Returns whom it helped."""
        helped: list[Wanted] = []
        for rate in self.rates.values():
            rate.drop_old(now)
        while (first := self._first()) is not None and all(rate.in_hand >= self._need(first, kind) for kind, rate in self.rates.items()):
            for kind, rate in self.rates.items():
                rate.in_hand -= self._need(first, kind)
                rate.taken += self._need(first, kind)
            tokens = self.rates.get("tokens")
            first.permit = Permit(self._need(first, "tokens"), tokens.second) if tokens else Permit(0, 0)
            self.reserved_tokens += first.permit.tokens
            self._next_turn()
            helped.append(first)
        return helped

    def wishes(self, now: float) -> dict[Kind, Wish]:
        """What to ask the shared count for now; empty: nothing."""
        waiting = [one for queue in self._waiting.values() for one in queue if not one.is_decided]
        first = self._first()
        asks = first is not None and now >= self.asks_at
        found: dict[Kind, Wish] = {}
        for kind, rate in self.rates.items():
            rate.drop_old(now)
            need = min(rate.per_minute, sum(self._need(one, kind) for one in waiting)) if asks else 0
            wish = rate.wish(need, self._need(first, kind) if first is not None else 0)
            if wish is not None:
                found[kind] = wish
        return found

    def deny(self, until: float, *, now: float) -> list[Wanted]:
        """There is room then, or sooner where tokens come back. Returns those who do not wait so long."""
        self.room_at = until
        self.asks_at = min(until, now + SOON_S) if "tokens" in self.rates else until
        tired = [
            one
            for queue in self._waiting.values()
            for one in queue
            if not one.is_decided and (one.until < self.asks_at or (one.until < until and self._hopes_for_nothing(one, now)))
        ]
        for one in tired:
            one.denied_until = until
        self._first()
        return tired

    def _hopes_for_nothing(self, one: Wanted, now: float) -> bool:
        """No call of this executor may give something back, and what others did would have been seen by now."""
        return "tokens" not in self.rates or (not self.reserved_tokens and now - one.since >= ROUNDS_S)

    def abandon(self) -> list[Wanted]:
        """Everybody who waits, who then waits no more."""
        waiting = [one for queue in self._waiting.values() for one in queue if not one.is_decided]
        self._waiting.clear()
        return waiting

    def settle(self, permit: Permit, used_tokens: int) -> None:
        """What the call really used. Tokens beyond what was reserved count from now on."""
        self.reserved_tokens -= permit.tokens
        rate = self.rates.get("tokens")
        if rate is not None and permit.second:
            rate.give_back(permit.tokens - used_tokens, permit.second)
            self.asks_at = 0.0

    @property
    def is_waited_for(self) -> bool:
        return self._first() is not None

    @property
    def is_idle(self) -> bool:
        """Nobody waits, and there is nothing to give back."""
        return self._first() is None and not any(rate.in_hand or rate.back for rate in self.rates.values())

    def _need(self, one: Wanted, kind: Kind) -> int:
        """A call that may use more than a whole minute's tokens is let through alone: the provider may know better."""
        return 1 if kind == "requests" else min(one.tokens, self.rates["tokens"].per_minute) if "tokens" in self.rates else 0

    def _first(self) -> Wanted | None:
        """Whose turn it is; who was decided meanwhile is passed over."""
        while self._waiting:
            owner, queue = next(iter(self._waiting.items()))
            while queue and queue[0].is_decided:
                queue.popleft()
            if queue:
                return queue[0]
            del self._waiting[owner]
        return None

    def _next_turn(self) -> None:
        owner, queue = next(iter(self._waiting.items()))
        queue.popleft()
        if queue:
            self._waiting.move_to_end(owner)
        else:
            del self._waiting[owner]
