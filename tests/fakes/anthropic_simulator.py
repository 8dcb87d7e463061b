"""The simulator's models and faults behind Anthropic's Messages format, so that one set of behaviours is asked of every format."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from aiohttp import web

from burnish_simulator.chat_request import ChatRequest
from burnish_simulator.counters import Counters
from burnish_simulator.delivery import CHUNK, EVENT_STREAM_TYPE, Delivery, json_delivery, usage_json
from burnish_simulator.faults import CONTENT, Fault, parse_fault, spoiled, spoiled_usage
from burnish_simulator.models import Completion, complete
from burnish_simulator.send import send

COUNTERS = web.AppKey("counters", Counters)

REASONS = {"stop": "end_turn", "length": "max_tokens"}


def _usage(completion: Completion, fault: Fault | None) -> dict[str, Any] | None:
    """Anthropic's counts, as the fault leaves them."""
    text: str | None = usage_json(completion)
    text = spoiled_usage(fault, text) if fault is not None and text is not None else text
    if text is None:
        return None
    usage = json.loads(text)
    return {"input_tokens": usage["prompt_tokens"], "output_tokens": usage["completion_tokens"]}


TEXT = b'"text":   "'
"""Before what is said, as long as what stands there in OpenAI's format."""


def _padded(written: bytes) -> bytes:
    return written.replace(b'"text": "', TEXT)


def _spoiled(fault: Fault, plain: Delivery) -> Delivery:
    """Faults look for the text where OpenAI has it."""
    disguised = replace(plain, pieces=tuple(piece.replace(TEXT, CONTENT) for piece in plain.pieces))
    spoilt = spoiled(fault, disguised)
    return replace(spoilt, pieces=tuple(piece.replace(CONTENT, TEXT) for piece in spoilt.pieces))


def _event(kind: str, **more: Any) -> bytes:
    return _padded(f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode())


def _streamed(completion: Completion, usage: dict[str, Any] | None) -> Delivery:
    told = {"usage": {**usage, "output_tokens": 1}} if usage else {}
    events = [
        _event("message_start", message={"type": "message", "role": "assistant", "content": [], **told}),
        _event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    ]
    events += [
        _event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece}) for piece in CHUNK.findall(completion.text)
    ]
    events.append(_event("content_block_stop", index=0))
    ended = {"usage": {"output_tokens": usage["output_tokens"]}} if usage else {}
    events.append(_event("message_delta", delta={"stop_reason": REASONS[completion.finish_reason]}, **ended))
    events.append(_event("message_stop"))
    return Delivery(tuple(events), EVENT_STREAM_TYPE)


def _buffered(completion: Completion, usage: dict[str, Any] | None) -> Delivery:
    content = [{"type": "text", "text": completion.text}]
    body = {"type": "message", "role": "assistant", "content": content, "stop_reason": REASONS[completion.finish_reason]}
    return json_delivery(_padded(json.dumps(body | ({"usage": usage} if usage else {})).encode()))


async def _answer(request: web.Request) -> web.StreamResponse:
    body = await request.json()
    model = body["model"]
    fault = parse_fault(model.removeprefix("fault/")) if model.startswith("fault/") else None
    system = [{"role": "system", "content": body["system"]}] if body.get("system") else []
    asked = ChatRequest.model_validate(
        {"model": model, "messages": [*system, *body["messages"]], "max_tokens": body["max_tokens"], "stop": body.get("stop_sequences")}
    )
    completion = complete(asked, model="chat")
    usage = _usage(completion, fault)
    plain = _streamed(completion, usage) if body.get("stream") else _buffered(completion, usage)
    counters = request.app[COUNTERS]
    counters.open += 1
    try:
        return await send(request, plain if fault is None else _spoiled(fault, plain), counters)
    finally:
        counters.open -= 1


@asynccontextmanager
async def simulating_anthropic(counters: Counters | None = None) -> AsyncIterator[str]:
    """Its base URL. `counters`: where its calls are counted."""
    app = web.Application(client_max_size=16 * 2**20)
    app[COUNTERS] = counters or Counters()
    app.router.add_post("/v1/messages", _answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()
