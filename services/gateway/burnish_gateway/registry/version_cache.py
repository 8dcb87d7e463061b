"""Versions in memory, bounded in bytes: they never change, so nothing but room makes one leave."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class VersionCache(Generic[K, V]):
    """The least recently used leave first. Equal loads at one time share one; a load that fails is not remembered."""

    def __init__(self, load: Callable[[K], Awaitable[V]], *, size_bytes: Callable[[V], int], most_bytes: int) -> None:
        self._load = load
        self._size_bytes = size_bytes
        self._most_bytes = most_bytes
        self._held_bytes = 0
        self._known: OrderedDict[K, V] = OrderedDict()
        self._loading: dict[K, asyncio.Future[V]] = {}

    async def get(self, key: K) -> V:
        """The value. Raises what loading raises."""
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known
        loading = self._loading.get(key)
        if loading is None:
            loading = self._loading[key] = asyncio.ensure_future(self._load(key))
            loading.add_done_callback(lambda done: self._keep(key, done))
        return await asyncio.shield(loading)

    def _keep(self, key: K, done: "asyncio.Future[V]") -> None:
        del self._loading[key]
        if done.cancelled() or done.exception() is not None:
            return
        value = self._known[key] = done.result()
        self._held_bytes += self._size_bytes(value)
        while self._held_bytes > self._most_bytes:
            _, gone = self._known.popitem(last=False)
            self._held_bytes -= self._size_bytes(gone)
