"""A batch that follows one of several waits a moment for more; whoever comes alone waits for nobody (decision 60)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from burnish_shared.books import gathering, turns
from burnish_shared.books.admission import Admission
from burnish_shared.books.admission_request import AdmissionRequest
from burnish_shared.ids import new_uuid

pytestmark = pytest.mark.asyncio


class Books:
    """Answers yes to whatever is asked in one statement, and remembers how many asked in it."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.flushes: list[int] = []
        """How many statements had been answered at each flush."""
        self.disk_s = 0.004

    async def fetchrow(self, _: str, execution_ids: list[Any], *rest: Any) -> dict[str, list[Any]]:
        size = len(execution_ids)
        self.sizes.append(size)
        await asyncio.sleep(0)
        nothing = [None] * size
        return {
            "verdict": [0] * size, "limit_id": nothing, "retry_us": [0] * size, "warned": nothing, "original": nothing,
            "fence": [1] * size, "slack_us": [],
        }  # fmt: skip

    async def flush(self) -> float:
        await asyncio.sleep(0)
        self.flushes.append(len(self.sizes))
        return self.disk_s


def wish() -> AdmissionRequest:
    return AdmissionRequest(
        execution_id=new_uuid(), workspace_id=new_uuid(), amount_nusd=1, ttl_ms=60_000, lane="interactive", account_ids=[1]
    )


@contextlib.asynccontextmanager
async def admitting() -> AsyncIterator[tuple[Admission, Books]]:
    books = Books()
    connection: Any = books
    admission = Admission(connection, connection)
    running = asyncio.create_task(admission.run())
    try:
        yield admission, books
    finally:
        running.cancel()


async def asked_after(admission: Admission, turns: int) -> None:
    """Asks so many turns of the event loop later: a statement takes four."""
    for _ in range(turns * 4):
        await asyncio.sleep(0)
    await admission.ask(wish())


async def test_what_comes_behind_a_batch_of_several_goes_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """With pauses that are long enough for sixteen turns of an event loop on any machine."""
    for name in ("EACH_S", "MOST_S", "RECENT_S"):
        monkeypatch.setattr(gathering, name, 100 * getattr(gathering, name))
    async with admitting() as (admission, books):
        await asyncio.gather(admission.ask(wish()), admission.ask(wish()))
        await asyncio.gather(*(asked_after(admission, turns) for turns in range(5)))
    assert books.sizes == [2, 5]


async def test_what_comes_behind_one_that_was_alone_is_not_put_off() -> None:
    async with admitting() as (admission, books):
        await admission.ask(wish())
        await asyncio.gather(*(asked_after(admission, turns) for turns in range(5)))
    assert books.sizes == [1] * 6


async def pairs(admission: Admission, times: int) -> None:
    for _ in range(times):
        await asyncio.gather(admission.ask(wish()), admission.ask(wish()))


async def test_a_batch_on_a_quick_disk_commits_in_one_turn_and_on_a_slow_one_lets_its_locks_go_before() -> None:
    async with admitting() as (admission, books):
        await pairs(admission, 2 * turns.RECENT)
        assert books.flushes == list(range(1, 2 * turns.RECENT + 1)), "slow: each is flushed apart"
        books.disk_s = 0.0002
        await pairs(admission, 2 + turns.IN_ONE_MOST)
    assert set(books.sizes) == {2}
    first, last = books.flushes[-2:]
    assert last - first == turns.IN_ONE_MOST + 1, "quick: one of many is flushed apart, to see the disk"
