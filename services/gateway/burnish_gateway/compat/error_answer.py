"""Errors as callers of OpenAI's API know them: `{error: {message, type, param, code}}`, and 400 for a wrong parameter (PROMISES G-08)."""

from fastapi.responses import Response

from burnish_gateway.compat.refusals import InvalidParameter
from burnish_gateway.execution.answer import ExecutionFailed
from burnish_gateway.wire import error_response
from burnish_shared import too_long
from burnish_shared.errors import BurnishError, InvalidField


def openai_error(error: BurnishError, *, request_id: str) -> Response:
    """Our one error schema is OpenAI's with `request_id`, `retryable` and `details` beside it.

    OpenAI's clients repeat 409, 429 and 5xx by themselves unless `x-should-retry` says that it is of no use.
    """
    shown = InvalidParameter(error) if isinstance(error, InvalidField) else as_too_long(error)
    response = error_response(shown, request_id=request_id)
    response.headers["x-should-retry"] = "true" if shown.retryable else "false"
    return response


def as_too_long(error: BurnishError) -> BurnishError:
    """The refusal of an input that does not fit its model under the code that OpenAI has for it, whatever its provider calls it."""
    if not isinstance(error, ExecutionFailed) or not too_long.is_said_in(error.message):
        return error
    shown = ExecutionFailed(
        error.message, type="invalid_request_error", code=too_long.CODE, status=error.status, retryable=error.retryable,
        details=error.details,
    )  # fmt: skip
    shown.headers = error.headers
    return shown
