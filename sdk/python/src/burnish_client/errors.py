"""What can go wrong, as one small tree.

BurnishError
├── ApiError      the server refused, with a code that stays, the field to blame and the id of the request
├── NotReached    no answer came, after all retries, or none that can be read
└── StreamBroke   a stream ended without its last event; the server books what it had produced
"""

from __future__ import annotations

from typing import Any


class BurnishError(Exception):
    """Anything that this package raises."""


class ApiError(BurnishError):
    """An answer of 400 or above. `code` is stable, see docs/reference/errors.md; `param` names the field to blame, where one is.

    `body`: the whole answer, which for some refusals says more (`merge` of a 409); None where it was no JSON.
    """

    def __init__(self, status: int, body: Any, *, request_id: str | None) -> None:
        error = body.get("error") if isinstance(body, dict) else None
        said: dict[str, Any] = error if isinstance(error, dict) else {}
        self.status = status
        self.body: Any = body
        self.code = str(said.get("code", "unknown"))
        self.message = str(said.get("message", f"The server answered {status}."))
        self.param: str | None = said.get("param")
        self.retryable = bool(said.get("retryable", status in (429, 502, 503, 504)))
        self.retry_after_s: float | None = said.get("retry_after_s")
        self.details: Any = said.get("details")
        self.request_id: str | None = said.get("request_id") or request_id
        super().__init__(f"{self.message} ({self.code}, request {self.request_id})")


class NotReached(BurnishError):
    """Nobody answered: refused, timed out, or broken off before an answer began. Or what answered cannot be read."""


class StreamBroke(BurnishError):
    """The stream ended early. `text` is what had come until then; `execution_id` lets you read how it was booked."""

    def __init__(self, message: str, *, text: str, execution_id: str | None) -> None:
        super().__init__(message)
        self.text = text
        self.execution_id = execution_id
