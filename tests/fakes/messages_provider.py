"""A provider over real HTTP that speaks Anthropic's Messages format, strict about what that format demands."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEY = "sk-ant-test-1234567890"
PARTS = ('{"city"', ': "Zür', 'ich"}')
USAGE = {"input_tokens": 30, "cache_read_input_tokens": 8, "cache_creation_input_tokens": 2, "output_tokens": 10}
"""40 tokens of input by our count, 8 of them from the provider's cache."""


@dataclass
class MessagesProvider:
    """Calls the first tool that it is offered, and answers with the tool's result. `bodies`: what it was asked, in order.

    `refuse_with`: (status, type of error) of the next answer. `cut_off`: the next stream breaks off after its first word.
    """

    port: int = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    refuse_with: tuple[int, str] | None = None
    cut_off: bool = False

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def models(self, request: web.Request) -> web.Response:
        return self._refusal(request) or web.json_response({"data": [{"type": "model", "id": "claude-test"}], "has_more": False})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        if refusal := self._refusal(request) or _complaint(body):
            return refusal
        blocks = _blocks(body)
        reason = "tool_use" if blocks[-1]["type"] == "tool_use" else "end_turn"
        if body.get("stream"):
            return await self._stream(request, blocks, reason)
        return web.json_response({"type": "message", "role": "assistant", "content": blocks, "stop_reason": reason, "usage": USAGE})

    def _refusal(self, request: web.Request) -> web.Response | None:
        if request.headers.get("x-api-key") != KEY or "authorization" in request.headers:
            return _error(401, "authentication_error", "invalid x-api-key")
        if request.headers.get("anthropic-version") != "2023-06-01":
            return _error(400, "invalid_request_error", "anthropic-version: header is required")
        if self.refuse_with is not None:
            (status, kind), self.refuse_with = self.refuse_with, None
            return _error(status, kind, "Overloaded")
        return None

    async def _stream(self, request: web.Request, blocks: list[dict[str, Any]], reason: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        begun = {key: value for key, value in USAGE.items() if key != "output_tokens"} | {"output_tokens": 1}
        await _send(response, "message_start", message={"type": "message", "role": "assistant", "content": [], "usage": begun})
        await _send(response, "ping")
        for index, block in enumerate(blocks):
            is_text = block["type"] == "text"
            opened = {"type": "text", "text": ""} if is_text else block | {"input": {}}
            await _send(response, "content_block_start", index=index, content_block=opened)
            for part in [word + " " for word in block["text"].split()] if is_text else PARTS:
                delta = {"type": "text_delta", "text": part} if is_text else {"type": "input_json_delta", "partial_json": part}
                await _send(response, "content_block_delta", index=index, delta=delta)
                if self.cut_off:
                    self.cut_off = False
                    assert request.transport is not None
                    request.transport.close()
                    return response
            await _send(response, "content_block_stop", index=index)
        await _send(response, "message_delta", delta={"stop_reason": reason}, usage={"output_tokens": USAGE["output_tokens"]})
        await _send(response, "message_stop")
        return response


def _blocks(body: dict[str, Any]) -> list[dict[str, Any]]:
    last = body["messages"][-1]["content"]
    result = next((block for block in last if block["type"] == "tool_result"), None) if isinstance(last, list) else None
    if body.get("tools") and result is None:
        call = {"type": "tool_use", "id": "toolu_1", "name": body["tools"][0]["name"], "input": json.loads("".join(PARTS))}
        return [{"type": "text", "text": "Let me look."}, call]
    said = result["content"] if result else last if isinstance(last, str) else last[0].get("text", "")
    return [{"type": "text", "text": f"{body.get('system', 'Nobody')} says: {said}"}]


def _complaint(body: dict[str, Any]) -> web.Response | None:
    """What the real service refuses with 400."""
    if not isinstance(body.get("max_tokens"), int):
        return _error(400, "invalid_request_error", "max_tokens: Field required")
    known = {
        "model", "messages", "max_tokens", "system", "temperature", "top_p", "stop_sequences", "stream", "tools", "tool_choice",
        "thinking", "output_config",
    }  # fmt: skip
    if unknown := body.keys() - known:
        return _error(400, "invalid_request_error", f"{min(unknown)}: Extra inputs are not permitted")
    for index, message in enumerate(body["messages"]):
        if message["role"] not in ("user", "assistant") or not message["content"]:
            return _error(400, "invalid_request_error", f"messages.{index}: unexpected role or empty content")
    return None


def _error(status: int, kind: str, message: str) -> web.Response:
    return web.json_response({"type": "error", "error": {"type": kind, "message": message}}, status=status)


async def _send(response: web.StreamResponse, kind: str, **more: Any) -> None:
    await response.write(f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode())


@asynccontextmanager
async def serving_messages() -> AsyncIterator[MessagesProvider]:
    """Listens on a free port of 127.0.0.1."""
    provider = MessagesProvider()
    app = web.Application()
    app.router.add_post("/v1/messages", provider.answer)
    app.router.add_get("/v1/models", provider.models)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    provider.port = runner.addresses[0][1]
    try:
        yield provider
    finally:
        await runner.cleanup()
