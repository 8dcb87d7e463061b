"""What everything here stands on: calls of the API's own routes, with the credentials of whoever asked.

So a role, a scope, a limit or a budget holds here because it holds there; there is no second door.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

PASSED_ON: Final = ("authorization", "x-api-key", "x-burnish-workspace", "x-request-id", "traceparent", "tracestate", "burnish-hops")
"""Headers of the request that the calls made for it carry too. No cookie is among them: a browser sends those by itself."""

FIRST_REFUSAL: Final = 400

BAD_GATEWAY: Final = 502


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a route. `path` is quoted; `query` values are as JSON has them; `idempotency_key` '' sends none."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    idempotency_key: str = ""

    def parameters(self) -> list[tuple[str, str]]:
        """The query as a URL writes it: what is None is left out."""
        return [(name, _as_text(value)) for name, value in self.query.items() if value is not None]

    def headers(self) -> dict[str, str]:
        """Those of its own, beside the caller's."""
        return {"content-type": "application/json"} | ({"idempotency-key": self.idempotency_key} if self.idempotency_key else {})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the route said. `body`: parsed JSON; of an error, the one schema that all errors have."""

    status: int
    body: Any

    @property
    def refused(self) -> bool:
        return self.status >= FIRST_REFUSAL

    @property
    def error(self) -> Mapping[str, Any]:
        """`{type, code, message, …}` of a refusal; something alike where no gateway answered it."""
        error = self.body.get("error") if isinstance(self.body, dict) else None
        if isinstance(error, dict):
            return error
        return {"type": "unavailable", "code": "unavailable", "message": f"Burnish answered {self.status}.", "retryable": True}


def answer_of(status: int, raw: bytes) -> Answer:
    """The answer that these bytes are. What is no JSON object is a refusal: no tool gives one, so something else has answered."""
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        body = None
    if isinstance(body, dict):
        return Answer(status, body)
    if status >= FIRST_REFUSAL:
        return Answer(status, {})
    message = f"The answer (status {status}) is no JSON object. Is it Burnish that answers, and nothing before it?"
    return Answer(BAD_GATEWAY, {"error": {"type": "unavailable", "code": "no_json", "message": message, "retryable": False}})


class Api(Protocol):
    """Makes calls. `caller`: the HTTP request of the transport whose credentials count; None where there is one caller alone."""

    async def __call__(self, call: Call, *, caller: Any) -> Answer: ...


def _as_text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
