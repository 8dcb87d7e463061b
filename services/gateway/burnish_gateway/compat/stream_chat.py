"""From what is told of an execution to the events of a chat; one end or one error closes them (PROMISES G-13)."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Any

from burnish_gateway.compat.format import Events
from burnish_gateway.execution.answer import failure_of, succeeded
from burnish_gateway.execution.streaming import Last
from burnish_gateway.execution.told import Delta, Done, Text, Told
from burnish_shared.beside import CHAT_NAMES
from burnish_shared.errors import BurnishError
from burnish_shared.json_bytes import decoded, encoded

CALLS = (b'{"tool_calls"', b'{"choices"')
"""How deltas begin that hold tool calls or several choices, as the executor writes them."""


ASIDES = tuple(b'"%s":' % name.encode() for name in CHAT_NAMES.values())


class StreamGap(BurnishError):
    """Part of a tool call got lost on its way, and what was sent cannot be taken back."""

    code = "stream_gap"
    status = 502


async def stream_chat(
    first: Told, told: AsyncGenerator[Told, None], *, events: Events, request_id: str
) -> AsyncGenerator[bytes | None, None]:
    """`first` was taken from `told` before the headers went out. None: something lives, and there is nothing to say."""
    yield events.begin()
    has_calls = has_asides = False
    async with contextlib.aclosing(told):
        try:
            one = first
            while True:
                match one:
                    case Text(body):
                        yield events.text(body)
                    case Delta(body):
                        has_calls = has_calls or body.startswith(CALLS)
                        has_asides = has_asides or _tells_asides(body)
                        yield events.delta(body)
                    case Done():
                        end = ending(one, events=events, has_calls=has_calls, has_asides=has_asides, request_id=request_id)
                        yield Last(end)
                        return
                    case _:
                        yield None
                one = await anext(told)
        except BurnishError as error:
            yield events.error(error, request_id=request_id)


def _tells_asides(body: bytes) -> bool:
    """Whether a delta holds thoughts, a refusal or the like; they may come together with tool calls, and in choices. What looks like such
    a name within a text has its quotation marks escaped there.
    """
    return not body.startswith(CALLS) or any(name in body for name in ASIDES)


async def replayed_chat(outcome: bytes, *, events: Events, request_id: str) -> AsyncGenerator[bytes, None]:
    """A stored answer as a short stream."""
    yield events.begin()
    if succeeded(outcome):
        facts = decoded(outcome)
        if facts.get("beside"):
            yield events.asides(facts["beside"])
        text = facts["output"]
        if text:
            yield events.text(encoded(text))
    yield ending(Done(outcome, has_key=True), events=events, has_calls=False, has_asides=True, request_id=request_id)


def ending(done: Done, *, events: Events, has_calls: bool, has_asides: bool, request_id: str) -> bytes:
    """The last events of a stream. Tool calls of which nothing was told are told here; of which a part is missing, end it as an error.

    So are thoughts and refusals; a part of them that got lost is missed by nobody.
    """
    if not succeeded(done.body):
        return events.error(failure_of(done.body, has_key=done.has_key), request_id=request_id)
    facts: dict[str, Any] = decoded(done.body)
    untold = events.asides(facts["beside"]) if facts.get("beside") and not has_asides else b""
    return untold + _end(facts, events=events, has_calls=has_calls, request_id=request_id, gap=done.gap)


def _end(facts: dict[str, Any], *, events: Events, has_calls: bool, request_id: str, gap: bool) -> bytes:
    calls, several = facts.get("tool_calls"), facts.get("choices")
    if several:
        return _ending_of_several(facts, events=events, were_told=has_calls, request_id=request_id, gap=gap)
    if not calls or (has_calls and not gap):
        return events.end(facts)
    if has_calls:
        error = StreamGap("Part of a tool call was lost on its way; read the execution by its id.", details={"execution_id": facts["id"]})
        return events.error(error, request_id=request_id)
    return events.tool_calls(calls) + events.end(facts)


def _ending_of_several(facts: dict[str, Any], *, events: Events, were_told: bool, request_id: str, gap: bool) -> bytes:
    """Of a stored answer the first choice was told as text; the others are told here."""
    if gap and were_told:
        error = StreamGap("Part of an answer was lost on its way; read the execution by its id.", details={"execution_id": facts["id"]})
        return events.error(error, request_id=request_id)
    if were_told:
        return events.end(facts)
    deltas = [{"role": "assistant", "content": one.get("output")} | _calls(one) for one in facts["choices"]]
    told = [{"index": index, "delta": delta, "logprobs": None} for index, delta in enumerate(deltas) if index]
    rest = events.delta(encoded({"choices": told})) if told else b""
    return (events.tool_calls(facts["tool_calls"]) if facts.get("tool_calls") else b"") + rest + events.end(facts)


def _calls(choice: dict[str, Any]) -> dict[str, Any]:
    calls = choice.get("tool_calls")
    return {"tool_calls": [{"index": index, **call} for index, call in enumerate(calls)]} if calls else {}
