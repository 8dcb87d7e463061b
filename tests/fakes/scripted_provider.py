"""An OpenAI-compatible provider over real HTTP that says what it was told to say, in small pieces where it streams."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}


@dataclass
class ScriptedProvider:
    """`says`: the next answers, the last one again and again; a list is tool calls, an object a whole message. `bodies`: what was asked.

    `sent`: pieces of streams that left, `slow_s` apart; `breaks_after`: so many, and the connection ends.
    """

    port: int = 0
    says: list[str | list[dict[str, Any]] | dict[str, Any]] = field(default_factory=lambda: ["Yes."])
    bodies: list[dict[str, Any]] = field(default_factory=list)
    piece: int = 3
    sent: int = 0
    slow_s: float = 0.0
    breaks_after: int = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def asked(self, index: int = -1) -> str:
        """All that the messages of a call say."""
        return "\n".join(str(one.get("content")) for one in self.bodies[index]["messages"])

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        if not body.get("stream"):
            choices = [{"index": n, "message": self._message(), "finish_reason": "stop"} for n in range(body.get("n", 1))]
            return web.json_response({"choices": choices, "usage": USAGE})
        said = self._next()
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for delta in self._deltas(said):
            await _send(response, {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
            self.sent += 1
            if self.sent == self.breaks_after and request.transport is not None:
                request.transport.close()
                return response
            await asyncio.sleep(self.slow_s)
        await _send(response, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        await _send(response, {"choices": [], "usage": USAGE})
        await response.write(b"data: [DONE]\n\n")
        return response

    def _deltas(self, said: str | list[dict[str, Any]] | dict[str, Any]) -> list[dict[str, Any]]:
        if isinstance(said, str):
            return [{"content": said[at : at + self.piece]} for at in range(0, len(said), self.piece)]
        if isinstance(said, list):
            return [{"tool_calls": [{"index": n, **one}]} for n, one in enumerate(said)]
        return [
            delta
            for name, value in said.items()
            for delta in (self._deltas(value) if name in ("content", "tool_calls") and value else [{name: value}])
        ]

    def _next(self) -> str | list[dict[str, Any]] | dict[str, Any]:
        return self.says.pop(0) if len(self.says) > 1 else self.says[0]

    def _message(self) -> dict[str, Any]:
        said = self._next()
        if isinstance(said, dict):
            return {"role": "assistant", "content": None, **said}
        return {"role": "assistant", "content": said} if isinstance(said, str) else {"tool_calls": said, "content": None}


async def _send(response: web.StreamResponse, event: dict[str, Any]) -> None:
    await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")


@asynccontextmanager
async def scripted_provider() -> AsyncIterator[ScriptedProvider]:
    """Listens on a free port of 127.0.0.1."""
    provider = ScriptedProvider()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", provider.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.port = runner.addresses[0][1]
    try:
        yield provider
    finally:
        await runner.cleanup()
