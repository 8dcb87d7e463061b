"""An OpenAI-compatible provider over real HTTP that calls the first tool it is offered, and answers with the tool's result."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

ARGUMENTS = ('{"city"', ': "Zür', 'ich"}')
"""The arguments as they are streamed; together they are one JSON object."""

USAGE = {"prompt_tokens": 40, "completion_tokens": 10, "total_tokens": 50, "prompt_tokens_details": {"cached_tokens": 8}}


@dataclass
class ToolCaller:
    """`bodies`: what it was asked, in order."""

    port: int = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        last = body["messages"][-1]
        has_result = last["role"] == "tool"
        if has_result or not body.get("tools"):
            said = last["content"]
            if not isinstance(said, str):
                said = " ".join(part.get("text") or part["type"] for part in said)
            message: dict[str, Any] = {"role": "assistant", "content": f"It says: {said}"}
        else:
            function = {"name": body["tools"][0]["function"]["name"], "arguments": "".join(ARGUMENTS)}
            message = {"role": "assistant", "content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
        if body.get("stream"):
            return await self._stream(request, message)
        reason = "tool_calls" if message.get("tool_calls") else "stop"
        return web.json_response({"choices": [{"index": 0, "message": message, "finish_reason": reason}], "usage": USAGE})

    async def _stream(self, request: web.Request, message: dict[str, Any]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for delta in _deltas(message):
            await _send(response, {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        reason = "tool_calls" if message.get("tool_calls") else "stop"
        await _send(response, {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        await _send(response, {"choices": [], "usage": USAGE})
        await response.write(b"data: [DONE]\n\n")
        return response


def _deltas(message: dict[str, Any]) -> list[dict[str, Any]]:
    calls = message.get("tool_calls")
    if not calls:
        return [{"role": "assistant", "content": ""}, *({"content": word + " "} for word in message["content"].split())]
    named = {"index": 0, **calls[0], "function": {"name": calls[0]["function"]["name"], "arguments": ""}}
    parts = [{"tool_calls": [{"index": 0, "function": {"arguments": part}}]} for part in ARGUMENTS]
    return [{"role": "assistant", "content": None, "tool_calls": [named]}, *parts]


async def _send(response: web.StreamResponse, event: dict[str, Any]) -> None:
    await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")


@asynccontextmanager
async def calling_tools() -> AsyncIterator[ToolCaller]:
    """Listens on a free port of 127.0.0.1."""
    provider = ToolCaller()
    app = web.Application(client_max_size=16 * 2**20)
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
