"""Holds of admissions that nobody heard of are given back in any outage, and the loop that does it outlives it (G-10)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from burnish_gateway.execution import unanswered
from burnish_gateway.execution.unanswered import Unanswered
from burnish_shared.contracts.executions import Lane
from burnish_shared.errors import Unavailable

pytestmark = pytest.mark.promise("G-10")


class Books:
    """A database whose holds are ids; `while_away` runs at each look while it cannot be reached."""

    def __init__(self) -> None:
        self.held: set[UUID] = set()
        self.is_away = True
        self.looks = 0
        self.while_away: Any = lambda: None

    @contextlib.asynccontextmanager
    async def unit_of_work(self, **_: Any) -> AsyncIterator[Any]:
        self.looks += 1
        await asyncio.sleep(0)
        if self.is_away:
            self.while_away()
            raise Unavailable("away")
        yield self


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> Books:
    made = Books()

    async def find_hold(_: Any, execution_id: UUID) -> Any:
        return execution_id if execution_id in made.held else None

    async def abandon(_: Any, execution_id: UUID, *__: Any, **___: Any) -> bool:
        made.held.discard(execution_id)
        return True

    monkeypatch.setattr(unanswered, "FIRST_LOOK_S", 0.01)
    monkeypatch.setattr(unanswered, "about", lambda _: b"{}")
    monkeypatch.setattr(unanswered.store, "find_hold", find_hold)
    monkeypatch.setattr(unanswered.store, "abandon", abandon)
    return made


def refused(calls: Unanswered) -> UUID:
    """One more that heard 503."""
    request: Any = SimpleNamespace(execution_id=uuid4(), workspace_id=uuid4(), lane=Lane.INTERACTIVE)
    calls.note(request, None, claims=False)
    return request.execution_id  # type: ignore[no-any-return]


@contextlib.asynccontextmanager
async def running(calls: Unanswered) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(calls.run())
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_flood_in_an_outage_ends_nothing(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unanswered, "CALLS_MOST", 5)
    calls: Any = Unanswered(books)  # type: ignore[arg-type]
    books.is_away = False  # Each look is answered, and meanwhile the oldest are dropped.
    find_hold = unanswered.store.find_hold

    async def while_others_come(tx: Any, execution_id: UUID) -> Any:
        for _ in range(5):
            refused(calls)
        return await find_hold(tx, execution_id)

    monkeypatch.setattr(unanswered.store, "find_hold", while_others_come)
    for _ in range(5):
        refused(calls)
    async with running(calls) as task, asyncio.timeout(20):
        while books.looks < 20:
            await asyncio.sleep(0.005)
        assert not task.done()


async def test_an_outage_of_any_length_uses_up_no_look(books: Books) -> None:
    calls = Unanswered(books)  # type: ignore[arg-type]
    books.held.add(refused(calls))
    async with running(calls), asyncio.timeout(20):
        while books.looks < 3 * unanswered.LOOKS_MOST:
            await asyncio.sleep(0.005)
        books.is_away = False
        while books.held:
            await asyncio.sleep(0.005)
