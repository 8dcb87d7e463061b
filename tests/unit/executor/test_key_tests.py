"""Trying provider keys takes little of an executor, however many are asked for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from burnish_executor import app, consumers, try_key
from burnish_executor.bulkheads import Bulkheads
from burnish_executor.consumers import KEY_TESTS_MOST, Desk
from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.io.providers import UNTRIED
from burnish_gateway.provider_keys.ask_executor import ask_executor
from burnish_shared import subjects
from burnish_shared.contracts.provider_keys import KeyPlace, KeyTestAnswer, KeyTestRequest
from burnish_shared.errors import RateLimited
from burnish_shared.ids import new_uuid

pytestmark = pytest.mark.capability("E6")

ANSWER = KeyTestAnswer(works=True, http_status=200, latency_ms=1, models=2, error=None)


async def test_an_executor_tries_few_keys_at_once_and_says_so_to_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    released, told = asyncio.Event(), list[tuple[str, bytes]]()
    running = most = 0

    async def slowly(request: KeyTestRequest, **_: Any) -> KeyTestAnswer:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await released.wait()
        running -= 1
        return ANSWER

    async def publish(inbox: str, data: bytes) -> None:
        told.append((inbox, data))

    monkeypatch.setattr(consumers, "try_key", slowly)
    runner = SimpleNamespace(asker=SimpleNamespace(vault=SimpleNamespace(db=None, keyring=None), providers=None))
    some: Any = None
    bus: Any = SimpleNamespace(nc=SimpleNamespace(publish=publish))
    desk = Desk(bus=bus, runner=runner, admission=some, settings=some, bulkheads=Bulkheads(2, 1, 1), places=some)  # type: ignore[arg-type]
    data = KeyTestRequest(workspace_id=new_uuid(), provider_key_id=new_uuid()).model_dump_json().encode()

    async def ask(*inboxes: str) -> None:
        for inbox in inboxes:
            await desk.on_key_test(SimpleNamespace(data=data, reply=inbox))  # type: ignore[arg-type]
        await asyncio.sleep(0)

    await ask(*(f"first-{n}" for n in range(KEY_TESTS_MOST)), "late-1", "late-2")
    assert most == running == KEY_TESTS_MOST == 4
    assert told == [("late-1", b""), ("late-2", b"")]
    released.set()
    await asyncio.gather(*desk._tasks)
    await asyncio.sleep(0)
    assert len(told) == 2 + KEY_TESTS_MOST and all(data for _, data in told[2:])
    await ask("next")
    await asyncio.gather(*desk._tasks)
    assert told[-1][0] == "next" and told[-1][1], "there is room again"


async def test_an_executor_that_stops_tries_no_more_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its asker hears so at once, and asks another one; the subscription ends with that of the executions."""
    told, tried = list[tuple[str, bytes]](), list[str]()

    async def try_it(*_: Any, **__: Any) -> KeyTestAnswer:
        tried.append("once")
        return ANSWER

    async def publish(inbox: str, data: bytes) -> None:
        told.append((inbox, data))

    async def subscribe(subject: str, **_: Any) -> str:
        return subject

    monkeypatch.setattr(consumers, "try_key", try_it)
    bus: Any = SimpleNamespace(nc=SimpleNamespace(publish=publish, subscribe=subscribe))
    some: Any = SimpleNamespace(on_message=None)
    desk = Desk(bus=bus, runner=some, admission=some, settings=some, bulkheads=Bulkheads(2, 1, 1), places=some)
    incoming: Any = await app._subscribe(bus, desk=desk, feed=some, limits=some)
    assert set(incoming) == {subjects.PROVIDER_KEYS_TEST, subjects.EXECUTIONS_REQUESTED_INTERACTIVE}
    await desk.drain()
    data = KeyTestRequest(workspace_id=new_uuid(), provider_key_id=new_uuid()).model_dump_json().encode()
    await desk.on_key_test(SimpleNamespace(data=data, reply="asker"))  # type: ignore[arg-type]
    assert told == [("asker", b"")] and tried == [] and not desk._tasks


async def test_a_caller_whom_a_full_executor_got_is_told_to_come_again() -> None:
    async def request(*_: Any, **__: Any) -> Any:
        return SimpleNamespace(data=b"")

    gateway: Any = SimpleNamespace(bus=SimpleNamespace(request=request))
    with pytest.raises(RateLimited) as refused:
        await ask_executor(gateway, KeyPlace(new_uuid(), new_uuid(), 1))
    assert refused.value.retry_after_s == 1


@pytest.mark.parametrize(
    ("found", "was_asked"),
    [
        (Failure(FailureKind.UNREACHABLE, "Connection refused."), True),
        (Failure(FailureKind.REFUSED, UNTRIED), False),
        (Failure(FailureKind.EGRESS, "No address of ours."), False),
        (3, True),
    ],
)
async def test_a_try_that_took_less_than_a_millisecond_was_one(
    monkeypatch: pytest.MonkeyPatch, found: int | Failure, was_asked: bool
) -> None:
    """`latency_ms` 0 says that nobody was asked."""

    async def find_key(*_: Any) -> Any:
        return {
            "sealed": b"",
            "vault_secret_id": None,
            "secret_version": 1,
            "provider": "ollama",
            "url": "http://127.0.0.1:9",
            "is_own_url": True,
        }

    async def count_models(*_: Any, **__: Any) -> int | Failure:
        return found

    async def open_it(*_: Any) -> str:
        return "sk"

    @contextlib.asynccontextmanager
    async def unit_of_work(**_: Any) -> AsyncIterator[None]:
        yield

    monkeypatch.setattr(try_key.keys_store, "find_key", find_key)
    monkeypatch.setattr(try_key, "way_of", lambda *_, **__: SimpleNamespace(open=open_it))
    request = KeyTestRequest(workspace_id=new_uuid(), provider_key_id=new_uuid())
    place: Any = SimpleNamespace(unit_of_work=unit_of_work, count_models=count_models)
    answer = await try_key.try_key(request, db=place, keyring=place, providers=place)
    assert (answer.latency_ms > 0) is was_asked
