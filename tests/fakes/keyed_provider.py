"""An OpenAI-compatible provider over real HTTP that answers by the key it is called with."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
TEXT = "Hello from afar."


@dataclass(frozen=True, slots=True)
class Manner:
    """How a key is served. `hangs`: no answer begins; `stalls`, `breaks`: a stream stands still or ends after its first word.

    `says`: a body of status 200 in place of an answer, or the first event of a stream, or a page; the words of any other status;
    of blanks alone, nothing at all (a line end: as an event stream). `code`: of the error object.
    `echoes`: the error repeats the key in its body and in a header.
    """

    status: int = 200
    retry_after: str | None = None
    hangs: bool = False
    stalls: bool = False
    breaks: bool = False
    echoes: bool = False
    says: str = ""
    code: str | None = None


FINE = Manner()


@dataclass
class KeyedProvider:
    """`calls`: the key of each call in order, '' for none; `bodies`: what was asked; `left`: how many callers did not wait to the end.

    `manners`: key → how it is served; FINE for one that is not named.
    """

    port: int = 0
    calls: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    manners: dict[str, Manner] = field(default_factory=dict)
    usage: dict[str, Any] = field(default_factory=lambda: dict(USAGE))
    released: asyncio.Event = field(default_factory=asyncio.Event)
    streaming: asyncio.Event = field(default_factory=asyncio.Event)
    left: int = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def calls_with(self, key: str) -> int:
        return self.calls.count(key)

    async def models(self, request: web.Request) -> web.StreamResponse:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.calls.append(f"models:{key}")
        manner = self.manners.get(key, FINE)
        if manner.hangs:
            await self.released.wait()
        if manner.status != 200:
            return self._refuse(key, manner)
        return web.json_response({"object": "list", "data": [{"id": "one"}, {"id": "two"}]})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.calls.append(key)
        manner = self.manners.get(key, FINE)
        if manner.hangs:
            await self._hang()
        if manner.status != 200:
            return self._refuse(key, manner)
        if manner.says.lstrip().startswith("<"):
            return web.Response(text=manner.says, content_type="text/html")
        if manner.says.isspace():
            return web.Response(text="", content_type="text/event-stream" if manner.says == "\n" else "application/json")
        if manner.says:
            kind, text = ("text/event-stream", f"data: {manner.says}\n\n") if body.get("stream") else ("application/json", manner.says)
            return web.Response(text=text, content_type=kind)
        if body.get("stream"):
            return await self._stream(request, manner)
        message = {"role": "assistant", "content": TEXT}
        return web.json_response({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": self.usage})

    async def _hang(self) -> None:
        try:
            await self.released.wait()
        except asyncio.CancelledError:
            self.left += 1
            raise

    async def embed(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.json())
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.calls.append(key)
        if self.manners.get(key, FINE).hangs:
            await self._hang()
        data = [{"object": "embedding", "index": 0, "embedding": [0.5, 0.5]}]
        return web.json_response({"object": "list", "data": data, "usage": {"prompt_tokens": 3, "total_tokens": 3}})

    def _refuse(self, key: str, manner: Manner) -> web.Response:
        said = manner.says or (f"No: {key}" if manner.echoes else "No.")
        headers = {"retry-after": manner.retry_after} if manner.retry_after else {}
        headers |= {"x-your-key": key} if manner.echoes else {}
        error = {"message": said, "code": manner.code, "key": key if manner.echoes else None}
        return web.json_response({"error": error}, status=manner.status, headers=headers)

    async def _stream(self, request: web.Request, manner: Manner) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for word in TEXT.split():
            await _send(response, {"choices": [{"index": 0, "delta": {"content": word + " "}, "finish_reason": None}]})
            self.streaming.set()
            if manner.breaks:
                assert request.transport is not None
                request.transport.close()
                return response
            if manner.stalls:
                await self.released.wait()
        await _send(response, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        await _send(response, {"choices": [], "usage": self.usage})
        await response.write(b"data: [DONE]\n\n")
        return response


async def _send(response: web.StreamResponse, event: dict[str, Any]) -> None:
    await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")


@asynccontextmanager
async def serving_by_key() -> AsyncIterator[KeyedProvider]:
    """Listens on a free port of 127.0.0.1."""
    provider = KeyedProvider()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", provider.answer)
    app.router.add_post("/v1/embeddings", provider.embed)
    app.router.add_get("/v1/models", provider.models)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.port = runner.addresses[0][1]
    try:
        yield provider
    finally:
        provider.released.set()
        await runner.cleanup()
