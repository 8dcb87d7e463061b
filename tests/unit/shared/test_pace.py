"""Batches wait for company only where there is some."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

from burnish_executor.record_batch import Recorder
from burnish_shared.books import pace
from burnish_shared.books.admission import Admission, AdmissionRequest
from burnish_shared.books.finished import FinishedExecution
from burnish_shared.books.pace import Pace


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was slept."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(pace.asyncio, "sleep", sleep)
    return slept


@pytest.mark.parametrize(("sizes", "waits"), [([], 0), ([1], 0), ([1, 1, 1], 0), ([2], 1), ([1, 40], 1), ([40, 1], 0)])
async def test_who_comes_alone_waits_for_nothing(rests: list[float], sizes: list[int], waits: int) -> None:
    kept = Pace(apart_s=10.0)
    for size in sizes:
        kept.begin(size)
    await kept.wait()
    assert len(rests) == waits and all(0 < one <= 10.0 for one in rests)


async def test_a_batch_that_took_longer_than_they_are_apart_is_followed_at_once(rests: list[float]) -> None:
    kept = Pace(apart_s=10.0)
    kept.begin(5)
    kept._began_at = asyncio.get_running_loop().time() - 10.0
    await kept.wait()
    assert rests == []


class Line:
    """Stands where PostgreSQL is: how many rows each statement had, and what it answers."""

    def __init__(self, answer: Callable[[int], Any]) -> None:
        self.sizes: list[int] = []
        self._answer = answer

    async def fetchrow(self, sql: str, first: list[Any], *rest: Any) -> Any:
        self.sizes.append(len(first))
        return self._answer(len(first))

    async def flush(self) -> None:
        return None


def admitted(size: int) -> Any:
    return {"verdict": [0] * size, "limit_id": [None] * size, "retry_us": [0] * size, "original": [None] * size, "fence": [1] * size,
            "warned": [None] * size, "slack_us": []}  # fmt: skip


async def crowd(ask: Callable[[], Any], line: Line, run: Any, rests: list[float]) -> None:
    """Two come at once, then one, whose statement waits for company; then one alone, who waits for nobody."""
    running = asyncio.create_task(run)
    try:
        for size in (2, 1, 1):
            await asyncio.wait_for(asyncio.gather(*(ask() for _ in range(size))), 15)
    finally:
        running.cancel()
    assert line.sizes == [2, 1, 1] and len(rests) == 1


async def test_admission_keeps_crowded_batches_apart(rests: list[float]) -> None:
    line = Line(admitted)
    admission = Admission(hold=cast(Any, line), disk=cast(Any, line))
    admission._pace = Pace(apart_s=10.0)

    def ask() -> Any:
        return admission.ask(AdmissionRequest(uuid4(), uuid4(), amount_nusd=1, ttl_ms=1, lane="interactive", account_ids=[1]))

    await crowd(ask, line, admission.run(), rests)


async def test_the_record_keeps_crowded_batches_apart(rests: list[float]) -> None:
    made: list[Any] = []
    line = Line(lambda _: {"made": list(made)})
    recorder = Recorder(cast(Any, line), cast(Any, line), cast(Any, SimpleNamespace(wake=lambda: None)))
    recorder._pace = Pace(apart_s=10.0)

    def ask() -> Any:
        row: Any = SimpleNamespace(execution_id=uuid4(), fence=1, as_row=lambda: (), lane="interactive", cost_nusd=0, input_tokens=0,
                                   cached_input_tokens=0, output_tokens=0, completed_event="{}")  # fmt: skip
        made.append(row.execution_id)
        return recorder.record(cast(FinishedExecution, row), patience_s=5)

    await crowd(ask, line, recorder.run(), rests)
