"""Connections, of one process and event loop each: a server that forks its workers makes the client once, and before."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

import httpx

Http = TypeVar("Http", httpx.Client, httpx.AsyncClient)


class Connections(Generic[Http]):
    """What `make` makes, made anew in a process that was forked.

    Those that came along are the parent's, and another child's: each would read answers that are the other's. They are not closed
    here, because that would tell the server that the parent has done with them.
    """

    def __init__(self, make: Callable[[], Http]) -> None:
        self._make: Callable[[], Http] = make
        self._made: tuple[int, Http] = os.getpid(), make()
        self._closed = False
        self._locks: dict[int, Lock] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def of_loop(self, loop: asyncio.AbstractEventLoop) -> Connections[Http]:
        """Itself, with connections made anew where the loop that theirs belonged to was closed: no other could use them, or close them."""
        if self._loop is not loop and not self._closed:
            if self._loop is not None and self._loop.is_closed():
                self._made = os.getpid(), self._make()
                self._loop = None
            self._loop = self._loop or loop
        return self

    @property
    def http(self) -> Http:
        """Those of this process, the same for all its threads. Raises RuntimeError once they are closed, here or before the fork."""
        process, http = self._made
        if process != os.getpid() and not self._closed:
            with self._lock:
                process, http = self._made
                if process != os.getpid() and not self._closed:
                    http = self._make()
                    self._made = os.getpid(), http
        if self._closed:
            raise RuntimeError("This client has been closed; make another one.")
        return http

    def end(self) -> Http | None:
        """Those that are to be closed, if this process has any; nothing is asked afterwards."""
        with self._lock:
            self._closed = True
        process, http = self._made
        return http if process == os.getpid() else None

    @property
    def _lock(self) -> Lock:
        """Of this process: one that a thread of the parent held while it forked would be held here for ever."""
        return self._locks.setdefault(os.getpid(), Lock())
