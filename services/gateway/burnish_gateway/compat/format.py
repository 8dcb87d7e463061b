"""What differs between the formats in which a chat can be asked for. The way of a call is the same for all (`serve.py`)."""

from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from uuid import UUID

from fastapi.responses import Response

from burnish_gateway.execution.order import Order
from burnish_shared.errors import BurnishError
from burnish_shared.json_bytes import decoded

Facts = dict[str, Any]
"""A successful Outcome, parsed."""


def burnish_of(outcome: Facts) -> dict[str, Any]:
    """What no format has a place for; `routing` only where the model or version was chosen."""
    told = {name: outcome[name] for name in ("prompt", "version", "label", "provider", "credits", "latency_ms", "cached")}
    return told | ({"routing": outcome["routing"]} if outcome.get("routing") else {})


def of_first_choice(body: bytes) -> list[tuple[dict[str, Any], list[Facts]]]:
    """The deltas of the first choice in one as the executor writes it, each with how likely its tokens were: for formats that have no word
    for a second one. A version of a prompt may ask for it.
    """
    given = decoded(body)
    several = given.get("choices")
    if several is None:
        return [(given, [])]
    return [(one["delta"], (one.get("logprobs") or {}).get("content") or []) for one in several if one.get("index", 0) == 0]


def tier_in(outcome: Facts) -> dict[str, Any]:
    """Under which class of service the provider says that it served, where that was not the usual one."""
    tier = outcome["usage"].get("service_tier")
    return {"service_tier": tier} if tier else {}


def setup_in(outcome: Facts) -> dict[str, Any]:
    """What the provider calls the setup that answered, where it says so: a field of chat completions."""
    setup = outcome.get("system_fingerprint")
    return {"system_fingerprint": setup} if setup else {}


@dataclass(frozen=True, slots=True)
class Chat:
    """A parsed request. `include_usage`: in a format where usage is an option, it is wanted. `repeated`: what its answer says of it.

    `goes_on`: an execution whose conversation comes before these messages. `is_instructed`: the first of them is the call's instructions.
    `is_followed`: of a call in the background, its answer is streamed all the same.
    """

    order: Order
    include_usage: bool = False
    repeated: Facts = field(default_factory=dict)
    goes_on: UUID | None = None
    is_instructed: bool = False
    is_followed: bool = False

    def in_workspace(self, *, stores_text: bool) -> "Chat":
        """An answer that says that it is stored says so only where texts are."""
        if stores_text or not self.repeated.get("store"):
            return self
        return replace(self, repeated=self.repeated | {"store": False})


class Events(Protocol):
    """The server-sent events of one stream, as ready bytes, in the order in which they are asked for."""

    def begin(self) -> bytes:
        """What comes before the first word."""
        ...

    def text(self, body: bytes) -> bytes:
        """`body`: a JSON string, as it travelled."""
        ...

    def delta(self, body: bytes) -> bytes:
        """`body`: a delta object of OpenAI's format as JSON: parts of tool calls, of thoughts, of a refusal; or `{"choices":[…]}`."""
        ...

    def tool_calls(self, calls: list[dict[str, Any]]) -> bytes:
        """Whole tool calls, for a stream that did not see them come."""
        ...

    def asides(self, beside: Facts) -> bytes:
        """What was thought, refused or quoted, whole, for a stream that did not see it come."""
        ...

    def end(self, outcome: Facts) -> bytes: ...

    def error(self, error: BurnishError, *, request_id: str) -> bytes:
        """The last event of a stream that failed after it began."""
        ...


class Format(Protocol):
    """One format. `route`: under which idempotency keys of its calls are kept."""

    @property
    def route(self) -> str: ...

    def parse(self, raw: bytes) -> Chat:
        """Raises InvalidBody, InvalidField, Unsupported."""
        ...

    def answer(self, outcome: Facts, *, chat: Chat) -> bytes:
        """The buffered answer: the same outcome of the same request gives the same bytes, so a replay does too (PROMISES G-02)."""
        ...

    def events(self, execution_id: UUID, *, model: str, simulated: bool, chat: Chat) -> Events: ...

    def refuse(self, error: BurnishError, *, request_id: str) -> Response: ...
