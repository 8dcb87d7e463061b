"""Names to addresses, with a time limit and without letting one slow name server, or one tenant's names, hold up the others."""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Final, Protocol

DNS_TIMEOUT_S = 2.0
"""PROMISES 5.1."""

DNS_THREADS: Final = 64
"""Lookups at once. The C library cannot be cancelled, so a hanging one keeps its thread after we stopped waiting."""

DNS_SHARE: Final = 4
"""Threads that one asker may hold. Who asks for more waits behind lookups of its own."""

HUNG_FOR_S: Final = 30.0
"""A name that did not answer in time is not asked for again so long: it would hold a thread each time."""

HUNG_MOST: Final = 10_000
"""Names of that kind that are remembered."""

_asker: ContextVar[str] = ContextVar("burnish_dns_asker", default="")


def look_up_for(asker: object) -> None:
    """Whose names this task looks up from here on: a workspace's id. Its lookups share DNS_SHARE threads."""
    _asker.set(str(asker))


class Resolver(Protocol):
    """Turns a name into every address it has."""

    async def resolve(self, host: str) -> Sequence[str]:
        """All addresses, IPv4 and IPv6, at least one. Raises OSError when there is none or no answer in time."""
        ...


class SystemResolver:
    """The machine's own resolver (`getaddrinfo`), in threads of its own. Several askers for one name share one lookup."""

    def __init__(self, *, timeout_s: float = DNS_TIMEOUT_S, look_up: Callable[[str], list[str]] | None = None) -> None:
        self._timeout_s = timeout_s
        self._look_up = look_up or _look_up
        self._threads = ThreadPoolExecutor(max_workers=DNS_THREADS, thread_name_prefix="dns")
        self._under_way: dict[str, asyncio.Future[list[str]]] = {}
        self._begun: set[str] = set()
        self._held: Counter[str] = Counter()
        self._next_end: asyncio.Future[None] | None = None
        self._hung_until_s: dict[str, float] = {}

    async def resolve(self, host: str) -> Sequence[str]:
        if self._hung_until_s.get(host, 0.0) > time.monotonic():
            raise OSError("no answer for the name a moment ago")
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.shield(await self._lookup(host))
        except TimeoutError:
            if host in self._begun:
                self._remember_hung(host)
            raise OSError(f"no answer for the name within {self._timeout_s:g} s") from None

    def close(self) -> None:
        """Lets waiting lookups go; those under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _lookup(self, host: str) -> "asyncio.Future[list[str]]":
        """The one lookup of a name, begun where there is none, once its asker has a thread left."""
        asker = _asker.get() or ".".join(host.rstrip(".").split(".")[-2:])
        loop = asyncio.get_running_loop()
        while host not in self._under_way:
            if self._held[asker] < DNS_SHARE:
                self._held[asker] += 1
                lookup = loop.run_in_executor(self._threads, self._begin, host)
                self._under_way[host] = lookup
                lookup.add_done_callback(lambda done: self._end(host, asker, done))
            else:
                self._next_end = self._next_end or loop.create_future()
                await asyncio.shield(self._next_end)
        return self._under_way[host]

    def _begin(self, host: str) -> list[str]:
        """In a thread. That it has begun tells a name that hangs from one that waits for a thread."""
        self._begun.add(host)
        return self._look_up(host)

    def _end(self, host: str, asker: str, done: "asyncio.Future[list[str]]") -> None:
        self._under_way.pop(host, None)
        self._begun.discard(host)
        self._held[asker] -= 1
        if not self._held[asker]:
            del self._held[asker]
        if self._next_end is not None:
            self._next_end.set_result(None)
            self._next_end = None
        # An error is read here, so that a lookup whose askers have all left is not reported as unhandled.
        if not done.cancelled() and done.exception() is None:
            self._hung_until_s.pop(host, None)

    def _remember_hung(self, host: str) -> None:
        self._hung_until_s.pop(host, None)
        while len(self._hung_until_s) >= HUNG_MOST:
            del self._hung_until_s[next(iter(self._hung_until_s))]
        self._hung_until_s[host] = time.monotonic() + HUNG_FOR_S


def _look_up(host: str) -> list[str]:
    answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))
