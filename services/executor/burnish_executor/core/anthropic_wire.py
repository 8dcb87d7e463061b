"""Anthropic's Messages format: what is sent, and what its bodies and streams say. Pure.

Source: https://docs.claude.com/en/api/messages and …/api/messages-streaming (version 2023-06-01 of the format).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from burnish_executor.core.answer import CALLS_MOST, Answer, Piece, add, merge_call, parsed, set_aside
from burnish_executor.core.anthropic_request import body_of
from burnish_executor.core.asides import LISTED_MOST, Asides
from burnish_executor.core.failure import Failure, FailureKind, failure_of_body
from burnish_executor.core.usage import count_of, reported
from burnish_shared.contracts.executions import ExecutionRequest, Usage

VERSION: Final = "2023-06-01"

FINISH_REASONS: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
"""Anthropic's reasons in OpenAI's words, which are ours. One that is not named here is passed on as it is."""


THINKING: Final = ("thinking", "redacted_thinking")

NEW_BLOCK: Final = Piece(delta={"citations": []})
"""Another block of text begins: those of a text that cites end where what they rest on changes."""


@dataclass(frozen=True, slots=True)
class AnthropicWire:
    """`POST …/messages`."""

    path: str = "/messages"

    def headers(self, key: str | None) -> dict[str, str]:
        return {"anthropic-version": VERSION} | ({"x-api-key": key} if key else {})

    def body(self, request: ExecutionRequest) -> dict[str, Any]:
        return body_of(request)

    def read_body(self, data: bytes, *, seed: str = "") -> Answer | Failure:
        return read_body(data)

    def reader(self, body: Mapping[str, Any]) -> "AnthropicStream":
        return AnthropicStream()


@dataclass(slots=True)
class AnthropicStream:
    """Reads the events of one stream. `ended`: message_stop came. Usage comes in two parts, which count together.

    `cited`: where each block of text began in the text, and what it cites so far; `opened`: the kind of block that came last.
    `calls`: index of each block that calls a tool → its index among the calls. `given`: what the first event of such a block said of its
    input. `thoughts`: blocks of thinking that are not whole.
    """

    answer: Answer = field(default_factory=Answer)
    ended: bool = False
    usage: dict[str, Any] = field(default_factory=dict)
    calls: dict[int, int] = field(default_factory=dict)
    given: dict[int, Any] = field(default_factory=dict)
    thoughts: dict[int, dict[str, Any]] = field(default_factory=dict)
    cited: dict[int, tuple[int, list[dict[str, Any]]]] = field(default_factory=dict)
    opened: str = ""

    @property
    def is_whole(self) -> bool:
        return self.answer.complete and self.answer.usage is not None

    @property
    def may_end(self) -> bool:
        return self.answer.complete

    def read_alike(self, events: Sequence[bytes], at: int) -> tuple[str, int]:
        return "", 0

    def read(self, data: bytes) -> Piece | Failure | None:
        event = parsed(data)
        if self.is_whole:
            self.ended = isinstance(event, dict) and event.get("type") == "message_stop"
            return None
        if not isinstance(event, dict):
            return Failure(FailureKind.MALFORMED, "The provider's stream held an event that is no JSON object, so text may be missing.")
        match event.get("type"):
            case "error" if event.get("error"):
                return failure_of_body(event)
            case "message_start":
                self._use(_object(event, "message").get("usage"))
            case "content_block_start":
                return self._open(_index(event), _object(event, "content_block"))
            case "content_block_delta":
                return self._add(_index(event), _object(event, "delta"))
            case "content_block_stop" if (thought := self.thoughts.pop(_index(event), None)) is not None:
                return add(self.answer, beside={"thinking_blocks": [thought]})
            case "content_block_stop" if _index(event) in self.given:
                return self._close_call(_index(event))
            case "content_block_stop" if (begun := self.cited.pop(_index(event), None)) is not None:
                return _cite(self.answer, begun[0], begun[1])
            case "message_delta":
                _note_stop(self.answer, _object(event, "delta").get("stop_sequence"))
                self._finish(_object(event, "delta").get("stop_reason"), event.get("usage"))
            case "message_stop":
                self.ended, self.answer.complete = True, True
        return None  # pings, ends of blocks, and kinds of events that come later

    def _open(self, index: int, block: dict[str, Any]) -> Piece | Failure | None:
        if block.get("type") == "tool_use" and len(self.calls) <= CALLS_MOST:
            self.opened = "tool_use"
            call = self.calls.setdefault(index, len(self.calls))
            self.given[index] = block.get("input")
            return add(self.answer, calls=[_call(call, id=block.get("id"), name=block.get("name"))])
        if block.get("type") in THINKING:
            self.opened, self.thoughts[index] = "thinking", dict(block)
            return _thought(self.answer, block.get("thinking"))
        text, follows_text, self.opened = block.get("text"), self.opened == "text", str(block.get("type"))
        if self.opened != "text" or not isinstance(text, str):
            return None
        self.cited[index] = (sum(map(len, self.answer.text)), [])
        return NEW_BLOCK if follows_text and self.answer.text and not text else add(self.answer, text=text)

    def _close_call(self, index: int) -> Piece | Failure | None:
        """A call of which no input came has none, or had it all in its first event. Its arguments are JSON either way, as in a buffered
        answer: whoever reads them is not to find an empty text.
        """
        given, call = self.given.pop(index), self.calls[index]
        if self.answer.tool_calls[call]["function"]["arguments"]:
            return None
        arguments = json.dumps(given if isinstance(given, dict) else {}, ensure_ascii=False)
        return add(self.answer, calls=[{"index": call, "function": {"arguments": arguments}}])

    def _add(self, index: int, delta: dict[str, Any]) -> Piece | Failure | None:
        """Text, a part of a tool call's input, or of a thought: its text is told as it comes, its signature with the whole block."""
        kind, text, part = delta.get("type"), delta.get("text"), delta.get("partial_json")
        if kind == "text_delta" and isinstance(text, str):
            return add(self.answer, text=text)
        if kind == "input_json_delta" and isinstance(part, str) and index in self.calls:
            return add(self.answer, calls=[{"index": self.calls[index], "function": {"arguments": part}}])
        if kind == "citations_delta" and isinstance(delta.get("citation"), dict):
            self._note_citation(index, delta["citation"])
        for name in ("thinking", "signature"):
            if kind == f"{name}_delta" and isinstance(delta.get(name), str) and index in self.thoughts:
                self.thoughts[index][name] = str(self.thoughts[index].get(name) or "") + delta[name]
                return _thought(self.answer, delta[name]) if name == "thinking" else None
        return None

    def _note_citation(self, index: int, citation: dict[str, Any]) -> None:
        """A block cites what all of its text rests on, and more of that text may come."""
        _, cited = self.cited.get(index, (0, []))
        if len(cited) < LISTED_MOST:
            cited.append(citation)

    def _finish(self, reason: Any, usage: Any) -> None:
        self._use(usage)
        if isinstance(reason, str):
            self.answer.finish_reason, self.answer.complete = finish_reason_of(reason), True

    def _use(self, usage: Any) -> None:
        """Each report replaces what it names: the counts at the end are the whole, not what is added."""
        if isinstance(usage, dict):
            self.usage |= {name: value for name, value in usage.items() if value is not None}
            self.answer.usage = usage_of(self.usage) or self.answer.usage
            self.answer.hour_write_tokens = hour_writes_in(self.usage)


def read_body(data: bytes) -> Answer | Failure:
    """A buffered answer."""
    body = parsed(data)
    if not isinstance(body, dict):
        return Failure(FailureKind.MALFORMED, "The provider's answer is no JSON object.")
    if body.get("error"):
        return failure_of_body(body)
    blocks = body.get("content")
    if not isinstance(blocks, list):
        return Failure(FailureKind.MALFORMED, "The provider's answer holds no content.")
    answer = Answer(finish_reason=finish_reason_of(str(body.get("stop_reason") or "end_turn")), complete=True)
    answer.usage, answer.hour_write_tokens = usage_of(body.get("usage")), hour_writes_in(body.get("usage"))
    for block in (one for one in blocks if isinstance(one, dict)):
        if block.get("type") == "text" and isinstance(block.get("text"), str):
            begin, cited = sum(map(len, answer.text)), block.get("citations")
            answer.text.append(block["text"])
            _cite(answer, begin, cited if isinstance(cited, list) else [])
        elif block.get("type") == "tool_use" and len(answer.tool_calls) <= CALLS_MOST:
            call = _call(len(answer.tool_calls), id=block.get("id"), name=block.get("name"), given=block.get("input"))
            merge_call(answer.tool_calls, call)
        elif block.get("type") in THINKING:
            set_aside(answer, {"reasoning_content": block.get("thinking"), "thinking_blocks": [block]})
    _note_stop(answer, body.get("stop_sequence"))
    return answer


def _cite(answer: Answer, begin: int, citations: list[Any]) -> Piece | Failure | None:
    """What the text from `begin` to here rests on; None where it cites nothing."""
    listed = [one for one in citations if isinstance(one, dict)][:LISTED_MOST]
    if not listed:
        return None
    return add(answer, beside={"citations": [{"start": begin, "end": sum(map(len, answer.text)), "citations": listed}]})


def _thought(answer: Answer, text: Any) -> Piece | Failure | None:
    return add(answer, beside={"reasoning_content": text}) if isinstance(text, str) and text else None


def _note_stop(answer: Answer, sequence: Any) -> None:
    """Which of the caller's sequences ended it."""
    if isinstance(sequence, str):
        answer.asides = answer.asides or Asides()
        answer.asides.stop_sequence = sequence[:500]


def finish_reason_of(stop_reason: str) -> str:
    return FINISH_REASONS.get(stop_reason, stop_reason)[:40]


def usage_of(value: Any) -> Usage | None:
    """Anthropic counts what was read from the cache and written to it beside the other input; with us all of it is input.

    None when a count is missing or absurd.
    """
    if not isinstance(value, dict):
        return None
    fresh = count_of(value.get("input_tokens"))
    read, written = count_of(value.get("cache_read_input_tokens") or 0), count_of(value.get("cache_creation_input_tokens") or 0)
    if fresh is None or read is None or written is None:
        return None
    return reported(
        {
            "prompt_tokens": fresh + read + written,
            "completion_tokens": value.get("output_tokens"),
            "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
            "service_tier": value.get("service_tier"),
        }
    )


def hour_writes_in(value: Any) -> int:
    """Of what was written to the cache, how much is kept for an hour and not for five minutes; it costs more."""
    written = value.get("cache_creation") if isinstance(value, dict) else None
    return (count_of(written.get("ephemeral_1h_input_tokens")) or 0) if isinstance(written, dict) else 0


def _call(index: int, *, id: Any, name: Any, given: Any = None) -> dict[str, Any]:
    """A tool call as OpenAI's streams begin one. `given`: its whole input, where that is known at once."""
    arguments = json.dumps(given, ensure_ascii=False) if isinstance(given, dict) else ""
    return {"index": index, "id": str(id or ""), "type": "function", "function": {"name": str(name or ""), "arguments": arguments}}


def _object(event: dict[str, Any], name: str) -> dict[str, Any]:
    value = event.get(name)
    return value if isinstance(value, dict) else {}


def _index(event: dict[str, Any]) -> int:
    index = event.get("index")
    return index if isinstance(index, int) and not isinstance(index, bool) else 0
