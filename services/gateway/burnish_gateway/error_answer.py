"""What an error looks like, and which statuses routes name in OpenAPI."""

from typing import Any, Final

from pydantic import BaseModel, Field

ERROR_STATUSES = (400, 401, 403, 404, 408, 409, 413, 422, 429, 503)
"""What any route may answer; routes that call models add 402, 502 and 504, those that begin paid work PAID."""


class ErrorBody(BaseModel):
    type: str
    code: str
    message: str
    param: str | None = None
    request_id: str
    retryable: bool
    retry_after_s: int | None = Field(default=None, description="Whole seconds, rounded up: the same number as `Retry-After`.")
    details: dict[str, Any] | None = None


class ErrorAnswer(BaseModel):
    """The one schema of every error (PROMISES G-08)."""

    error: ErrorBody


PAID: Final[dict[int | str, dict[str, Any]]] = {402: {"model": ErrorAnswer, "description": "Less credit or budget than this takes"}}
"""`responses` of routes that begin what is paid for, beside those of any route."""
