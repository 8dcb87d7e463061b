"""Whose turn it is at the workers: a bounded wait, and no tenant with more than its share."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence

from burnish_shared.sandbox.outcome import Failed, FailureKind, Plain, Result

WAIT_S = 5.0
"""How long a run waits for a worker."""

WAITING_MOST = 2_000
"""Runs that may wait; beyond it the next is turned away at once, so that memory stays bounded."""

REST_S = 0.25
"""After so long a worker may be free."""

BUSY = Failed(FailureKind.UNAVAILABLE, "every worker is busy; try again", rest_s=REST_S)


class Turns:
    """At most `workers` runs at once, a third of them (at least one) for one tenant. Who gives no name has no share to keep to."""

    def __init__(self, workers: int, *, wait_s: float = WAIT_S) -> None:
        """`wait_s`: how long a run waits for its turn."""
        self._wait_s = wait_s
        self._all = asyncio.Semaphore(workers)
        self._share = max(1, workers // 3)
        self._tenants: dict[str, asyncio.Semaphore] = {}
        self._users: dict[str, int] = {}
        self._waiting = 0

    @contextlib.asynccontextmanager
    async def turn(self, tenant: str) -> AsyncIterator[bool]:
        """Yields True when a worker is the caller's, False when none was to be had."""
        if self._waiting >= WAITING_MOST:
            yield False
            return
        with self._share_of(tenant) as own:
            self._waiting += 1
            try:
                got = await self._acquire(own)
            finally:
                self._waiting -= 1
            try:
                yield got
            finally:
                if got:
                    self._all.release()
                    own.release()

    @contextlib.contextmanager
    def _share_of(self, tenant: str) -> Iterator[asyncio.Semaphore]:
        """The tenant's own turnstile, kept for as long as somebody uses it."""
        if not tenant:
            yield asyncio.Semaphore(1)
            return
        self._users[tenant] = self._users.get(tenant, 0) + 1
        try:
            yield self._tenants.setdefault(tenant, asyncio.Semaphore(self._share))
        finally:
            self._users[tenant] -= 1
            if self._users[tenant] == 0:
                del self._users[tenant], self._tenants[tenant]

    async def _acquire(self, own: asyncio.Semaphore) -> bool:
        try:
            async with asyncio.timeout(self._wait_s):
                await own.acquire()
                try:
                    await self._all.acquire()
                except BaseException:
                    own.release()
                    raise
        except TimeoutError:
            return False
        return True


class Room:
    """What may wait at once, in runs and in bytes; half of both (at least one run) for one tenant. Who gives no name has no share."""

    def __init__(self, *, runs: int = WAITING_MOST, n_bytes: int) -> None:
        self._most = (runs, n_bytes)
        self._runs: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()

    @contextlib.contextmanager
    def place(self, tenant: str, n_bytes: int) -> Iterator[bool]:
        """Yields True, and keeps the place for as long as it is entered; False where there is none."""
        runs, most_bytes = self._most
        own, own_bytes = (max(1, runs // 2), most_bytes // 2) if tenant else self._most
        fits = self._runs.total() < runs and self._bytes.total() + n_bytes <= most_bytes
        if not fits or self._runs[tenant] >= own or self._bytes[tenant] + n_bytes > own_bytes:
            yield False
            return
        self._add(tenant, 1, n_bytes)
        try:
            yield True
        finally:
            self._add(tenant, -1, -n_bytes)

    def _add(self, tenant: str, runs: int, n_bytes: int) -> None:
        self._runs[tenant] += runs
        self._bytes[tenant] += n_bytes
        if not self._runs[tenant]:
            del self._runs[tenant], self._bytes[tenant]


async def run_each(
    run: Callable[[Mapping[str, Plain]], Awaitable[Result]], many: Sequence[Mapping[str, Plain]], *, at_once: int
) -> list[Result]:
    """The results in the order of the inputs, so many runs at once."""
    made: list[Result] = [BUSY] * len(many)
    left = iter(range(len(many)))

    async def take() -> None:
        for index in left:
            made[index] = await run(many[index])

    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, len(many))):
            group.create_task(take())
    return made
