"""What becomes of work when the client leaves: it is cancelled, nobody hears of it, and others may cancel it all the same."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.requests import ClientDisconnect

from burnish_gateway.execution.streaming import unless_gone

pytestmark = [pytest.mark.promise("G-11")]


class Client:
    """Stays until `leave`."""

    def __init__(self) -> None:
        self._left = asyncio.Event()

    @property
    def request(self) -> Any:
        return cast(Any, SimpleNamespace(receive=self._receive))

    async def _receive(self) -> dict[str, str]:
        await self._left.wait()
        return {"type": "http.disconnect"}

    def leave(self) -> None:
        self._left.set()


async def test_who_stays_gets_what_came_of_it() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert await unless_gone(Client().request, work()) == 7


async def test_who_leaves_ends_the_work_and_nothing_else() -> None:
    client, ended = Client(), []

    async def work() -> None:
        try:
            client.leave()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # It may still clean up.
            ended.append(True)

    with pytest.raises(ClientDisconnect):
        await unless_gone(client.request, work())
    task = asyncio.current_task()
    assert ended == [True] and task is not None and task.cancelling() == 0


async def test_work_that_fails_because_it_was_ended_leaves_no_cancellation_behind() -> None:
    client = Client()

    async def work() -> None:
        client.leave()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("it broke") from None

    with pytest.raises(ValueError, match="it broke"):
        await unless_gone(client.request, work())
    task = asyncio.current_task()
    assert task is not None and task.cancelling() == 0


@pytest.mark.parametrize("leaves", [False, True])
async def test_somebody_elses_cancellation_stays_one(leaves: bool) -> None:
    client, begun = Client(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            begun.clear()
            await asyncio.sleep(0.05)

    whole = asyncio.create_task(unless_gone(client.request, work()))
    await begun.wait()
    if leaves:
        client.leave()
        while begun.is_set():
            await asyncio.sleep(0)
    whole.cancel()
    with pytest.raises(asyncio.CancelledError):
        await whole
    assert whole.cancelled()
