"""A key that was revoked or replaced is used by no call that starts afterwards, also where the executor cannot reach PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio

from burnish_executor.io.key_vault import LOOK_S
from tests.chaos.fault_proxy import FaultProxy, proxying
from tests.embedded.stack import Caller, Stack, running_stack
from tests.fakes.keyed_provider import KeyedProvider, Manner, serving_by_key
from tests.integration.execution.test_faults import executor, through
from tests.integration.provider_keys.conftest import MODEL
from tests.pace import fair_sleep, undisturbed

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E6")]

CALL = {"model": "bare-test", "messages": [{"role": "user", "content": "Hi."}]}

TRUST_S = 1.5
"""Of five seconds; the rule is the same."""


@dataclass
class Ground:
    stack: Stack
    provider: KeyedProvider
    proxy: FaultProxy


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ground(module_database_urls: Any, nats_server: Any) -> AsyncIterator[Ground]:
    """A gateway, and a way to PostgreSQL for the executors that can be cut."""
    connection = await asyncpg.connect(module_database_urls["superuser"], server_settings={"search_path": "burnish"})
    async with serving_by_key() as provider, proxying("127.0.0.1", urlsplit(module_database_urls["superuser"]).port or 0) as proxy:
        await connection.execute("INSERT INTO providers (provider, base_url) VALUES ('bare', $1)", provider.base_url)
        await connection.execute(MODEL, "bare-test", "bare")
        await connection.close()
        urls = dict(module_database_urls) | {"executor": through(proxy, module_database_urls["executor"])}
        async with running_stack(urls, nats_server, executors=0, gateway={"executor_silence_s": 2.5}) as stack:
            yield Ground(stack, provider, proxy)


@asynccontextmanager
async def local_executor(stack: Stack) -> AsyncIterator[None]:
    stop = await stack.start_executor(key_trust_s=TRUST_S, attempts=1)
    try:
        yield
    finally:
        stop.set()


async def added(caller: Caller, key: str) -> str:
    made = await caller("POST", "/v1/provider-keys", {"provider": "bare", "name": "one", "key": key})
    assert made.status == 201, made.body
    return f"/v1/provider-keys/{made.body['id']}"


async def until_served(caller: Caller) -> None:
    async with asyncio.timeout(60):
        while (await caller("POST", "/v1/executions", CALL)).status != 200:
            await asyncio.sleep(0.02)


@pytest.mark.promise("E-01")
async def test_an_execution_whose_executor_died_in_the_middle_is_booked_on_the_key_that_it_had_used(ground: Ground) -> None:
    caller, key = await ground.stack.caller(), "key-of-an-execution-that-breaks"
    key_id = (await added(caller, key)).rpartition("/")[2]
    ground.provider.manners[key] = Manner(stalls=True)
    async with executor(ground.stack) as process:
        told = caller.stream("/v1/executions", CALL | {"stream": True})
        events = [await anext(told)]
        assert events[0][0] == "delta", events  # Its first words have passed through the bus.
        process.kill()
        await process.wait()
        async with local_executor(ground.stack):
            events += [one async for one in told]
    assert events[-1][1]["error"]["code"] == "interrupted", events
    (row,) = (await caller("GET", "/v1/executions")).body["data"]
    assert (row["provider_key_id"], row["key_source"]) == (key_id, "own") and row["cost_nusd"] > 0


@pytest.mark.promise("E-11")
async def test_a_replaced_and_a_revoked_key_are_used_by_no_call_a_second_later(ground: Ground) -> None:
    caller = await ground.stack.caller()
    async with local_executor(ground.stack):
        path = await added(caller, "first-text-of-a-key")
        await until_served(caller)
        await caller("PATCH", path, {"key": "second-text-of-a-key"})
        await fair_sleep(1.0)
        ground.provider.calls.clear()
        await caller("POST", "/v1/executions", CALL)
        assert ground.provider.calls == ["second-text-of-a-key"]
        await caller("DELETE", path)
        await fair_sleep(1.0)
        refused = await caller("POST", "/v1/executions", CALL)
        assert (refused.status, refused.body["error"]["code"]) == (422, "no_provider_key")
        assert ground.provider.calls == ["second-text-of-a-key"]


@pytest.mark.promise("E-11")
async def test_while_postgresql_is_away_an_executor_stops_using_keys_that_may_have_been_revoked(ground: Ground) -> None:
    """The executor cannot hear of the revocation; the gateway, which can, is asked to send it the call all the same."""
    async with local_executor(ground.stack):
        await undisturbed(lambda: _keys_are_let_go(ground), still_most_s=0.3)


async def _keys_are_let_go(ground: Ground) -> None:
    caller, key = await ground.stack.caller(), "key-that-is-revoked-behind-its-back"
    path = await added(caller, key)
    await until_served(caller)
    ground.provider.calls.clear()
    ground.proxy.freeze()
    asked = [asyncio.ensure_future(caller("POST", "/v1/executions", CALL))]
    try:
        async with asyncio.timeout(TRUST_S):
            while not ground.provider.calls:
                await asyncio.sleep(0.01)
        assert ground.provider.calls == [key], "for a moment what was known still serves"

        await asyncio.sleep(TRUST_S)
        second = (
            await caller("POST", "/v1/provider-keys", {"provider": "bare", "name": "two", "key": "another-key-of-the-workspace"})
        ).body
        await caller("DELETE", path)
        asked.append(asyncio.ensure_future(caller("POST", "/v1/executions", CALL)))
        await asyncio.sleep(LOOK_S + 0.3)  # it has looked in vain, and been refused; nobody can write that down yet
        assert ground.provider.calls == [key], "no call has started with any key"
    finally:
        ground.proxy.heal()
        at_once, *later = await asyncio.gather(*asked)
    assert at_once.status == 200 and later[0].body["error"]["code"] == "provider_keys_unverified", later[0].body
    assert later[0].status == 503 and later[0].body["error"]["retryable"]
    await until_served(caller)
    assert ground.provider.calls_with(key) == 1 and second["id"]
