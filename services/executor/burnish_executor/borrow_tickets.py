"""Lets calls of limited provider keys begin when their provider allows it, whichever executor makes them (PRODUCT E8).

One statement at a time borrows for all who asked meanwhile, and a bit ahead, so that a busy key costs no question to PostgreSQL per call.
"""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from uuid import UUID

import structlog

from burnish_executor import metrics
from burnish_executor.core.limits import Said
from burnish_executor.core.tickets import LIFE_S, Kind, Permit, Pool, Rate, Wanted, Wish
from burnish_executor.io import tickets_store
from burnish_shared.contracts.provider_keys import UNLIMITED, KeyLimits
from burnish_shared.db.session import BUSY, UNAVAILABLE, DurableConnection
from burnish_shared.errors import Unavailable
from burnish_shared.waiting import came

log = structlog.get_logger("burnish.executor")

ROUND_S: Final = 0.25
"""So often what was not used is given back while nobody asks."""

LEARNED_S: Final = 120.0
"""A limit that was learned is forgotten when its provider has not said for so long that it is tight."""

POOLS_MOST: Final = 10_000
"""Beyond it those that nobody uses at the moment are forgotten; what was borrowed is in the shared count all the same."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose limits count for a call. `place`: address and key; `model`: by its provider's name; `limits`: those that were written down."""

    place: str
    model: str
    limits: KeyLimits = UNLIMITED

    @property
    def scope(self) -> str:
        """Place and model together, of one length whatever they are: what executors tell each other."""
        return sha256(f"{self.place}|{self.model}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Denied:
    """No ticket within the caller's patience; there may be one in `wait_s`."""

    wait_s: float


@dataclass(slots=True)
class _Learned:
    limits: KeyLimits
    until: float


@dataclass(slots=True)
class Tickets:
    """`run` must be running. Limits that were written down are a key's; those that were learned are a key's and a model's."""

    connection: DurableConnection
    _pools: dict[str, Pool] = field(default_factory=dict)
    _busy: dict[int, Pool] = field(default_factory=dict)
    _learned: dict[str, _Learned] = field(default_factory=dict)
    _futures: "dict[int, asyncio.Future[None]]" = field(default_factory=dict)
    _asked: asyncio.Event = field(default_factory=asyncio.Event)
    _round: asyncio.TimerHandle | None = None

    async def close(self) -> None:
        await self.connection.close()

    def limits(self, account: Account) -> bool:
        """Does anything limit calls of this key?"""
        return self._pool(account) is not None

    async def take(self, account: Account, *, owner: Hashable, tokens: int, patience_s: float) -> "Ticket | Denied | None":
        """None: nothing limits this call. `owner`: callers of different ones take turns. Raises Unavailable while nobody can count."""
        pool = self._pool(account)
        if pool is None:
            return None
        loop = asyncio.get_running_loop()
        wanted = Wanted(owner, tokens, until=loop.time() + patience_s, since=loop.time())
        pool.want(wanted, now=loop.time())
        self._busy[id(pool)] = pool
        if not wanted.is_decided:
            metrics.TICKETS.labels("asked").inc()
            await self._decision(pool, wanted)
        if wanted.permit is None:
            return Denied(max(0.1, (wanted.denied_until or 0.0) - loop.time()))
        metrics.TICKETS.labels("taken").inc()
        return Ticket(pool, wanted.permit)

    def settle(self, ticket: "Ticket", *, used_tokens: int) -> None:
        """What the call used; the rest of its tickets may be used by others."""
        ticket.pool.settle(ticket.permit, used_tokens)
        self._busy[id(ticket.pool)] = ticket.pool
        if ticket.pool.is_waited_for:
            self._asked.set()
        elif self._round is None:
            self._round = asyncio.get_running_loop().call_later(ROUND_S, self._end_round)

    def learn(self, account: Account, said: Said) -> KeyLimits | None:
        """What the provider said with an answer. Limits that somebody wrote down for the key stand in its place.

        Returns what other executors should hear; None: nothing new.
        """
        tight = said.tight()
        if account.limits.are_set or not tight:
            return None
        news = self.hear(account.scope, said.limits())
        pool = self._pool(account)
        for kind, rate in pool.rates.items() if pool else ():
            left = tight.get(kind)
            if left is not None:
                rate.used, rate.used_for_s = left.per_minute - left.remaining, 60.0 if left.whole_in_s is None else left.whole_in_s
        if pool is not None:
            self._busy[id(pool)] = pool
            self._asked.set()
        return news

    def hear(self, scope: str, limits: KeyLimits) -> KeyLimits | None:
        """These limits are tight now. Returns them together with those that were known before, where that is news."""
        now = asyncio.get_running_loop().time()
        before = self._learned.get(scope)
        if before is not None and before.until > now:
            limits = KeyLimits(
                limits.requests_per_minute or before.limits.requests_per_minute, limits.tokens_per_minute or before.limits.tokens_per_minute
            )
            if limits == before.limits and before.until - now > LEARNED_S / 2:
                return None
        else:
            metrics.TICKETS.labels("limit_learned").inc()
        self._learned[scope] = _Learned(limits, now + LEARNED_S)
        return limits

    async def run(self) -> None:
        """Asks the shared count until it is cancelled."""
        while True:
            await came(self._asked, within_s=self._pause_s())
            self._asked.clear()
            wishes = self._wishes(asyncio.get_running_loop().time())
            if wishes:
                await self._ask(wishes)

    def _end_round(self) -> None:
        self._round = None
        self._asked.set()

    async def _decision(self, pool: Pool, wanted: Wanted) -> None:
        """Waits until somebody decided. Who is cancelled meanwhile gives up its place, or gives back what it was granted in that moment."""
        future = self._futures[id(wanted)] = asyncio.get_running_loop().create_future()
        self._asked.set()
        try:
            await future
        except asyncio.CancelledError:
            wanted.gave_up = True
            if wanted.permit is not None:
                self.settle(Ticket(pool, wanted.permit), used_tokens=0)
            raise
        finally:
            del self._futures[id(wanted)]

    def _pool(self, account: Account) -> Pool | None:
        """The limits that count for this call; None: none."""
        limits, scope = account.limits, account.place
        if not limits.are_set:
            if not self._learned:
                return None
            scope = account.scope
            learned = self._learned.get(scope)
            if learned is None:
                return None
            if learned.until <= asyncio.get_running_loop().time():
                del self._learned[scope]
                return None
            limits = learned.limits
        pool = self._pools.get(scope)
        if pool is None:
            pool = self._pools[scope] = Pool({})
            if len(self._pools) > POOLS_MOST:
                self._pools = {one: pool for one, pool in self._pools.items() if id(pool) in self._busy or one == scope}
        _adjust(pool, limits, scope=scope)
        return pool

    def _pause_s(self) -> float | None:
        """Until somebody must be asked again; None: nothing is due."""
        now = asyncio.get_running_loop().time()
        waits = [max(0.0, pool.asks_at - now) if pool.is_waited_for else ROUND_S for pool in self._busy.values()]
        return min(waits, default=None)

    def _wishes(self, now: float) -> list[tuple[Pool, Kind, Wish]]:
        """Of pools that somebody used lately. One that has nothing more to say is left alone until somebody uses it again."""
        found: list[tuple[Pool, Kind, Wish]] = []
        for pool in list(self._busy.values()):
            wishes = pool.wishes(now)
            found += [(pool, kind, wish) for kind, wish in wishes.items()]
            if not wishes and pool.is_idle:
                del self._busy[id(pool)]
        return found

    async def _ask(self, wishes: list[tuple[Pool, Kind, Wish]]) -> None:
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        try:
            lent = await tickets_store.borrow(self.connection, [wish for _, _, wish in wishes])
        except (*UNAVAILABLE, *BUSY) as error:
            log.warning("tickets.not_borrowed", error=type(error).__name__, limits=len(wishes))
            self._fail(wishes)
            await asyncio.sleep(ROUND_S)
            return
        metrics.TICKETS.labels("borrowed").inc(sum(one.tickets for one in lent))
        waits: dict[int, tuple[Pool, float]] = {}
        for (pool, kind, wish), one in zip(wishes, lent, strict=True):
            rate = pool.rates.get(kind)  # Meanwhile somebody may have taken the limit off the key.
            if rate is not None:
                rate.got(one.tickets, second=one.second, good_until=began_at + LIFE_S)
            if wish.want:
                waits[id(pool)] = (pool, max(one.wait_s, waits.get(id(pool), (pool, 0.0))[1]))
        for pool, wait_s in waits.values():
            self._tell(pool.share(loop.time()))
            if wait_s:
                self._tell(pool.deny(loop.time() + wait_s, now=loop.time()))

    def _tell(self, decided: list[Wanted]) -> None:
        for wanted in decided:
            future = self._futures.get(id(wanted))
            if future is not None and not future.done():
                future.set_result(None)

    def _fail(self, wishes: list[tuple[Pool, Kind, Wish]]) -> None:
        for pool, kind, wish in wishes:
            rate = pool.rates.get(kind)
            if rate is not None:
                rate.unsaid(wish)
            for wanted in pool.abandon():
                future = self._futures.get(id(wanted))
                if future is not None and not future.done():
                    future.set_exception(Unavailable("The limits of this provider key cannot be counted at the moment.", retry_after_s=1))


@dataclass(frozen=True, slots=True)
class Ticket:
    """One call may be made; `Tickets.settle` says afterwards what it used."""

    pool: Pool
    permit: Permit


def _adjust(pool: Pool, limits: KeyLimits, *, scope: str) -> None:
    """The pool counts by these limits, and by no others. What was said of other ones before is no answer any more."""
    wanted: dict[Kind, int | None] = {"requests": limits.requests_per_minute, "tokens": limits.tokens_per_minute}
    for kind, per_minute in wanted.items():
        rate = pool.rates.get(kind)
        if per_minute == (rate.per_minute if rate else None):
            continue
        pool.asks_at = 0.0
        if per_minute is None:
            del pool.rates[kind]
        elif rate is None:
            pool.rates[kind] = Rate(UUID(bytes=sha256(f"{scope}|{kind}".encode()).digest()[:16]), per_minute)
        else:
            rate.per_minute = per_minute
