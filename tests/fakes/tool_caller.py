"""An OpenAI-compatible provider over real HTTP that calls the first tool it is offered, and answers with the tool's result.

It calls the tool that is forced instead, and the last one where a tool is required after a result. The arguments fit the tool's
schema: of one with a `city` they are ARGUMENTS."""

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
    """`bodies`: what it was asked, in order. `parallel`: the calls of one answer, `call_1` to `call_n`, unless the
    request wants one at a time. `interleaved`: their pieces come in turns, which OpenAI never does but its format allows."""

    port: int = 0
    parallel: int = 1
    interleaved: bool = False
    bodies: list[dict[str, Any]] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        message = self._message(body)
        if body.get("stream"):
            return await self._stream(request, message)
        reason = "tool_calls" if message.get("tool_calls") else "stop"
        return web.json_response({"choices": [{"index": 0, "message": message, "finish_reason": reason}], "usage": USAGE})

    def _message(self, body: dict[str, Any]) -> dict[str, Any]:
        last = body["messages"][-1]
        choice = body.get("tool_choice")
        has_result = last["role"] == "tool"
        if (has_result and choice != "required") or not body.get("tools") or choice == "none":
            return {"role": "assistant", "content": _said(body, last)}
        function = _function(body["tools"], choice, has_result)
        calls = 1 if body.get("parallel_tool_calls") is False else self.parallel
        return {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": f"call_{n + 1}", "type": "function", "function": function} for n in range(calls)],
        }

    async def _stream(self, request: web.Request, message: dict[str, Any]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for delta in _deltas(message, self.interleaved):
            await _send(response, {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        reason = "tool_calls" if message.get("tool_calls") else "stop"
        await _send(response, {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        await _send(response, {"choices": [], "usage": USAGE})
        await response.write(b"data: [DONE]\n\n")
        return response


def _said(body: dict[str, Any], last: dict[str, Any]) -> str:
    asked = (body.get("response_format") or {}).get("json_schema")
    if asked:
        return json.dumps(_value(asked["schema"]))
    said = last["content"]
    if not isinstance(said, str):
        said = " ".join(part.get("text") or part["type"] for part in said)
    return f"It says: {said}"


def _function(tools: list[dict[str, Any]], choice: Any, has_result: bool) -> dict[str, str]:
    """The call of one tool: its name, and its arguments as JSON."""
    functions = {tool["function"]["name"]: tool["function"] for tool in tools}
    chosen = tools[-1 if has_result else 0]["function"]
    if isinstance(choice, dict):
        chosen = functions[choice["function"]["name"]]
    parameters = chosen.get("parameters") or {}
    properties = parameters.get("properties", {})
    usual = not properties or list(properties) == ["city"]
    return {"name": chosen["name"], "arguments": "".join(ARGUMENTS) if usual else json.dumps(_value(parameters))}


def _value(schema: dict[str, Any]) -> Any:
    """Something that fits a plain schema (no references)."""
    match schema.get("type"):
        case "object":
            properties = schema.get("properties", {})
            return {name: _value(properties[name]) for name in schema.get("required", properties)}
        case "integer" | "number":
            return 21
        case "boolean":
            return True
        case "array":
            return [_value(schema.get("items", {}))]
        case _:
            return schema["enum"][0] if schema.get("enum") else "Zürich"


def _deltas(message: dict[str, Any], interleaved: bool) -> list[dict[str, Any]]:
    """The name of each call, then its arguments in pieces."""
    calls = message.get("tool_calls")
    if not calls:
        return [{"role": "assistant", "content": ""}, *({"content": word + " "} for word in message["content"].split())]
    written = calls[0]["function"]["arguments"]
    pieces = ARGUMENTS if written == "".join(ARGUMENTS) else [written[at : at + 9] for at in range(0, len(written), 9)]
    streamed = [
        [
            {"role": "assistant", "content": None, "tool_calls": [{"index": n, **call, "function": {**call["function"], "arguments": ""}}]},
            *({"tool_calls": [{"index": n, "function": {"arguments": piece}}]} for piece in pieces),
        ]
        for n, call in enumerate(calls)
    ]
    return [delta for turn in (zip(*streamed, strict=True) if interleaved else streamed) for delta in turn]


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
