"""A model provider that tells whatever it was told: the key in bodies and headers, the prompt in error messages."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

USAGE = {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10}


@dataclass
class EchoingProvider:
    """The model's name says what happens: ok · unauthorized · limited · broken · refused · html · malformed · cut · slow · hang.

    `said` is the text of every answer. `streaming` is set once a slow stream has begun.
    """

    port: int = 0
    said: str = ""
    calls: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    streaming: asyncio.Event = field(default_factory=asyncio.Event)

    def base_url(self, place: str = "v1") -> str:
        """Places differ in nothing but their address, so that a key refused at one goes on being used at another."""
        return f"http://127.0.0.1:{self.port}/{place}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        key = request.headers.get("authorization", "")
        self.calls.append(body["model"])
        self.keys.add(key.removeprefix("Bearer "))
        told = f"Incorrect key {key} (sent as {key.removeprefix('Bearer ')}) for {json.dumps(body['messages'])}"
        headers = {"x-echo": key, "www-authenticate": f'Bearer realm="{key}"', "set-cookie": f"session={key.removeprefix('Bearer ')}"}
        error = {"error": {"message": told, "type": told, "code": key, "param": told}}
        match body["model"]:
            case "unauthorized":
                return web.json_response(error, status=401, headers=headers)
            case "limited":
                return web.json_response(error, status=429, headers=headers | {"retry-after": "0"})
            case "broken":
                return web.Response(text=told, status=500, headers=headers)
            case "refused":
                return web.json_response(error, status=400, headers=headers)
            case "html":
                return web.Response(text=f"<html>{told}</html>", content_type="text/html", headers=headers)
            case "malformed":
                return web.Response(text=f'{{"choices": [{{"{told}', content_type="application/json", headers=headers)
            case "hang":
                await asyncio.sleep(60)
        if body.get("stream"):
            return await self._stream(request, body["model"], headers)
        choice = {"index": 0, "message": {"role": "assistant", "content": self.said}, "finish_reason": "stop"}
        return web.json_response(
            {"id": "1", "object": "chat.completion", "model": "m", "choices": [choice], "usage": USAGE}, headers=headers
        )

    async def _stream(self, request: web.Request, model: str, headers: dict[str, str]) -> web.StreamResponse:
        response = web.StreamResponse(headers=headers | {"content-type": "text/event-stream"})
        await response.prepare(request)
        for number in range(40 if model == "slow" else 3):
            delta = {"content": f"{self.said} {number}"}
            await response.write(
                b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}).encode() + b"\n\n"
            )
            if model == "cut" and number == 1:
                request.transport.abort()  # type: ignore[union-attr]
                return response
            if model == "slow":
                self.streaming.set()
                await asyncio.sleep(0.1)
        last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": USAGE}
        await response.write(b"data: " + json.dumps(last).encode() + b"\n\ndata: [DONE]\n\n")
        return response


@asynccontextmanager
async def echoing_provider(*, said: str) -> AsyncIterator[EchoingProvider]:
    """Listens until the block ends."""
    provider = EchoingProvider(said=said)
    app = web.Application()
    app.router.add_post("/{place}/chat/completions", provider.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.port = runner.addresses[0][1]
    try:
        yield provider
    finally:
        await runner.cleanup()
