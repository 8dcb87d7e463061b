"""Every error that a caller can see, as one tree. A class fixes the stable code, the HTTP status and whether a retry may help.

BurnishError
├── BadRequest 400 ── InvalidBody 400 · InvalidField 422 · MissingVariables 422 · IdempotencyMismatch 422
├── Unauthenticated 401
├── OutOfCredit 402 ── BudgetExhausted 402
├── Forbidden 403 ── Suspended 403
├── NotFound 404
├── Conflict 409 ── IdempotencyInProgress 409 · NewerVersion 409
├── PayloadTooLarge 413
├── RateLimited 429
├── Unavailable 503
└── ProviderFailed 502 ── ProviderTimedOut 504
"""

from typing import Any, ClassVar


class BurnishError(Exception):
    """A failure with a code that stays, a message for people, and, where one is to blame, the name of the field (`param`).

    Messages say what happened, which value, and what to do. They never hold a secret, SQL, a file path, or word of another tenant.
    """

    type: ClassVar[str] = "api_error"
    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(
        self, message: str, *, param: str | None = None, retry_after_s: float | None = None, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s
        self.details = details or {}


class BadRequest(BurnishError):
    type = "invalid_request_error"
    code = "bad_request"
    status = 400


class InvalidBody(BadRequest):
    code = "invalid_body"


class InvalidField(BadRequest):
    code = "invalid_field"
    status = 422


class MissingVariables(BadRequest):
    code = "missing_variables"
    status = 422


class IdempotencyMismatch(BadRequest):
    code = "idempotency_mismatch"
    status = 422


class Unauthenticated(BurnishError):
    type = "authentication_error"
    code = "unauthenticated"
    status = 401


class OutOfCredit(BurnishError):
    type = "billing_error"
    code = "out_of_credit"
    status = 402


class BudgetExhausted(OutOfCredit):
    code = "budget_exhausted"


class Forbidden(BurnishError):
    type = "permission_error"
    code = "forbidden"
    status = 403


class Suspended(Forbidden):
    code = "suspended"


class NotFound(BurnishError):
    type = "not_found_error"
    code = "not_found"
    status = 404


class Conflict(BurnishError):
    type = "conflict_error"
    code = "conflict"
    status = 409


class IdempotencyInProgress(Conflict):
    code = "idempotency_in_progress"
    retryable = True


class NewerVersion(Conflict):
    code = "newer_version"


class PayloadTooLarge(BurnishError):
    type = "invalid_request_error"
    code = "payload_too_large"
    status = 413


class RateLimited(BurnishError):
    type = "rate_limit_error"
    code = "rate_limited"
    status = 429
    retryable = True


class Unavailable(BurnishError):
    type = "unavailable_error"
    code = "unavailable"
    status = 503
    retryable = True


class ProviderFailed(BurnishError):
    type = "provider_error"
    code = "provider_failed"
    status = 502
    retryable = True


class ProviderTimedOut(ProviderFailed):
    code = "provider_timed_out"
    status = 504
