"""An answer as it goes over the wire, in pieces with gaps and an ending, before anything is sent. Faults are functions on it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from burnish_simulator.models import Completion
from burnish_simulator.tool_calls import ToolCall

Ending = Literal["clean", "reset", "stall", "endless"]
"""All sent and closed · connection reset · open but silent · the last piece again and again."""

JSON_TYPE = "application/json"
EVENT_STREAM_TYPE = "text/event-stream; charset=utf-8"
DONE = b"data: [DONE]\n\n"
ARGUMENTS_CHARS = 64
"""Of a piece of the arguments of a call, as it is streamed."""
CHUNK = re.compile(r"\s*\S+|\s+")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is sent and when. For a stream every piece is one server-sent event; a buffered answer is one piece."""

    pieces: tuple[bytes, ...]
    content_type: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    before_s: float = 0.0
    """Silence before the headers."""
    gap_s: float = 0.0
    """Silence between pieces; without any, all pieces go out in one write."""
    announced_bytes: int | None = None
    """Content-Length; None sends chunks."""
    ending: Ending = "clean"


def usage_json(completion: Completion) -> str:
    """OpenAI's usage object for a completion."""
    total = completion.prompt_tokens + completion.completion_tokens
    return (
        f'{{"prompt_tokens":{completion.prompt_tokens},"completion_tokens":{completion.completion_tokens},"total_tokens":{total},'
        '"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}'
    )


def buffered(completion: Completion, *, completion_id: str, created: int, usage: str | None) -> Delivery:
    """A completion as one JSON object. `usage` is JSON text as it will stand there, or None for an answer without it."""
    choices = ",".join(
        f'{{"index":{index},"message":{{"role":"assistant",{_said(completion, completion_id, index)},"refusal":null}},'
        f'"logprobs":{_logprobs(completion, completion.text)},"finish_reason":"{completion.finish_reason}"}}'
        for index in range(completion.choices)
    )
    body = f'{_head(completion, completion_id, created, kind="chat.completion")},"choices":[{choices}]'
    return json_delivery(f"{body}{_usage_field(usage)}}}".encode())


def streamed(completion: Completion, *, completion_id: str, created: int, usage: str | None, with_usage: bool) -> Delivery:
    """A completion as server-sent events: role, one chunk a word, finish reason, on demand usage, and [DONE]."""
    head = _head(completion, completion_id, created, kind="chat.completion.chunk")
    tail = ',"usage":null}\n\n' if with_usage else "}\n\n"

    def event(delta: str, finish: str, *, index: int, logprobs: str = "null") -> bytes:
        choice = f'{{"index":{index},"delta":{delta},"logprobs":{logprobs},"finish_reason":{finish}}}'
        return f'data: {head},"choices":[{choice}]{tail}'.encode()

    every = range(completion.choices)
    content = "null" if completion.tool_calls else '""'
    events = [event(f'{{"role":"assistant","content":{content},"refusal":null}}', "null", index=index) for index in every]
    events += [event(delta, "null", index=index) for index in every for delta in _call_deltas(completion, completion_id, index)]
    events += [
        event(f'{{"content":{json.dumps(chunk)}}}', "null", index=index, logprobs=_logprobs(completion, chunk))
        for chunk in CHUNK.findall(completion.text)
        for index in every
    ]
    events += [event("{}", f'"{completion.finish_reason}"', index=index) for index in every]
    if with_usage and usage is not None:
        events.append(f'data: {head},"choices":[]{_usage_field(usage)}}}\n\n'.encode())
    return Delivery((*events, DONE), EVENT_STREAM_TYPE, headers={"Cache-Control": "no-cache"})


def _said(completion: Completion, completion_id: str, index: int) -> str:
    """Content and calls of a buffered message, as fields."""
    if not completion.tool_calls:
        return f'"content":{json.dumps(completion.text)}'
    calls = [_call(one, call_id=_call_id(completion_id, index, at)) for at, one in enumerate(completion.tool_calls)]
    return f'"content":null,"tool_calls":{_compact(calls)}'


def _call_deltas(completion: Completion, completion_id: str, index: int) -> Iterator[str]:
    """Of each call its head, then its arguments in pieces."""
    for at, one in enumerate(completion.tool_calls):
        head = _call(ToolCall(one.name, ""), call_id=_call_id(completion_id, index, at))
        yield _compact({"tool_calls": [{"index": at, **head}]})
        for start in range(0, len(one.arguments), ARGUMENTS_CHARS):
            piece = one.arguments[start : start + ARGUMENTS_CHARS]
            yield _compact({"tool_calls": [{"index": at, "function": {"arguments": piece}}]})


def _call(call: ToolCall, *, call_id: str) -> dict[str, object]:
    return {"id": call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _call_id(completion_id: str, index: int, at: int) -> str:
    return f"call_{completion_id[-24:]}{index:02d}{at:02d}"


def json_delivery(body: bytes, *, status: int = 200) -> Delivery:
    """One JSON object with its length announced."""
    return Delivery((body,), JSON_TYPE, status=status, announced_bytes=len(body))


def _head(completion: Completion, completion_id: str, created: int, *, kind: str) -> str:
    return (
        f'{{"id":"{completion_id}","object":"{kind}","created":{created},"model":{json.dumps(completion.model)},'
        '"system_fingerprint":"fp_simulated","simulated":true'
    )


def _logprobs(completion: Completion, text: str) -> str:
    """Of a piece of the answer, which counts as one token here."""
    if not completion.logprobs:
        return "null"
    return json.dumps({"content": [{"token": text, "logprob": 0.0, "bytes": list(text.encode()), "top_logprobs": []}], "refusal": None})


def _usage_field(usage: str | None) -> str:
    return "" if usage is None else f',"usage":{usage}'
