"""A provider over real HTTP that tells more than its text, in OpenAI's format and in Anthropic's: what it does hangs on the model asked."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

SIGNED = {"google": {"thought_signature": "SIG-1"}}
THOUGHT = {"type": "thinking", "thinking": "Six times seven.", "signature": "SIGN"}
CITED = [{"type": "url_citation", "url_citation": {"url": "https://a.example", "title": "A", "start_index": 0, "end_index": 3}}]
USAGE = {"prompt_tokens": 40, "completion_tokens": 10, "total_tokens": 50}
USED = {"input_tokens": 40, "output_tokens": 10}

SAYS: dict[str, dict[str, Any]] = {
    "reasoner": {"content": "42", "reasoning_content": "Six times seven."},
    "refuser": {"content": None, "refusal": "I cannot help with that."},
    "pausing": {"content": "Well, 42.", "reasoning_content": "Hm."},
    "cited": {"content": "See there.", "annotations": CITED},
}

GRASS = {
    "type": "char_location", "cited_text": "The grass is green.", "document_index": 0, "document_title": "Nature", "start_char_index": 0,
    "end_char_index": 19,
}  # fmt: skip
SKY = GRASS | {"cited_text": "The sky is blue.", "start_char_index": 20, "end_char_index": 36}
CITING: list[dict[str, Any]] = [
    {"type": "text", "text": "It says that "},
    {"type": "text", "text": "the grass is green \u2603", "citations": [GRASS]},
    {"type": "text", "text": " and "},
    {"type": "text", "text": "the sky is blue", "citations": [SKY, GRASS]},
    {"type": "text", "text": "."},
]
"""As https://platform.claude.com/docs/en/build-with-claude/citations shows an answer, but for the texts."""

SETUP = {"setup": {"system_fingerprint": "fp_44709d6fcb"}}


@dataclass
class CandidProvider:
    """`bodies`, `headers`: what it was asked, in order. `late_s`: how long `late` waits with its headers, `pausing` before and in its
    thoughts, and `stalling` in its text.
    """

    port: int = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    late_s: float = 1.5

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def _heard(self, request: web.Request) -> dict[str, Any]:
        body: dict[str, Any] = await request.json()
        self.bodies.append(body)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        if body["model"] == "late":
            await asyncio.sleep(self.late_s)
        return body

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await self._heard(request)
        message = SAYS.get(body["model"], {"content": "Well."})
        if body["model"] == "signer" and body["messages"][-1]["role"] != "tool":
            function = {"name": "weather", "arguments": '{"city": "Bern"}'}
            call = {"id": "call_1", "type": "function", "function": function, "extra_content": SIGNED}
            message = {"content": None, "reasoning_content": "I must look.", "tool_calls": [call]}
        reason = "tool_calls" if message.get("tool_calls") else "stop"
        if not body.get("stream"):
            choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
            return web.json_response({"choices": [choice], "usage": USAGE} | SETUP.get(body["model"], {}))
        response = await _begun(request)
        await _chunk(response, {"role": "assistant", "content": "", "refusal": None})
        if body["model"] == "pausing":
            await asyncio.sleep(self.late_s)
        for name in ("reasoning_content", "refusal", "content"):
            for word in (message.get(name) or "").split(" ") if message.get(name) else ():
                await _chunk(response, {name: word + " "})
                if body["model"] == ("pausing" if name == "reasoning_content" else "stalling"):
                    await asyncio.sleep(self.late_s)
        if message.get("annotations"):
            await _chunk(response, {"annotations": message["annotations"]})
        for index, call in enumerate(message.get("tool_calls") or []):
            await _chunk(response, {"tool_calls": [{"index": index, **call}]})
        end = {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]} | SETUP.get(body["model"], {})
        await response.write(b"data: " + json.dumps(end).encode() + b"\n\n")
        await response.write(b"data: " + json.dumps({"choices": [], "usage": USAGE}).encode() + b"\n\ndata: [DONE]\n\n")
        return response

    async def messages(self, request: web.Request) -> web.StreamResponse:
        body = await self._heard(request)
        blocks: list[dict[str, Any]] = [{"type": "text", "text": "Well."}]
        reason, sequence = "end_turn", None
        if body["model"] == "thinker":
            asked = body["messages"][-1]["content"]
            has_result = isinstance(asked, list) and any(one["type"] == "tool_result" for one in asked)
            call = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Bern"}}
            last = call if body.get("tools") and not has_result else {"type": "text", "text": "42"}
            blocks = [THOUGHT, {"type": "redacted_thinking", "data": "XYZ"}, last]
            reason = "tool_use" if last is call else "end_turn"
        if body["model"] == "citer":
            blocks = CITING
        if body["model"] == "stopper":
            reason, sequence = "stop_sequence", "END"
        if not body.get("stream"):
            answer = {"type": "message", "role": "assistant", "content": blocks, "stop_reason": reason, "stop_sequence": sequence}
            return web.json_response(answer | {"usage": USED})
        response = await _begun(request)
        await _event(response, "message_start", message={"content": [], "usage": USED})
        for index, block in enumerate(blocks):
            await _block(response, index, block)
        await _event(response, "message_delta", delta={"stop_reason": reason, "stop_sequence": sequence}, usage=USED)
        await _event(response, "message_stop")
        return response


async def _block(response: web.StreamResponse, index: int, block: dict[str, Any]) -> None:
    opened, deltas = dict(block), []
    match block["type"]:
        case "text":
            opened, deltas = {"type": "text", "text": ""}, [{"type": "text_delta", "text": block["text"]}]
            deltas += [{"type": "citations_delta", "citation": one} for one in block.get("citations", [])]
        case "thinking":
            opened = {"type": "thinking", "thinking": "", "signature": ""}
            deltas = [{"type": "thinking_delta", "thinking": word} for word in ("Six times", " seven.")]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        case "tool_use":
            opened, deltas = block | {"input": {}}, [{"type": "input_json_delta", "partial_json": json.dumps(block["input"])}]
    await _event(response, "content_block_start", index=index, content_block=opened)
    for delta in deltas:
        await _event(response, "content_block_delta", index=index, delta=delta)
    await _event(response, "content_block_stop", index=index)


async def _begun(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    return response


async def _chunk(response: web.StreamResponse, delta: dict[str, Any]) -> None:
    await response.write(b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}).encode() + b"\n\n")


async def _event(response: web.StreamResponse, kind: str, **more: Any) -> None:
    await response.write(f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode())


@asynccontextmanager
async def speaking_candidly() -> AsyncIterator[CandidProvider]:
    """Listens on a free port of 127.0.0.1."""
    provider = CandidProvider()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", provider.chat)
    app.router.add_post("/v1/messages", provider.messages)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    provider.port = runner.addresses[0][1]
    try:
        yield provider
    finally:
        await runner.cleanup()
