"""Calls that outlast the time which a stopped gateway gives them: their callers hear how they ended, in the one shape of their route."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
import uvicorn

from burnish_gateway.app import build_app, make_server
from burnish_gateway.execution.dispatch import Dispatch
from burnish_gateway.settings import GatewaySettings
from burnish_shared.ids import new_uuid
from tests.embedded.stack import FAST, PATIENT, Caller, Stack
from tests.integration.execution.test_executions import HELD_BACK, HELLO, assert_settled, fault, finished, held_back, rows_of, until_asked

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("G-18"), pytest.mark.capability("I1")]

NATIVE, CHAT, MESSAGES = "/v1/executions", "/v1/chat/completions", "/v1/messages"
ROUTES = {NATIVE: HELLO, CHAT: HELLO, MESSAGES: HELLO | {"max_tokens": 50}}


@contextlib.asynccontextmanager
async def stopping(stack: Stack, caller: Caller) -> AsyncIterator[tuple[Caller, uvicorn.Server]]:
    """A gateway as it is served in production, which gives a fifth of a second once its `should_exit` is set."""
    listening = socket.create_server(("127.0.0.1", 0))
    where = {"database_url": stack.urls["gateway"], "nats_url": stack.nats.url("gateway"), "replica": new_uuid().hex}
    settings = GatewaySettings(**(where | FAST | PATIENT | {"leave_s": 0.0, "drain_s": 0.2}))
    server = make_server(build_app(settings), settings)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield caller.at(f"http://127.0.0.1:{listening.getsockname()[1]}"), server
    finally:
        server.should_exit = True
        await asyncio.wait_for(serving, 60)


@contextlib.asynccontextmanager
async def posted(caller: Caller, path: str, body: Any) -> AsyncIterator[aiohttp.ClientResponse]:
    async with caller.session.post(caller.url + path, json=body, headers={"authorization": f"Bearer {caller.key}"}) as response:
        yield response


async def told_by_stopped(stack: Stack, caller: Caller, path: str, *, first: bytes) -> bool:
    """Whether a stream of events that begins with `first` ends, whole, with an error which says to follow it again."""
    async with stopping(stack, caller) as (at_it, server):
        headers = {"authorization": f"Bearer {caller.key}", "accept": "text/event-stream"}
        async with at_it.session.get(at_it.url + path, headers=headers) as response:
            assert (await response.content.readuntil(b"\n\n")).startswith(first)
            server.should_exit = True
            rest = (await asyncio.wait_for(response.content.read(), 60)).decode()  # It raises where the connection is cut.
    name, data = [line for line in rest.splitlines() if line and not line.startswith(":")][-2:]
    error = json.loads(data.removeprefix("data: "))["error"]
    return (name, error["code"], error["retryable"]) == ("event: error", "unavailable", True)


def text_in(data: Any) -> str:
    """Of one event, whatever the route."""
    if "choices" in data:
        return data["choices"][0]["delta"].get("content") or "" if data["choices"] else ""
    if data.get("type") == "content_block_delta":
        return str(data["delta"].get("text", ""))
    return str(data.get("text", ""))


async def told_until_two(response: aiohttp.ClientResponse, server: uvicorn.Server) -> list[Any]:
    """All data of a stream; once two pieces of text came, the gateway is stopped."""
    told = list[Any]()
    async for line in response.content:  # It raises where the connection is cut.
        if line.startswith(b"data: "):
            told.append("[DONE]" if line.strip() == b"data: [DONE]" else json.loads(line[6:]))
            if sum(bool(text_in(one)) for one in told if one != "[DONE]") == 2:
                server.should_exit = True
    return told


@pytest.mark.promise("G-13")
@pytest.mark.parametrize("path", ROUTES)
async def test_a_stream_ends_with_one_error_and_what_had_come_is_booked(stack: Stack, caller: Caller, path: str) -> None:
    async with fault(stack, "slow_chunks,rate=3"), stopping(stack, caller) as (at_it, server):
        async with posted(at_it, path, ROUTES[path] | {"stream": True}) as response:
            assert response.status == 200
            told = await told_until_two(response, server)
    *pieces, last = [one for one in told if one != "[DONE]"]
    assert last["error"]["code"] == "interrupted" and last["error"]["retryable"] is True
    assert ("type" in last) is (path == MESSAGES)
    assert [one for one in pieces if one.get("error")] == []
    (row,) = await rows_of(stack, caller)
    booked = (await caller("GET", f"/v1/executions/{row['execution_id']}")).body
    assert (booked["status"], booked["error"]["code"]) == ("cancelled", "interrupted")
    assert booked["output"] == "".join(map(text_in, pieces)) != ""
    assert booked["cost_nusd"] > 0
    await assert_settled(stack, caller)


@pytest.mark.parametrize("path", ROUTES)
async def test_a_call_that_waits_hears_503_and_its_model_is_asked_no_longer(stack: Stack, caller: Caller, path: str) -> None:
    async with fault(stack, "slow,s=600"), stopping(stack, caller) as (at_it, server):
        calling = asyncio.create_task(at_it("POST", path, ROUTES[path]))
        await until_running(stack, caller)
        server.should_exit = True
        answer = await asyncio.wait_for(calling, 60)
    assert (answer.status, answer.body["error"]["code"], answer.body["error"]["retryable"]) == (503, "unavailable", True)
    assert answer.headers["retry-after"] == "1"
    assert (answer.body.get("type") == "error") is (path == MESSAGES)
    booked = await finished(caller, answer.body["error"]["details"]["execution_id"])
    assert (booked["status"], booked["error"]["code"]) == ("cancelled", "interrupted")
    assert len(await rows_of(stack, caller)) == 1
    await assert_settled(stack, caller)


@pytest.mark.promise("G-02", "G-03")
@pytest.mark.parametrize("path", ROUTES)
async def test_a_call_with_a_key_goes_on_and_is_answered_when_it_is_asked_again(stack: Stack, caller: Caller, path: str) -> None:
    key, body = {"idempotency-key": new_uuid().hex}, ROUTES[path] | HELD_BACK
    async with held_back(caller) as provider, stopping(stack, caller) as (at_it, server):
        calling = asyncio.create_task(at_it("POST", path, body, headers=key))
        await until_asked(provider)
        repeating = asyncio.create_task(at_it("POST", path, body, headers=key))
        await until_open(server, 2)
        server.should_exit = True
        first, repeat = await asyncio.wait_for(asyncio.gather(calling, repeating), 60)
        assert first.status == 503 and "same Idempotency-Key" in first.body["error"]["message"]
        assert (repeat.status, repeat.body["error"]["code"]) == (409, "idempotency_in_progress")
        provider.released.set()
        again = await caller("POST", path, body, headers=key)
    assert again.status == 200 and again.headers["idempotent-replayed"] == "true"
    (row,) = await rows_of(stack, caller)
    assert row["status"] == "success" and str(row["execution_id"]) == first.body["error"]["details"]["execution_id"]
    await assert_settled(stack, caller)


@pytest.mark.promise("G-02")
@pytest.mark.parametrize("path", ROUTES)
async def test_a_stream_with_a_key_that_told_nothing_yet_goes_on(stack: Stack, caller: Caller, path: str) -> None:
    """Its key may be used again, and nothing says otherwise."""
    key, body = {"idempotency-key": new_uuid().hex}, ROUTES[path] | HELD_BACK | {"stream": True}
    async with held_back(caller) as provider, stopping(stack, caller) as (at_it, server):
        calling = asyncio.create_task(at_it("POST", path, body, headers=key))
        await until_asked(provider)
        server.should_exit = True
        first = await asyncio.wait_for(calling, 60)
        assert (first.status, first.body["error"]["code"], first.body["error"]["retryable"]) == (503, "unavailable", True)
        assert "same Idempotency-Key" in first.body["error"]["message"]
        assert first.headers.get("x-should-retry") != "false"
        provider.released.set()
        booked = await finished(caller, first.body["error"]["details"]["execution_id"])
    assert booked["status"] == "success"
    async with caller.session.post(caller.url + path, json=body, headers=key | {"authorization": f"Bearer {caller.key}"}) as again:
        assert (again.status, again.headers["idempotent-replayed"]) == (200, "true")
        told = [json.loads(line[6:]) async for line in again.content if line.startswith(b"data: {")]
    assert booked["output"] in {"".join(map(text_in, told)), text_in(told[0])} - {""}
    assert len(await rows_of(stack, caller)) == 1
    await assert_settled(stack, caller)


@pytest.mark.promise("G-06")
async def test_a_call_that_no_executor_took_by_then_leaves_its_key_free(stack: Stack, caller: Caller) -> None:
    key = {"idempotency-key": new_uuid().hex}
    async with stopping(stack, caller) as (at_it, server):
        app: Any = server.config.app
        app.state.gateway.inbox.end_grace()
        first = await at_it("POST", NATIVE, HELLO, headers=key)
    again = await caller("POST", NATIVE, HELLO, headers=key)
    assert first.status == 503 and again.status == 200
    assert "idempotent-replayed" not in again.headers
    assert [row["status"] for row in await rows_of(stack, caller)] == ["error", "success"]
    await assert_settled(stack, caller)


@pytest.mark.promise("G-08")
@pytest.mark.parametrize("path", ["/v1/datasets?name=late", CHAT, MESSAGES])
async def test_a_request_that_has_not_come_whole_hears_503(stack: Stack, caller: Caller, path: str) -> None:
    """Nothing of it was done, so it may be sent again."""

    async def body() -> AsyncIterator[bytes]:
        yield b'{"input": "tea", "expected": "hot"}\n'
        await asyncio.Event().wait()

    async with stopping(stack, caller) as (at_it, server):
        headers = {"authorization": f"Bearer {caller.key}", "content-type": "application/x-ndjson"}
        calling = asyncio.create_task(at_it.session.post(at_it.url + path, data=body(), headers=headers))
        await until_open(server, 1)
        server.should_exit = True
        async with await asyncio.wait_for(calling, 60) as response:
            told = await response.json()
    assert (response.status, response.headers["retry-after"], told["error"]["retryable"]) == (503, "1", True)
    assert "had not come whole" in told["error"]["message"] and (told.get("type") == "error") is (path == MESSAGES)


async def test_what_whoever_goes_on_finds_in_the_books_is_let_be() -> None:
    """A chain's step goes on under the next gateway, and is paid once."""
    told = list[Any]()

    async def publish(*args: Any) -> None:
        told.append(args)

    gateway: Any = SimpleNamespace(bus=SimpleNamespace(nc=SimpleNamespace(publish=publish)))
    request: Any = SimpleNamespace(stream=True, execution_id=new_uuid())
    for goes_on in (True, False):
        assert await Dispatch(gateway, request, accepted=True, goes_on=goes_on)._on_grace_over() == ()
        assert bool(told) is not goes_on


async def until_running(stack: Stack, caller: Caller) -> None:
    """Until an executor asks a model for it."""
    async with asyncio.timeout(60), aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"{stack.simulator}/counters") as response:
                if (await response.json())["open"]:
                    return
            await asyncio.sleep(0.02)


async def until_open(server: uvicorn.Server, count: int) -> None:
    """Until exactly so many requests are being answered."""
    async with asyncio.timeout(60):
        while len(server.server_state.tasks) != count:
            await asyncio.sleep(0.01)
