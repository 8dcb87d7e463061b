"""What is told of sides, however each of them ends."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from burnish_gateway.compare import run_sides
from burnish_gateway.compare.run_sides import Ended, follow_sides, until_ended
from burnish_gateway.execution.submit import Admitted, Repeated
from burnish_gateway.execution.told import Done, Text
from burnish_shared.errors import Unavailable
from tests.unit.execution.test_dispatch import request

pytestmark = pytest.mark.capability("E16")

PRINCIPAL: Any = SimpleNamespace(workspace_id=uuid4())
OUTCOME = Ended(b'{"status":"success"}')


class Following:
    """Stands where a dispatch is, and does what stands at its request's place."""

    def __init__(self, gateway: Any, asked: Any, *_: Any, **__: Any) -> None:
        self._ending = gateway[asked.execution_id]

    async def follow(self) -> AsyncIterator[Any]:
        yield Text(b'"Hel"')
        if self._ending is not None:
            raise self._ending
        yield Done(b'{"status":"success"}')


@pytest.fixture(autouse=True)
def _no_executors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_sides, "Dispatch", Following)


def sides_of(*endings: Exception | None) -> tuple[list[Any], Any]:
    """Sides that end so, and their gateway. None: with an Outcome."""
    sides = [Admitted(request(stream=True), None, None) for _ in endings]
    return sides, {one.request.execution_id: ending for one, ending in zip(sides, endings, strict=True)}


async def test_a_side_that_breaks_ends_with_an_error_of_ours_and_the_others_go_on() -> None:
    sides, gateway = sides_of(None, KeyError("what nobody thought of"), None)
    with capture_logs() as logs:
        async with asyncio.timeout(5):
            ended = await until_ended(sides, gateway=gateway, principal=PRINCIPAL)
    assert ended[0] == ended[2] == OUTCOME
    error = ended[1].error
    assert ended[1].body is None and error is not None and (error.code, error.status) == ("internal_error", 500)
    assert error.message == "Something went wrong on our side; it has been logged.", "and not what broke"
    logged = [(one["event"], one["execution_id"]) for one in logs]
    assert logged == [("comparison.side_failed", str(sides[1].request.execution_id))]


async def test_what_came_before_is_told_and_each_side_ends_once() -> None:
    sides, gateway = sides_of(Unavailable("away"), RuntimeError("broke"))
    async with asyncio.timeout(5):
        told = [one async for one in follow_sides(sides, gateway=gateway, principal=PRINCIPAL)]
    for index in (0, 1):
        text, ended = [one for at, one in told if at == index]
        assert text == Text(b'"Hel"') and isinstance(ended, Ended), index


async def test_a_side_that_was_asked_for_before_and_cannot_be_read_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def replay(*_: Any, **__: Any) -> bytes:
        return b"no JSON"

    monkeypatch.setattr(run_sides, "replay", replay)
    sides, gateway = sides_of(None)
    async with asyncio.timeout(5):
        before, now = await until_ended([Repeated(uuid4()), *sides], gateway=gateway, principal=PRINCIPAL)
    assert before.error is not None and before.error.status == 500 and now == OUTCOME
