"""A response as server-sent events: items are opened as they come, and closed, whole, by the next one or the end."""

from dataclasses import dataclass, field
from typing import Any, Final

from burnish_gateway.compat.calls_in_turn import CallsInTurn, Part
from burnish_gateway.compat.error_answer import openai_error
from burnish_gateway.compat.format import Facts, of_first_choice
from burnish_gateway.compat.responses.answer import (
    call_item,
    head_of,
    item_id,
    message_item,
    reasoning_item,
    refusal_part,
    response_object,
    text_part,
)
from burnish_gateway.compat.responses.tools import CALLS, Named, is_whole, told_call
from burnish_shared.errors import BurnishError
from burnish_shared.json_bytes import decoded, encoded

CALLED: Final = frozenset(CALLS.values())


@dataclass(slots=True)
class _Call:
    """A tool call as far as it came. `item`: its place among the items of the output."""

    item: int
    id: str
    name: str
    arguments: list[str] = field(default_factory=list)
    closed: bool = False

    def whole(self) -> dict[str, Any]:
        return {"id": self.id, "function": {"name": self.name, "arguments": "".join(self.arguments)}}


@dataclass(slots=True)
class ResponseEvents:
    """The events of one stream, numbered. `repeated`: fields of the request. `named`: its tools that are no plain functions.

    `chances`: how likely each token of the message was. `items`: how many were opened.
    `said`: the text of the message; `refuses`: it is a refusal.

    A model may speak or think again after something else: that is an item of its own, and `messages` and `thinkings` count them. `told`:
    those that were closed, by their place in the output.
    """

    execution_id: str
    model: str | None
    simulated: bool
    repeated: Facts = field(default_factory=dict)
    named: Named = field(default_factory=dict)
    number: int = -1
    items: int = 0
    said: list[str] = field(default_factory=list)
    chances: list[Facts] = field(default_factory=list)
    messages: int = 0
    message_at: int = -1
    message_open: bool = False
    refuses: bool = False
    thoughts: list[str] = field(default_factory=list)
    thinkings: int = 0
    thinking_at: int = -1
    thinking_open: bool = False
    calls: dict[int, _Call] = field(default_factory=dict)
    turn: CallsInTurn = field(default_factory=CallsInTurn)
    told: dict[int, dict[str, Any]] = field(default_factory=dict)

    def begin(self) -> bytes:
        head = head_of(self.execution_id, model=self.model, simulated=self.simulated, repeated=self.repeated)
        return self._event("response.created", response=head) + self._event("response.in_progress", response=head)

    def text(self, body: bytes) -> bytes:
        return self._say(decoded(body), [])

    def _say(self, text: str, chances: list[Facts]) -> bytes:
        opened = b"" if self.message_open and not self.refuses else self._open_message()
        self.said.append(text)
        self.chances += chances
        return opened + self._event("response.output_text.delta", **self._where(), delta=text, logprobs=chances)

    def delta(self, body: bytes) -> bytes:
        """Parts of tool calls in the cut of chat completions: the first of each names it, later ones add to its arguments."""
        return b"".join(self._said_in(one, chances) for one, chances in of_first_choice(body))

    def _said_in(self, given: dict[str, Any], chances: list[Facts]) -> bytes:
        told = self._think(given["reasoning_content"]) if given.get("reasoning_content") else b""
        told += self._say(given["content"], chances) if given.get("content") else b""
        told += self._refuse(given["refusal"]) if given.get("refusal") else b""
        return told + self._called(self.turn.take(given.get("tool_calls") or []))

    def _called(self, parts: list[Part]) -> bytes:
        told = b""
        for part in parts:
            index, function = part.get("index", 0), part.get("function") or {}
            if index not in self.calls:
                told += self._close() + self._open_call(index, part.get("id") or "", function.get("name") or "")
            if function.get("arguments"):
                told += self._arguments(index, function["arguments"])
        return told

    def tool_calls(self, calls: list[dict[str, Any]]) -> bytes:
        parts = [{"index": index, **call} for index, call in enumerate(calls)]
        return self.delta(encoded({"tool_calls": parts}))

    def asides(self, beside: Facts) -> bytes:
        told = self._think(beside["reasoning"]) if beside.get("reasoning") else b""
        return told + (self._refuse(beside["refusal"]) if beside.get("refusal") else b"")

    def _think(self, text: str) -> bytes:
        told = b""
        if not self.thinking_open:
            told = self._close()
            self.thoughts, self.thinking_at, self.thinking_open, self.items = [], self.items, True, self.items + 1
            self.thinkings += 1
            item = reasoning_item(self.execution_id, {}, status="in_progress", number=self.thinkings - 1)
            told += self._event("response.output_item.added", output_index=self.thinking_at, item=item)
        self.thoughts.append(text)
        return told + self._event("response.reasoning_text.delta", **self._where_thought(), delta=text)

    def _refuse(self, text: str) -> bytes:
        told = b"" if self.message_open and self.refuses else self._open_message(refuses=True)
        self.said.append(text)
        return told + self._event("response.refusal.delta", **self._where(), delta=text)

    def _where_thought(self) -> dict[str, Any]:
        return {"item_id": item_id("rs", self.execution_id, self.thinkings - 1), "output_index": self.thinking_at, "content_index": 0}

    def end(self, outcome: Facts) -> bytes:
        whole = response_object(outcome, repeated=self.repeated, named=self.named)
        told = self._called(self.turn.rest()) + self._close()
        whole["output"] = as_told([self.told[at] for at in sorted(self.told)], whole["output"])
        return told + self._event(f"response.{whole['status']}", response=whole)

    def error(self, error: BurnishError, *, request_id: str) -> bytes:
        told = decoded(bytes(openai_error(error, request_id=request_id).body))["error"]
        return self._event(
            "error",
            code=told["code"],
            message=told["message"],
            param=told["param"],
            retry_after_s=told["retry_after_s"],
            request_id=request_id,
        )

    def failed(self, response: Facts) -> bytes:
        """The last event of one that is read again and did not end well. `response`: as it stands in the record."""
        return self._close() + self._event("response.failed", response=response)

    def _open_message(self, *, refuses: bool = False) -> bytes:
        closed = self._close()
        self.refuses = refuses
        self.said, self.chances, self.message_at, self.message_open, self.items = [], [], self.items, True, self.items + 1
        self.messages += 1
        item = message_item(self.execution_id, text=None, number=self.messages - 1)
        added = self._event("response.output_item.added", output_index=self.message_at, item=item)
        return (
            closed
            + added
            + self._event("response.content_part.added", **self._where(), part=refusal_part("") if refuses else text_part(""))
        )

    def _open_call(self, index: int, call_id: str, name: str) -> bytes:
        call = self.calls[index] = _Call(self.items, call_id, name)
        self.items += 1
        item = told_call(call_item(self.execution_id, index, call.whole(), status="in_progress"), self.named)
        return self._event("response.output_item.added", output_index=call.item, item=item)

    def _arguments(self, index: int, text: str) -> bytes:
        call = self.calls[index]
        call.arguments.append(text)
        if is_whole(call.name, self.named):
            return b""
        where = {"item_id": f"fc_{self.execution_id}_{index}", "output_index": call.item}
        return self._event("response.function_call_arguments.delta", **where, delta=text)

    def _close(self) -> bytes:
        told = b""
        if self.thinking_open:
            self.thinking_open = False
            text = "".join(self.thoughts)
            told += self._event("response.reasoning_text.done", **self._where_thought(), text=text)
            item = reasoning_item(self.execution_id, {"reasoning": text}, number=self.thinkings - 1)
            told += self._done(self.thinking_at, item)
        if self.message_open:
            self.message_open = False
            text = "".join(self.said)
            if self.refuses:
                told += self._event("response.refusal.done", **self._where(), refusal=text)
                item = message_item(self.execution_id, text=None, beside={"refusal": text}, number=self.messages - 1)
            else:
                told += self._event("response.output_text.done", **self._where(), text=text, logprobs=self.chances)
                item = message_item(self.execution_id, text=text, chances=self.chances, number=self.messages - 1)
            told += self._event("response.content_part.done", **self._where(), part=item["content"][0])
            told += self._done(self.message_at, item)
        for index, call in self.calls.items():
            if not call.closed:
                call.closed = True
                item = told_call(call_item(self.execution_id, index, call.whole()), self.named)
                told += self._given(call.item, item) + self._done(call.item, item)
        return told

    def _given(self, at: int, item: dict[str, Any]) -> bytes:
        """What a call is given, whole. The text of a free-form tool came as JSON, so it is told in one piece."""
        where = {"item_id": item["id"], "output_index": at}
        if item["type"] == "function_call":
            return self._event("response.function_call_arguments.done", **where, name=item["name"], arguments=item["arguments"])
        if item["type"] != "custom_tool_call":
            return b""
        delta = self._event("response.custom_tool_call_input.delta", **where, delta=item["input"])
        return delta + self._event("response.custom_tool_call_input.done", **where, input=item["input"])

    def _done(self, at: int, item: dict[str, Any]) -> bytes:
        self.told[at] = item
        return self._event("response.output_item.done", output_index=at, item=item)

    def _where(self) -> dict[str, Any]:
        return {"item_id": item_id("msg", self.execution_id, self.messages - 1), "output_index": self.message_at, "content_index": 0}

    def _event(self, kind: str, **more: Any) -> bytes:
        self.number += 1
        return b"event: %s\ndata: %s\n\n" % (kind.encode(), encoded({"type": kind, "sequence_number": self.number, **more}))


def as_told(told: list[dict[str, Any]], output: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items of `output`, an answer read at once, as a stream has `told` them: in its order, with those that came in several parts.

    A caller keeps what came and reads what it ends with: both name the same items. Thoughts that are only sealed were not told, and come
    first, as in the answer. Where the two do not say the same, the answer is right.
    """
    if any(_said(kind, told) != _said(kind, output) for kind in ("message", "reasoning")) or _calls(told) != _calls(output):
        return output
    whole, ids = {item["id"]: item for item in output}, {item["id"] for item in told}
    untold = [item for item in output if item["id"] not in ids]
    parts, before = [], 0
    for item in told:
        parts.append(_part(item, whole.get(item["id"]), output, before=before))
        before += len(_text(item)) if item["type"] == "message" else 0
    return untold + parts


def _part(item: dict[str, Any], whole: dict[str, Any] | None, output: list[dict[str, Any]], *, before: int) -> dict[str, Any]:
    """`whole`: the item that an answer read at once has under this id; None: a later part of one. `before`: characters said by then.

    Sources stand at the part in which they begin, and count from there; those that begin in none stand at the first as they are.
    """
    if item["type"] in CALLED or (whole is not None and _text(whole) == _text(item)):
        return whole or item
    [said] = item["content"]
    if said["type"] == "output_text":
        sources, length = _sources(output), sum(len(_text(one)) for one in output if one["type"] == "message")
        here = [_moved(one, by=-before) for one in sources if before <= _begin(one) < before + len(said["text"])]
        nowhere = [one for one in sources if not 0 <= _begin(one) < length] if before == 0 else []
        said = said | {"annotations": here + nowhere}
    return (whole or item) | {"content": [said]}


def _sources(output: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for item in output if item["type"] == "message" for part in item["content"] for one in part.get("annotations") or []]


def _begin(source: dict[str, Any]) -> int:
    begin = source.get("start_index")
    return begin if isinstance(begin, int) else 0


def _moved(source: dict[str, Any], *, by: int) -> dict[str, Any]:
    return source | {name: source[name] + by for name in ("start_index", "end_index") if isinstance(source.get(name), int)}


def _said(kind: str, items: list[dict[str, Any]]) -> str:
    return "".join(_text(item) for item in items if item["type"] == kind)


def _text(item: dict[str, Any]) -> str:
    return "".join(part.get("text") or part.get("refusal") or "" for part in item["content"])


def _calls(items: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {(item["id"], item["call_id"], str(item.get("input", item.get("arguments")))) for item in items if item["type"] in CALLED}
