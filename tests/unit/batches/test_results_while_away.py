"""The results of a batch while PostgreSQL is away: whoever reads them hears so, and nobody is waited for without end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from burnish_gateway.batches import results
from burnish_gateway.batches.results import LINES_AT_ONCE, results_of
from burnish_shared.errors import Busy, Unavailable

WORKSPACE, BATCH = UUID(int=1), UUID(int=2)


class Away:
    """A database whose units of work fail as `failures` says, in their order, and the last for ever; None is one that works."""

    def __init__(self, *failures: Exception | None) -> None:
        self.failures = list(failures)
        self.tries = 0

    @contextlib.asynccontextmanager
    async def unit_of_work(self, **_: Any) -> AsyncIterator[None]:
        failure = self.failures[min(self.tries, len(self.failures) - 1)]
        self.tries += 1
        if failure is not None:
            raise failure
        yield None


@pytest.fixture(autouse=True)
def lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every batch, one more than a page holds."""

    async def page_of_lines(*_: Any, from_line: int, limit: int) -> list[dict[str, Any]]:
        line = {"execution_id": None, "status": "unsent", "custom_id": None, "model": "m", "error": None}
        return [line | {"line": number} for number in range(from_line, min(from_line + limit, LINES_AT_ONCE + 1))]

    async def none(*_: Any) -> dict[Any, Any]:
        return {}

    monkeypatch.setattr(results.store, "page_of_lines", page_of_lines)
    monkeypatch.setattr(results.store, "executions_of", none)
    monkeypatch.setattr(results.store, "find_batch", none)
    monkeypatch.setattr(results.executions, "flush", none)
    monkeypatch.setattr(results, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(results, "PATIENCE_S", 0.1)


async def read(db: Any, *, status: str = "completed", over: asyncio.Event | None = None) -> list[bytes]:
    found: Any = {"batch_id": BATCH, "status": status, "endpoint": "/v1/executions"}
    async with asyncio.timeout(10):
        return [line async for line in await results_of(db, WORKSPACE, found, over=over)]


async def test_a_first_page_that_cannot_be_read_is_told_before_the_answer_begins() -> None:
    db: Any = Away(Unavailable("away"))
    async with asyncio.timeout(10):
        with pytest.raises(Unavailable, match="away"):
            await results_of(db, WORKSPACE, {"batch_id": BATCH, "status": "completed"})  # type: ignore[arg-type]
    assert db.tries == 1


async def test_a_later_page_is_tried_for_a_while_and_then_says_where_to_go_on() -> None:
    assert len(await read(Away(None, Unavailable("away"), Busy("busy"), None))) == LINES_AT_ONCE + 1
    db = Away(None, Unavailable("away"))
    with pytest.raises(Unavailable, match="away") as told:
        await read(db)
    assert told.value.details == {"batch_id": str(BATCH), "from_line": LINES_AT_ONCE} and db.tries > 2


async def test_who_follows_waits_while_the_database_is_away_but_not_for_ever_while_it_is_busy() -> None:
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(0.5, over.set)
    with pytest.raises(Unavailable, match="This gateway is stopped"):
        await read(Away(Unavailable("away")), status="running", over=over)
    with pytest.raises(Unavailable, match="busy") as told:
        await read(Away(Busy("busy")), status="running", over=asyncio.Event())
    assert told.value.details["from_line"] == 0
