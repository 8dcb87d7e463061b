"""Connections, of one process each: a server that forks its workers makes the client once, and before."""

from __future__ import annotations

import os
from collections.abc import Callable
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
        self._http: Http = make()
        self._of_process = os.getpid()

    @property
    def http(self) -> Http:
        """Those of this process."""
        if self._of_process != os.getpid():
            self._http = self._make()
            self._of_process = os.getpid()
        return self._http
