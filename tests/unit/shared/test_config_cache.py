"""How long a caller waits for what is not in memory."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from unittest.mock import Mock

import pytest

from burnish_shared.db import config_cache
from burnish_shared.db.config_cache import ChangeFeed, ConfigCache
from burnish_shared.errors import NotFound, Unavailable

pytestmark = pytest.mark.promise("G-10")


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_cache, "LOAD_S", 0.1)


def cache(load: object) -> ConfigCache[str, str]:
    return ConfigCache(load, feed=ChangeFeed(Mock()), kinds=frozenset(), touched=lambda *_: True)  # type: ignore[arg-type]


async def test_a_load_that_does_not_end_is_given_up_and_goes_on_for_who_comes_later() -> None:
    may_end = asyncio.Event()

    async def load(key: str) -> str:
        await may_end.wait()
        return key * 2

    kept = cache(load)
    with pytest.raises(Unavailable):
        await kept.get("a")
    may_end.set()
    assert await kept.get("a") == "aa" and kept.knows("a")


async def test_a_process_that_stood_still_does_not_take_it_for_a_slow_database() -> None:
    async def load(key: str) -> str:
        for _ in range(3):
            await asyncio.sleep(0)
        time.sleep(0.25)
        for _ in range(3):
            await asyncio.sleep(0.001)
        return key * 2

    assert await cache(load).get("a") == "aa"


async def test_nobody_is_given_what_a_change_has_overtaken() -> None:
    value, may_end = ["old"], asyncio.Event()

    async def load(_: str) -> str:
        seen = value[0]
        await may_end.wait()
        return seen

    feed = ChangeFeed(Mock())
    kept = ConfigCache(load, feed=feed, kinds=frozenset({"prompt"}), touched=lambda *_: True)
    waiting = [asyncio.ensure_future(kept.get("a")) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    value[0] = "new"
    for listener in feed._listeners:
        listener(None, "prompt", "a")
    may_end.set()
    assert await asyncio.gather(*waiting) == ["new"] * 3


async def test_many_at_once_share_a_load_and_its_failure() -> None:
    loads = 0

    async def load(key: str) -> str:
        nonlocal loads
        loads += 1
        await asyncio.sleep(0.001)
        if key == "absent":
            raise NotFound("There is none.")
        raise Unavailable("away")

    kept = cache(load)
    for key, error in (("away", Unavailable), ("absent", NotFound)):
        told = await asyncio.gather(*(kept.get(key) for _ in range(3)), return_exceptions=True)
        assert [type(one) for one in told] == [error] * 3
    assert loads == 2 and kept.knows("absent") and not kept.knows("away")


async def test_who_asks_as_an_overtaken_load_ends_begins_one_of_its_own_and_stops_nobody() -> None:
    """A task is done one turn of the loop before its callbacks know: a caller of that turn once went round and round without an end."""
    may_end, values = asyncio.Event(), ["old", "new"]

    async def load(_: str) -> str:
        await may_end.wait()
        return values.pop(0)

    feed = ChangeFeed(Mock())
    kept = ConfigCache(load, feed=feed, kinds=frozenset({"prompt"}), touched=lambda *_: True)
    first = asyncio.ensure_future(kept.get("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    (loading,) = kept._loading.values()
    for listener in feed._listeners:
        listener(None, "prompt", "a")
    may_end.set()
    while not loading.done():
        await asyncio.sleep(0)
    assert kept._loading["a"] is loading, "its callbacks have not run"
    assert [await kept.get("a"), await first] == ["new", "new"] and not values


async def test_what_is_remembered_as_absent_names_its_field_each_time() -> None:
    async def load(key: str) -> str:
        raise NotFound(f"There is no prompt {key}.", param="prompt")

    kept = cache(load)
    for _ in range(2):
        with pytest.raises(NotFound) as told:
            await kept.get("a")
        assert (told.value.message, told.value.param) == ("There is no prompt a.", "prompt")


class Sequence:
    """Stands where the table of changes is."""

    def __init__(self, changes: int) -> None:
        self.rows: list[dict[str, object]] = [
            {"change_no": number, "workspace_id": None, "kind": "prompt", "key": str(number)} for number in range(1, changes + 1)
        ]

    @contextlib.asynccontextmanager
    async def unit_of_work(self, **_: object) -> AsyncIterator["Sequence"]:
        yield self

    async def fetch(self, _: str, after: int, most: int) -> list[dict[str, object]]:
        return self.rows[after:][:most]


async def test_a_page_of_changes_that_is_full_does_not_count_as_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the rest is read what is served is as old as it was, and it is read at once."""
    monkeypatch.setattr(config_cache, "MOST_CHANGES", 2)
    feed, heard = ChangeFeed(Sequence(3)), list[str]()  # type: ignore[arg-type]
    feed.subscribe(lambda _, __, key: heard.append(key), reset=heard.clear)
    feed.synced_at = asyncio.get_running_loop().time() - 60
    await feed.look()
    assert heard == ["1", "2"] and feed.stale_for_s >= 60 and feed._woken.is_set()
    await feed.look()
    assert heard == ["1", "2", "3"] and feed.stale_for_s < 60


async def test_who_catches_up_knows_of_all_changes_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_cache, "MOST_CHANGES", 2)
    table = Sequence(5)
    feed, heard = ChangeFeed(table), list[str]()  # type: ignore[arg-type]
    feed.subscribe(lambda _, __, key: heard.append(key), reset=heard.clear)
    feed.synced_at = asyncio.get_running_loop().time() - 60
    await asyncio.gather(feed.catch_up(), feed.catch_up())
    assert heard == ["1", "2", "3", "4", "5"] and feed.stale_for_s < 60
    table.rows += Sequence(6).rows[5:]
    await feed.catch_up()
    assert heard[5:] == ["6"]


@pytest.mark.promise("C-10", "E-11")
async def test_who_was_away_for_so_long_that_changes_may_be_deleted_forgets_everything() -> None:
    async def load(key: str) -> str:
        return key * 2

    feed = ChangeFeed(Sequence(0))  # type: ignore[arg-type]
    kept = ConfigCache(load, feed=feed, kinds=frozenset({"prompt"}), touched=lambda *_: False)
    await kept.get("a")
    for away_s, is_known in ((config_cache.FORGET_EVERYTHING_AFTER_S - 60, True), (config_cache.FORGET_EVERYTHING_AFTER_S + 1, False)):
        feed.synced_at = asyncio.get_running_loop().time() - away_s
        await feed.look()
        assert kept.knows("a") is is_known
