"""What can go wrong, as one small tree.

BurnishError
├── ApiError      the server refused, with a code that stays, the field to blame and the id of the request
│   ├── BadRequest        400, 413, 422: something about it is wrong; `param` says what
│   ├── Unauthenticated   401: no key, or not a valid one
│   ├── PaymentRequired   402: credit or a budget is used up
│   ├── Forbidden         403: the key may not, or the workspace is suspended
│   ├── NotFound          404, 410: there is no such thing in this workspace
│   ├── Conflict          409: something else stands there, or is under way
│   ├── RateLimited       429: yours, or the provider's; `retry_after_s`
│   └── ServerError       500 and above: it failed, after all retries
├── NotReached    no answer came, after all retries, or none that can be read
└── StreamBroke   a stream ended without its last event; the server books what it had produced
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class BurnishError(Exception):
    """Anything that this package raises."""


class ApiError(BurnishError):
    """An answer that is none. `code` is stable, see docs/reference/errors.md; `param` names the field to blame, where one is.

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

    def __reduce__(self) -> tuple[Callable[..., ApiError], tuple[Any, ...]]:
        """For a pool of processes or a queue of tasks, which send what was raised back to whoever waits."""
        return refusal_of, (self.status, self.body, self.request_id)


class BadRequest(ApiError):
    """Something about the request is wrong: `param` names the field. Again it would be told the same."""


class Unauthenticated(ApiError):
    """No key, or not a valid one."""


class PaymentRequired(ApiError):
    """Credit or a budget is used up; nobody was called."""


class Forbidden(ApiError):
    """The key may not do this, or the workspace is suspended."""


class NotFound(ApiError):
    """There is no such thing in this workspace, or it is gone."""


class Conflict(ApiError):
    """Something else stands there already, or is still under way."""


class RateLimited(ApiError):
    """Too many: your limit, or the provider's. `retry_after_s` says how long to wait."""


class ServerError(ApiError):
    """Burnish or the provider failed, or ran out of time."""


_KINDS: dict[int, type[ApiError]] = {
    400: BadRequest, 401: Unauthenticated, 402: PaymentRequired, 403: Forbidden, 404: NotFound, 409: Conflict, 410: NotFound,
    413: BadRequest, 422: BadRequest, 429: RateLimited,
}  # fmt: skip


def refusal_of(status: int, body: Any, request_id: str | None) -> ApiError:
    """An ApiError of the kind that the status says."""
    kind = _KINDS.get(status, ServerError if status >= 500 else ApiError)
    return kind(status, body, request_id=request_id)


class NotReached(BurnishError):
    """Nobody answered: refused, timed out, or broken off before an answer began. Or what answered cannot be read."""


class StreamBroke(BurnishError):
    """The stream ended early. `text` is what had come until then; `execution_id` lets you read how it was booked."""

    def __init__(self, message: str, *, text: str, execution_id: str | None) -> None:
        super().__init__(message)
        self.text = text
        self.execution_id = execution_id

    def __reduce__(self) -> tuple[Callable[..., StreamBroke], tuple[Any, ...]]:
        return _broke, (str(self), self.text, self.execution_id)


def _broke(message: str, text: str, execution_id: str | None) -> StreamBroke:
    return StreamBroke(message, text=text, execution_id=execution_id)
