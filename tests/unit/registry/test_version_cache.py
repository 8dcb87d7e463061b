"""The cache of immutable versions: bounded in bytes, one load for many who ask, no memory of failures."""

import asyncio

import pytest

from burnish_gateway.registry.version_cache import VersionCache
from burnish_shared.errors import Unavailable


class Shelf:
    """Loads the value of a key and counts how often."""

    def __init__(self) -> None:
        self.loads: list[str] = []
        self.away = False

    async def load(self, key: str) -> str:
        self.loads.append(key)
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("away")
        return key * 4

    def cache(self, most_bytes: int) -> VersionCache[str, str]:
        return VersionCache(self.load, size_bytes=len, most_bytes=most_bytes)


async def test_many_who_ask_at_once_share_one_load() -> None:
    shelf = Shelf()
    cache = shelf.cache(100)
    assert await asyncio.gather(*(cache.get("a") for _ in range(10))) == ["aaaa"] * 10
    assert await cache.get("a") == "aaaa"
    assert shelf.loads == ["a"]


async def test_the_least_recently_used_leaves_when_there_are_too_many_bytes() -> None:
    shelf = Shelf()
    cache = shelf.cache(8)
    for key in ("a", "b", "a", "c", "a", "b"):
        await cache.get(key)
    assert shelf.loads == ["a", "b", "c", "b"]


async def test_what_is_larger_than_the_whole_cache_is_served_and_not_kept() -> None:
    shelf = Shelf()
    cache = shelf.cache(3)
    assert await cache.get("a") == "aaaa"
    assert await cache.get("a") == "aaaa"
    assert shelf.loads == ["a", "a"]


async def test_a_failure_is_not_remembered() -> None:
    shelf = Shelf()
    shelf.away = True
    cache = shelf.cache(100)
    with pytest.raises(Unavailable):
        await cache.get("a")
    shelf.away = False
    assert await cache.get("a") == "aaaa"


async def test_one_who_gives_up_does_not_take_the_load_from_the_others() -> None:
    shelf = Shelf()
    cache = shelf.cache(100)
    impatient, patient = asyncio.ensure_future(cache.get("a")), asyncio.ensure_future(cache.get("a"))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == "aaaa"
