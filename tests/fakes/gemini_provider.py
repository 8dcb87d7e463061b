"""A provider that speaks Google's Gemini format over real HTTP, as LiteLLM calls it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEY = "AIzaTestKeyOfTheFakeGemini0123456789"

WORDS = ("Hello", " Ada", ", says", " Gemini.")

USAGE = {"promptTokenCount": 30, "candidatesTokenCount": 6, "thoughtsTokenCount": 4, "cachedContentTokenCount": 10, "totalTokenCount": 40}


@dataclass
class GeminiProvider:
    """`bodies`: what it was asked, in order; `paths`: where."""

    port: int = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1beta"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.json())
        self.paths.append(request.path)
        if request.headers.get("x-goog-api-key") != KEY:
            error = {"code": 400, "message": f"API key not valid: {request.headers.get('x-goog-api-key')}", "status": "INVALID_ARGUMENT"}
            return web.json_response({"error": error}, status=400)
        if request.path.endswith(":streamGenerateContent"):
            return await self._stream(request)
        return web.json_response(_said("".join(WORDS), last=True))

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for index, word in enumerate(WORDS):
            await response.write(b"data: " + json.dumps(_said(word, last=index + 1 == len(WORDS))).encode() + b"\r\n\r\n")
        return response


def _said(text: str, *, last: bool) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    if last:
        candidate["finishReason"] = "STOP"
    return {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": "gemini-test"}


@asynccontextmanager
async def serving_gemini() -> AsyncIterator[GeminiProvider]:
    """Listens on a free port of 127.0.0.1."""
    provider = GeminiProvider()
    app = web.Application()
    app.router.add_post("/v1beta/models/{call:.+}", provider.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    provider.port = runner.addresses[0][1]
    try:
        yield provider
    finally:
        await runner.cleanup()
