"""Names to addresses, with a time limit and without letting one slow name server hold up the others."""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

DNS_TIMEOUT_S = 2.0
"""PROMISES 5.1."""

DNS_THREADS = 32
"""Lookups at once. The C library cannot be cancelled, so a hanging one keeps its thread after we stopped waiting."""


class Resolver(Protocol):
    """Turns a name into every address it has."""

    async def resolve(self, host: str) -> Sequence[str]:
        """All addresses, IPv4 and IPv6, at least one. Raises OSError when there is none or no answer in time."""
        ...


class SystemResolver:
    """The machine's own resolver (`getaddrinfo`), in threads of its own. Several askers for one name share one lookup."""

    def __init__(self, *, timeout_s: float = DNS_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._threads = ThreadPoolExecutor(max_workers=DNS_THREADS, thread_name_prefix="dns")
        self._under_way: dict[str, asyncio.Future[list[str]]] = {}

    async def resolve(self, host: str) -> Sequence[str]:
        lookup = self._under_way.get(host)
        if lookup is None:
            lookup = asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host)
            self._under_way[host] = lookup
            lookup.add_done_callback(lambda done: self._forget(host, done))
        try:
            return await asyncio.wait_for(asyncio.shield(lookup), self._timeout_s)
        except TimeoutError:
            raise OSError(f"no answer for the name within {self._timeout_s:g} s") from None

    def close(self) -> None:
        """Lets waiting lookups go; those under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _forget(self, host: str, done: "asyncio.Future[list[str]]") -> None:
        self._under_way.pop(host, None)
        if not done.cancelled():
            done.exception()  # read it, so that a lookup whose askers have all left is not reported as unhandled


def _look_up(host: str) -> list[str]:
    answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))
