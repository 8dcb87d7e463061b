"""What a provider said, put together piece by piece, whatever its wire format. Pure (PROMISES E-07)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from burnish_executor.core.asides import KEPT_WITH_CALLS, Asides, says_more
from burnish_executor.core.failure import Failure, FailureKind
from burnish_shared.contracts.executions import Usage
from burnish_shared.json_bytes import decoded

OUTPUT_MOST_CHARACTERS = 4 * 1024 * 1024

CALLS_MOST = 127
"""Highest index of a tool call; OpenAI allows 128 tools."""


@dataclass(slots=True)
class Answer:
    """What has come so far. `others`: the second choice and those after it.

    `system_fingerprint`: what the provider calls the setup that answers.
    `hour_write_tokens`: of what was written to the provider's cache, what it keeps for an hour.
    `complete`: the provider said that it was done (a finish reason or [DONE]); `simulated`: that it is a toy.
    `has_deltas`: the stream tells it in deltas. `places`: index of a tool call as the provider counts → its place among the calls.
    `drawn`: ids that we gave to calls which came without one; `seed`: what is drawn from, of no other answer.
    """

    text: list[str] = field(default_factory=list)
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    places: dict[int, int] = field(default_factory=dict)
    drawn: set[str] = field(default_factory=set)
    seed: str = ""
    finish_reason: str | None = None
    system_fingerprint: str | None = None
    usage: Usage | None = None
    hour_write_tokens: int = 0
    complete: bool = False
    characters: int = 0
    simulated: bool = False
    has_deltas: bool = False
    others: "list[Answer]" = field(default_factory=list)
    logprobs: list[dict[str, Any]] = field(default_factory=list)
    asides: Asides | None = None

    @property
    def output(self) -> str:
        return "".join(self.text)

    @property
    def has_begun(self) -> bool:
        """Text or a tool call came, so that the model does not think any more, or all of it."""
        return bool(self.text or self.tool_calls or self.others or self.complete)


@dataclass(frozen=True, slots=True)
class Piece:
    """What one chunk adds: text for the caller, an OpenAI delta with tool calls, or several choices (`in_delta`: they hold the text)."""

    text: str = ""
    delta: dict[str, Any] | None = None
    in_delta: bool = False

    @property
    def is_text(self) -> bool:
        """Nothing beside the text."""
        return self.delta is None


def add(
    answer: Answer, *, text: str = "", calls: Sequence[dict[str, Any]] = (), beside: Mapping[str, Any] | None = None
) -> Piece | Failure | None:
    """Adds what one event of a stream brings: text, parts of tool calls as OpenAI cuts them, both, or what is said `beside` them.

    None: nothing for the caller.
    """
    answer.characters += len(text) + sum(merge_call(answer.tool_calls, call) for call in calls)
    told = {} if beside is None else set_aside(answer, beside)
    if answer.characters > OUTPUT_MOST_CHARACTERS:
        return too_long()
    if text:
        answer.text.append(text)
    if told:
        return Piece(text=text, delta={"tool_calls": list(calls), **told} if calls else told)
    return Piece(text=text, delta={"tool_calls": list(calls)} if calls else None) if text or calls else None


def too_long() -> Failure:
    return Failure(FailureKind.MALFORMED, f"The provider's stream grew beyond {OUTPUT_MOST_CHARACTERS} characters.")


def set_aside(answer: Answer, said: Mapping[str, Any]) -> dict[str, Any]:
    """Keeps what a message or delta says besides its text and calls, and returns it as a delta; empty where it says nothing."""
    if not says_more(said):
        return {}
    asides = answer.asides or Asides()
    before = asides.characters
    told = asides.take(said)
    if told:
        answer.asides = asides
        answer.characters += asides.characters - before
    return told


def merge_call(calls: list[dict[str, Any]], delta: dict[str, Any]) -> int:
    """Tool calls come in parts: the first names id and function, later ones append to its arguments. Returns the characters added."""
    index, function = delta.get("index", 0), delta.get("function")
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index <= CALLS_MOST:
        return 0
    while len(calls) <= index:
        calls.append({"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
    call = calls[index]
    if isinstance(delta.get("id"), str) and delta["id"]:
        call["id"] = delta["id"]
    if not delta.keys().isdisjoint(KEPT_WITH_CALLS):
        call |= {name: delta[name] for name in KEPT_WITH_CALLS if isinstance(delta.get(name), dict)}
    if not isinstance(function, dict):
        return 0
    name, arguments = str(function.get("name") or ""), str(function.get("arguments") or "")
    call["function"]["name"] += name
    call["function"]["arguments"] += arguments
    return len(name) + len(arguments)


def text_of(content: Any) -> str:
    """What a message or delta says: a text, or the texts of its parts, as Mistral and some servers answer."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(one["text"] for one in parts if isinstance(one, dict) and one.get("type") == "text" and isinstance(one.get("text"), str))


def parsed(data: bytes) -> Any:
    """The JSON value, None for what is none."""
    try:
        return decoded(data)
    except (ValueError, RecursionError):
        return None
