"""What a provider said, put together piece by piece. Pure: bytes of a chunk or a body in, facts out (PROMISES E-07)."""

import json
from dataclasses import dataclass, field
from typing import Any

from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.core.usage import reported
from burnish_shared.contracts.executions import Usage

OUTPUT_MOST_CHARACTERS = 4 * 1024 * 1024

CALLS_MOST = 127
"""Highest index of a tool call; OpenAI allows 128 tools."""


@dataclass(slots=True)
class Answer:
    """What has come so far. `complete`: the provider said that it was done (a finish reason or [DONE]); `simulated`: that it is a toy."""

    text: list[str] = field(default_factory=list)
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    finish_reason: str | None = None
    usage: Usage | None = None
    complete: bool = False
    characters: int = 0
    simulated: bool = False

    @property
    def output(self) -> str:
        return "".join(self.text)


@dataclass(frozen=True, slots=True)
class Piece:
    """What one chunk adds: text for the caller, or an OpenAI delta with tool calls."""

    text: str = ""
    delta: dict[str, Any] | None = None


def read_chunk(answer: Answer, data: bytes) -> Piece | Failure | None:
    """Adds one event of a stream to `answer`. None: nothing for the caller. A Failure ends the stream."""
    if data == b"[DONE]":
        answer.complete = True
        return None
    chunk = _json(data)
    if not isinstance(chunk, dict):
        return Failure(FailureKind.MALFORMED, "The provider's stream held an event that is no JSON object, so text may be missing.")
    if chunk.get("error"):
        return failure_of_body(chunk)
    answer.usage = reported(chunk.get("usage")) or answer.usage
    answer.simulated = answer.simulated or chunk.get("simulated") is True
    choice = _first(chunk.get("choices"))
    delta = choice.get("delta")
    if choice.get("finish_reason"):
        answer.finish_reason, answer.complete = str(choice["finish_reason"])[:40], True
    return _add(answer, delta) if isinstance(delta, dict) else None


def read_body(data: bytes) -> Answer | Failure:
    """A buffered answer."""
    body = _json(data)
    if not isinstance(body, dict):
        return Failure(FailureKind.MALFORMED, "The provider's answer is no JSON object.")
    if body.get("error"):
        return failure_of_body(body)
    choice = _first(body.get("choices"))
    message = choice.get("message")
    if not isinstance(message, dict):
        return Failure(FailureKind.MALFORMED, "The provider's answer holds no message.")
    answer = Answer(usage=reported(body.get("usage")), finish_reason=str(choice.get("finish_reason") or "stop")[:40], complete=True)
    answer.simulated = body.get("simulated") is True
    if isinstance(message.get("content"), str):
        answer.text.append(message["content"])
    if isinstance(message.get("tool_calls"), list):
        for index, call in enumerate(message["tool_calls"][: CALLS_MOST + 1]):
            if isinstance(call, dict):
                _merge_call(answer.tool_calls, {**call, "index": index})
    return answer


def failure_of_body(body: dict[str, Any]) -> Failure:
    """An error object, which providers also send with status 200."""
    error = body["error"]
    message = error.get("message") if isinstance(error, dict) else error
    code = str(error.get("code") or error.get("type") or "") if isinstance(error, dict) else ""
    kind = FailureKind.RATE_LIMITED if "rate_limit" in code or code == "429" else FailureKind.PROVIDER
    return Failure(kind, f"The provider answered with an error: {str(message)[:300]}")


def _add(answer: Answer, delta: dict[str, Any]) -> Piece | Failure | None:
    """Text and parts of tool calls of one delta; both may come together."""
    given, parts = delta.get("content"), delta.get("tool_calls")
    text = given if isinstance(given, str) else ""
    calls = [call for call in parts if isinstance(call, dict)] if isinstance(parts, list) else []
    answer.characters += len(text) + sum(_merge_call(answer.tool_calls, call) for call in calls)
    if answer.characters > OUTPUT_MOST_CHARACTERS:
        return Failure(FailureKind.MALFORMED, f"The provider's stream grew beyond {OUTPUT_MOST_CHARACTERS} characters.")
    if text:
        answer.text.append(text)
    return Piece(text=text, delta={"tool_calls": calls} if calls else None) if text or calls else None


def _merge_call(calls: list[dict[str, Any]], delta: dict[str, Any]) -> int:
    """Tool calls come in parts: the first names id and function, later ones append to its arguments. Returns the characters added."""
    index, function = delta.get("index", 0), delta.get("function")
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index <= CALLS_MOST:
        return 0
    while len(calls) <= index:
        calls.append({"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
    call = calls[index]
    if isinstance(delta.get("id"), str):
        call["id"] = delta["id"]
    if not isinstance(function, dict):
        return 0
    name, arguments = str(function.get("name") or ""), str(function.get("arguments") or "")
    call["function"]["name"] += name
    call["function"]["arguments"] += arguments
    return len(name) + len(arguments)


def _first(choices: Any) -> dict[str, Any]:
    return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
