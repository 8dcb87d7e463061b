"""A request to NATS: whoever is cancelled as its answer comes is cancelled."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any, cast

import pytest
from nats.aio.client import DEFAULT_PENDING_SIZE, Client

from burnish_shared.bus.connect import Bus
from burnish_shared.bus.pull import PullReader
from burnish_shared.errors import Unavailable
from burnish_shared.streams import EXECUTOR_BATCH

pytestmark = pytest.mark.promise("G-18")


class Answered(Client):
    """A client whose requests are answered by the test, or never."""

    def __init__(self) -> None:
        super().__init__()
        self._resp_sub_prefix = bytearray(b"_INBOX.x.")

    async def publish(self, *_: Any, **__: Any) -> None: ...

    @property
    def is_connected(self) -> bool:
        return True

    def answer(self, **body: Any) -> None:
        for waiting in list(self._resp_map.values()):
            waiting.set_result(SimpleNamespace(headers=None, data=json.dumps(body).encode()))


def bus_of(client: Client) -> Bus:
    return Bus(nc=client, js=client.jetstream(), service="test", replica="t0")


async def ask(bus: Bus) -> None:
    await bus.request("a", timeout_s=60)


async def publish(bus: Bus) -> None:
    await bus.publish("a", b"", message_id="1", timeout_s=60)


@pytest.mark.parametrize("call", [ask, publish])
async def test_a_cancellation_that_comes_with_the_answer_is_heard(call: Callable[[Bus], Coroutine[Any, Any, None]]) -> None:
    client = Answered()

    async def loop() -> None:
        while True:
            await call(bus_of(client))
            await asyncio.sleep(0.01)

    task = asyncio.create_task(loop())
    await asyncio.sleep(0.01)
    client.answer(stream="S", seq=1)
    task.cancel()
    await asyncio.wait({task}, timeout=10)
    assert task.cancelled()


async def test_an_answer_is_given_and_one_that_does_not_come_is_not_waited_for() -> None:
    client = Answered()
    bus = bus_of(client)
    asyncio.get_running_loop().call_later(0.01, lambda: client.answer(stream="S", seq=7))
    assert (await bus.publish("a", b"", message_id="1")).seq == 7
    asyncio.get_running_loop().call_later(0.01, lambda: client.answer(error={"code": 503, "err_code": 10077, "description": "full"}))
    with pytest.raises(Unavailable) as told:
        await bus.publish("a", b"", message_id="1")
    assert told.value.details == {"nats_code": 10077}
    with pytest.raises(TimeoutError):
        await bus.request("a", timeout_s=0.01)
    await asyncio.sleep(0.01)
    assert not client._resp_map, "what nobody waits for any more is not kept"


def deaf_client() -> Client:
    """Connected to something that never reads."""
    client = Client()
    client._status = Client.CONNECTED
    client._resp_sub_prefix = bytearray(b"_INBOX.x.")
    client._max_pending_size, client._flush_timeout, client._max_payload = DEFAULT_PENDING_SIZE, None, 2 * DEFAULT_PENDING_SIZE
    client._flush_queue = asyncio.Queue(1024)
    client._flusher_task = cast(Any, asyncio.get_running_loop().create_future())
    return client


MUCH = b"x" * (DEFAULT_PENDING_SIZE + 1)


async def test_the_limit_holds_while_nats_does_not_read() -> None:
    """Beyond what it keeps the client waits in its publish, and takes whatever cancels it there for itself."""
    async with asyncio.timeout(10):
        with pytest.raises(TimeoutError):
            await bus_of(deaf_client()).request("a", MUCH, timeout_s=0.05)


async def test_a_consumer_that_is_stopped_ends_while_nats_does_not_read() -> None:
    """It was asked to stop, and waited for messages all the same."""
    bus = bus_of(deaf_client())
    bus.nc._max_pending_size = 1
    consuming = asyncio.create_task(PullReader(bus, EXECUTOR_BATCH).next_batch(at_most=1))
    await asyncio.sleep(0.01)
    consuming.cancel()
    await asyncio.wait({consuming}, timeout=5)
    assert consuming.cancelled()


async def test_a_cancellation_is_heard_while_nats_does_not_read() -> None:
    asking = asyncio.create_task(bus_of(deaf_client()).request("a", MUCH, timeout_s=60))
    await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.wait({asking}, timeout=5)
    assert asking.cancelled()
