"""How long a stream waits: its headers for the first piece of an answer, and a piece for somebody to read it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest
from aiohttp import web
from openai import AsyncOpenAI

from tests.embedded.stack import Caller, Stack
from tests.fakes.keyed_provider import TEXT, Manner, serving_by_key

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E2")]

ASKED: list[Any] = [{"role": "user", "content": "Hello."}]


async def _offer(caller: Caller, name: str, base_url: str, **more: Any) -> None:
    facts = {
        "model": name, "provider": "openai_compatible", "upstream_model": "one", "base_url": base_url, "context_tokens": 1_000_000,
        "output_tokens": 4096, "input_price_nusd_per_million": 0, "output_price_nusd_per_million": 0, **more,
    }  # fmt: skip
    made = await caller("POST", "/v1/models", facts)
    assert made.status == 201, made.body


@pytest.mark.promise("G-09")
async def test_a_stream_that_fails_late_still_fails_with_its_status_and_its_hint(stack: Stack, caller: Caller) -> None:
    """The provider is asked several times, for longer than the headers waited once: OpenAI's client can act on what it hears."""
    patient = caller.at(await stack.start_gateway(headers_wait_s=120.0))
    async with serving_by_key() as provider, AsyncOpenAI(base_url=f"{patient.url}/v1", api_key=patient.key, max_retries=0) as client:
        await _offer(caller, "own/busy", provider.base_url)
        provider.manners[""] = Manner(status=429, retry_after="1")
        with pytest.raises(openai.RateLimitError) as refused:
            await client.chat.completions.create(model="own/busy", messages=ASKED, stream=True)
        assert len(provider.calls) > 1
        assert int(refused.value.response.headers["retry-after"]) >= 1
        assert refused.value.body["retry_after_s"] >= 1  # type: ignore[index,call-overload]


async def test_a_stream_names_the_model_that_answers_after_a_fallback(stack: Stack, caller: Caller) -> None:
    async with serving_by_key() as broken, serving_by_key() as fine:
        broken.manners[""] = Manner(status=401)
        await _offer(caller, "own/broken", broken.base_url, provider="lab_broken")
        await _offer(caller, "own/fine", fine.base_url, provider="lab_fine")
        body = {"model": "own/broken", "messages": ASKED, "stream": True, "fallback_models": ["own/fine"]}
        chat = await caller("POST", "/v1/chat/completions", {**body, "stream_options": {"include_usage": True}})
        message = await caller("POST", "/v1/messages", {**body, "max_tokens": 100})
    chunks = [json.loads(line[6:]) for line in chat.raw.decode().splitlines() if line.startswith("data: {")]
    assert {one["model"] for one in chunks} == {"own/fine"} and chat.headers["x-burnish-model"] == "own/fine"
    assert chunks[-1]["burnish"]["provider"] == "lab_fine"
    begun = json.loads(next(line for line in message.raw.decode().splitlines() if line.startswith("data: "))[6:])
    assert begun["message"]["model"] == "own/fine"
    assert TEXT.split()[0] in chat.raw.decode()


@pytest.mark.capability("E9")
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/executions"])
async def test_a_buffered_answer_names_the_model_that_answers_after_a_fallback(caller: Caller, path: str) -> None:
    async with serving_by_key() as broken, serving_by_key() as fine:
        broken.manners[""] = Manner(status=401)
        await _offer(caller, "own/broken", broken.base_url, provider="lab_broken")
        await _offer(caller, "own/fine", fine.base_url, provider="lab_fine")
        answer = await caller("POST", path, {"model": "own/broken", "messages": ASKED, "fallback_models": ["own/fine"]})
    assert answer.status == 200 and answer.body["model"] == answer.headers["x-burnish-model"] == "own/fine"


@dataclass
class Torrent:
    """A provider that writes as fast as it is read. `left`: whoever asked is gone."""

    sent: int = 0
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        event = {"choices": [{"index": 0, "delta": {"content": "x" * 8_000}, "finish_reason": None}]}
        try:
            while True:
                await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")
                self.sent += 1
                await asyncio.sleep(0.002)
        finally:
            self.left.set()


@asynccontextmanager
async def _torrent() -> AsyncIterator[tuple[Torrent, str]]:
    provider, app = Torrent(), web.Application()
    app.router.add_post("/v1/chat/completions", provider.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield provider, f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


@pytest.mark.promise("G-14")
async def test_who_takes_nothing_is_cut_off_and_no_model_is_asked_on(stack: Stack, caller: Caller) -> None:
    """A socket that stops reading in the middle of a stream, as a client that was suspended does."""
    gateway = await stack.start_gateway(slow_reader_s=0.4)
    async with _torrent() as (provider, base_url):
        await _offer(caller, "own/torrent", base_url)
        body = json.dumps({"model": "own/torrent", "messages": ASKED, "stream": True}).encode()
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            where, loop = urlsplit(gateway), asyncio.get_running_loop()
            await loop.sock_connect(client, (where.hostname, where.port))
            head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {caller.key}\r\n"
            await loop.sock_sendall(client, f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
            assert (await loop.sock_recv(client, 1024)).startswith(b"HTTP/1.1 200")
            await asyncio.wait_for(provider.left.wait(), 60)
    assert provider.sent > 10
