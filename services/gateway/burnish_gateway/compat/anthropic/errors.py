"""Errors as Anthropic's clients know them, and where those put their key."""

import json
from typing import Any, Final

from fastapi import Request
from fastapi.responses import Response

from burnish_gateway.compat.error_answer import openai_error
from burnish_gateway.execution.answer import ExecutionFailed
from burnish_shared.errors import BurnishError

TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "timeout_error",
    409: "invalid_request_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""https://docs.claude.com/en/api/errors; every other status is an `api_error`."""

OVERLOADED: Final = 529
"""Where others say 503: Anthropic's clients raise an `OverloadedError` for it. A 503 is ours, as where no executor is free."""


def anthropic_error(error: BurnishError, *, request_id: str) -> Response:
    """Our one error schema with Anthropic's `type`, in Anthropic's envelope. Status codes and headers are those of the OpenAI route, except
    of a provider that is overloaded, or left alone for a while.
    """
    response = openai_error(error, request_id=request_id)
    status = OVERLOADED if isinstance(error, ExecutionFailed) and error.overloaded else response.status_code
    ours = json.loads(bytes(response.body))
    told = {"type": "error", "error": ours["error"] | {"type": TYPES.get(status, "api_error")}, "request_id": request_id}
    headers = {name: value for name, value in response.headers.items() if name not in ("content-length", "content-type")}
    return Response(json.dumps(told, ensure_ascii=False), status, headers, "application/json")


def in_anthropics_words(error: BurnishError, *, request_id: str) -> dict[str, Any]:
    """The body alone, for an error that is told within an answer."""
    told: dict[str, Any] = json.loads(bytes(anthropic_error(error, request_id=request_id).body))
    return told


def with_bearer(request: Request) -> Request:
    """The request with the key of `x-api-key` as its Bearer token, where it has none."""
    key = request.headers.get("x-api-key")
    if key is None or "authorization" in request.headers:
        return request
    headers = [*request.scope["headers"], (b"authorization", b"Bearer " + key.encode("latin-1"))]
    return Request({**request.scope, "headers": headers}, request.receive)
