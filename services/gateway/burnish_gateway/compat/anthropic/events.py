"""A message as Anthropic's server-sent events: blocks are opened as they come, and closed by the next one or the end."""

from dataclasses import dataclass, field
from typing import Any

from burnish_gateway.compat.anthropic.answer import head_of, stop_reason, thinking_blocks, usage_of
from burnish_gateway.compat.anthropic.errors import anthropic_error
from burnish_gateway.compat.calls_in_turn import CallsInTurn, Part
from burnish_gateway.compat.format import Facts, of_first_choice
from burnish_shared.beside import citations_in
from burnish_shared.errors import BurnishError
from burnish_shared.json_bytes import decoded, encoded


@dataclass(slots=True)
class MessageEvents:
    """The events of one stream. `block`: number of the block that is open or comes next; `open`: what it is, '' for none.

    `calls`: index of each tool call of the provider that has been opened. `spans`: parts of the text to come with what they rest on, where
    that was told before it; `at`: so many characters of it have come. `refusal`: to be told behind the text, in a block of its own.
    """

    execution_id: str
    model: str
    simulated: bool
    block: int = 0
    open: str = ""
    calls: set[int] = field(default_factory=set)
    turn: CallsInTurn = field(default_factory=CallsInTurn)
    spans: list[Facts] = field(default_factory=list)
    at: int = 0
    refusal: str = ""

    def begin(self) -> bytes:
        """Nobody has counted anything yet: usage comes with the end."""
        usage = {"input_tokens": 0, "output_tokens": 0, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
        head = head_of(self.execution_id, model=self.model, simulated=self.simulated)
        message = head | {"content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
        return _event("message_start", message=message)

    def text(self, body: bytes) -> bytes:
        return self._in_spans(decoded(body)) if self.spans else self._text(body)

    def _in_spans(self, text: str) -> bytes:
        """The text, cut where what it rests on changes."""
        told = b""
        while text and self.spans:
            begin, end = self.spans[0]["start"], self.spans[0]["end"]
            to = begin if self.at < begin else end
            part, text = text[: max(0, to - self.at)], text[max(0, to - self.at) :]
            told += self._text(encoded(part)) if part else b""
            self.at += len(part)
            if self.at >= end:
                span = self.spans.pop(0)
                told += self._cite([span]) if self.open == "text" else b""
            elif self.at >= begin and to == begin:
                told += self._close()
        return told + (self._text(encoded(text)) if text else b"")

    def _cite(self, spans: list[Facts]) -> bytes:
        """What the open block of text rests on ends it; without any another begins. Of a text that has not come it is kept until then."""
        if self.open != "text":
            self.spans += spans
            return b""
        deltas = ({"type": "citations_delta", "citation": one} for span in spans for one in citations_in(span))
        return b"".join(_event("content_block_delta", index=self.block, delta=one) for one in deltas) + self._close()

    def _text(self, body: bytes, *, as_: str = "text") -> bytes:
        """`as_`: text or refusal; what the answer's text rests on is nothing that a refusal says."""
        opened = b"" if self.open == as_ else self._open(as_, {"type": "text", "text": ""})
        delta = b'"index":%d,"delta":{"type":"text_delta","text":%b}' % (self.block, body)
        return opened + b'event: content_block_delta\ndata: {"type":"content_block_delta",' + delta + b"}\n\n"

    def delta(self, body: bytes) -> bytes:
        """Parts of tool calls in OpenAI's cut: the first of each names it, later ones add to its arguments."""
        return b"".join(self._said(one) for one, _ in of_first_choice(body))

    def _said(self, given: dict[str, Any]) -> bytes:
        told = self._thought(given.get("reasoning_content"), given.get("thinking_blocks") or [])
        if given.get("content"):
            told += self.text(encoded(given["content"]))
        told += self._cite(given["citations"]) if "citations" in given else b""
        told += self._text(encoded(given["refusal"]), as_="refusal") if given.get("refusal") else b""
        return told + self._calls(self.turn.take(given.get("tool_calls") or []))

    def _calls(self, parts: list[Part]) -> bytes:
        told = b""
        for part in parts:
            index, function = part.get("index", 0), part.get("function") or {}
            if index not in self.calls:
                self.calls.add(index)
                block: dict[str, Any] = {"type": "tool_use", "id": part.get("id") or "", "name": function.get("name") or "", "input": {}}
                told += self._open(f"call {index}", block)
            if self.open == f"call {index}" and function.get("arguments"):
                told += self._arguments(function["arguments"])
        return told

    def tool_calls(self, calls: list[dict[str, Any]]) -> bytes:
        parts = [{"index": index, **call} for index, call in enumerate(calls)]
        return self._refused() + self.delta(encoded({"tool_calls": parts}))

    def asides(self, beside: Facts) -> bytes:
        """Before all text or behind it: what that rests on is told as long as its block is open, else kept for it."""
        told = self._cite(beside["citations"]) if beside.get("citations") else b""
        for block in thinking_blocks(beside):
            told += self._close() + self._thought(block.get("thinking"), [block])
        self.refusal = beside.get("refusal") or ""
        return told

    def _refused(self) -> bytes:
        text, self.refusal = self.refusal, ""
        return self._text(encoded(text), as_="refusal") if text else b""

    def _thought(self, text: str | None, blocks: list[dict[str, Any]]) -> bytes:
        """The text of a block comes before the block itself, which brings the signature and is closed by it."""
        told = b""
        if text:
            told += b"" if self.open == "thinking" else self._open("thinking", {"type": "thinking", "thinking": "", "signature": ""})
            told += _event("content_block_delta", index=self.block, delta={"type": "thinking_delta", "thinking": text})
        for block in blocks:
            if block.get("type") != "thinking":
                told += self._open("block", {name: value for name, value in block.items() if name != "index"}) + self._close()
            elif block.get("signature"):
                told += b"" if self.open == "thinking" else self._open("thinking", {"type": "thinking", "thinking": "", "signature": ""})
                signed = {"type": "signature_delta", "signature": block["signature"]}
                told += _event("content_block_delta", index=self.block, delta=signed) + self._close()
        return told

    def end(self, outcome: Facts) -> bytes:
        delta = {"stop_reason": stop_reason(outcome), "stop_sequence": (outcome.get("beside") or {}).get("stop_sequence")}
        told = self._refused() + self._calls(self.turn.rest()) + self._close()
        return told + _event("message_delta", delta=delta, usage=usage_of(outcome)) + _event("message_stop")

    def error(self, error: BurnishError, *, request_id: str) -> bytes:
        return b"event: error\ndata: " + bytes(anthropic_error(error, request_id=request_id).body) + b"\n\n"

    def _open(self, what: str, block: dict[str, Any]) -> bytes:
        closed = self._close()
        self.open = what
        return closed + _event("content_block_start", index=self.block, content_block=block)

    def _arguments(self, text: str) -> bytes:
        return _event("content_block_delta", index=self.block, delta={"type": "input_json_delta", "partial_json": text})

    def _close(self) -> bytes:
        if not self.open:
            return b""
        closed = _event("content_block_stop", index=self.block)
        self.open, self.block = "", self.block + 1
        return closed


def _event(kind: str, **more: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), encoded({"type": kind, **more}))
