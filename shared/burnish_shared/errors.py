"""Every error that a caller can see, as one tree. A class fixes the stable code, the HTTP status and whether a retry may help.

BurnishError
├── BadRequest 400 ── InvalidBody 400 · InvalidField 422 · MissingVariables 422 · InputInvalid 422
│                  · IdempotencyMismatch 422 · NoProviderKey 422
├── Unauthenticated 401 ── TokenExpired 401
├── OutOfCredit 402 ── BudgetExhausted 402
├── Forbidden 403 ── Suspended 403 · NoWorkspace 403 · CsrfRefused 403
├── NotFound 404
├── Conflict 409 ── IdempotencyInProgress 409 · NewerVersion 409 · MergeConflict 409 · LabelProtected 409 · LastAdmin 409
├── BodyTooSlow 408
├── PayloadTooLarge 413
├── RateLimited 429 ── TokensLimited, ConcurrencyLimited 429
├── Unavailable 503 ── Busy 503 ── Deadlocked 503
│                  · GoesOn 503
└── ProviderFailed 502
"""

import math
from collections.abc import Mapping
from typing import Any, ClassVar


def whole_s(wait_s: float) -> int:
    """How long to wait, as `Retry-After` says it: whole seconds, rounded up, at least one."""
    return max(1, math.ceil(wait_s))


class BurnishError(Exception):
    """A failure with a code that stays, a message for people, and, where one is to blame, the name of the field (`param`).

    Messages say what happened, which value, and what to do. They never hold a secret, SQL, a file path, or word of another tenant.
    """

    type: ClassVar[str] = "api_error"
    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        retry_after_s: float | None = None,
        details: dict[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s
        self.details = details or {}
        self.headers = headers or {}


class BadRequest(BurnishError):
    """The request cannot be understood as it is."""

    type = "invalid_request_error"
    code = "bad_request"
    status = 400


class InvalidBody(BadRequest):
    """The body is no JSON that we accept: malformed, not UTF-8, nested too deep, or holding what cannot be stored."""

    code = "invalid_body"


class InvalidField(BadRequest):
    """A field, header or query parameter is missing, unknown or has a wrong value; `param` names it, `details.problems` lists all."""

    code = "invalid_field"
    status = 422


class MissingVariables(BadRequest):
    """The prompt needs variables that were not given; the message names every one."""

    code = "missing_variables"
    status = 422


class InputInvalid(BadRequest):
    """What a call puts in is not as the prompt's version wants it; `details.problems` lists where."""

    code = "input_invalid"
    status = 422


class IdempotencyMismatch(BadRequest):
    """The Idempotency-Key was used before, with another body or by somebody else."""

    code = "idempotency_mismatch"
    status = 422


class NoProviderKey(BadRequest):
    """There is no key to call this model's provider with: neither one of the workspace's own nor one of the operator's that it may use."""

    code = "no_provider_key"
    status = 422


class Unauthenticated(BurnishError):
    """No key, or one that is unknown, revoked or expired."""

    type = "authentication_error"
    code = "unauthenticated"
    status = 401


class TokenExpired(Unauthenticated):
    """A token of an identity provider that was valid and is over; its owner gets a new one there."""

    code = "token_expired"


class OutOfCredit(BurnishError):
    """The workspace's credit does not suffice for this call."""

    type = "billing_error"
    code = "out_of_credit"
    status = 402


class BudgetExhausted(OutOfCredit):
    """A budget is spent until its period ends."""

    code = "budget_exhausted"


class Forbidden(BurnishError):
    """The key's role does not allow this."""

    type = "permission_error"
    code = "forbidden"
    status = 403


class Suspended(Forbidden):
    """The account is suspended by the operator."""

    code = "suspended"


class NoWorkspace(Forbidden):
    """The person is signed in, but belongs to no workspace yet."""

    code = "no_workspace"


class CsrfRefused(Forbidden):
    """A request with the session cookie that another site may have made: without the CSRF token, or from another origin."""

    code = "csrf"


class NotFound(BurnishError):
    """There is no such thing in this workspace; also said of what belongs to another."""

    type = "not_found_error"
    code = "not_found"
    status = 404


class Conflict(BurnishError):
    """What is there contradicts the request: a name that is taken, a state that does not allow it."""

    type = "conflict_error"
    code = "conflict"
    status = 409


class IdempotencyInProgress(Conflict):
    """The first request with this Idempotency-Key is still running."""

    code = "idempotency_in_progress"
    retryable = True


class NewerVersion(Conflict):
    """A version was saved since `base_version`; `newer_version` and `merge` stand beside the error."""

    code = "newer_version"


class MergeConflict(Conflict):
    """Two versions changed the same part differently; `details.conflicts` lists base, ours and theirs of each. Nothing was saved."""

    code = "merge_conflict"


class LabelProtected(Conflict):
    """A label that moves only to approved versions, with a passed test run where the workspace asks; `details.lacking` says what lacks."""

    code = "label_protected"


class LastAdmin(Conflict):
    """The workspace would be left without an admin."""

    code = "last_admin"


class BodyTooSlow(BurnishError):
    """The request's body stopped coming, or came too slowly to be waited for; nothing was done."""

    type = "invalid_request_error"
    code = "body_too_slow"
    status = 408
    retryable = True


class PayloadTooLarge(BurnishError):
    """The body is longer than this route takes."""

    type = "invalid_request_error"
    code = "payload_too_large"
    status = 413


class RateLimited(BurnishError):
    """The rate limit of the workspace, the key or the provider is reached."""

    type = "rate_limit_error"
    code = "rate_limited"
    status = 429
    retryable = True


class TokensLimited(RateLimited):
    """More tokens a minute than the workspace or the API key may use; `details.limit_of` says whose limit it is."""

    code = "tokens_limited"


class ConcurrencyLimited(RateLimited):
    """As many callers of this workspace wait for an answer as its plan allows at once."""

    code = "concurrency_limited"


class Unavailable(BurnishError):
    """PostgreSQL, NATS or every executor is away or busy; nothing was done."""

    type = "unavailable_error"
    code = "unavailable"
    status = 503
    retryable = True


class Busy(Unavailable):
    """PostgreSQL is there, but a row is held by others, or the statement took too long: it says nothing of anybody else's work."""


class Deadlocked(Busy):
    """Others waited for this transaction while it waited for them. It did nothing, and they go on: tried again, it comes after them."""


class GoesOn(Unavailable):
    """This gateway is stopped, and what the call began goes on; a repeat without an Idempotency-Key would begin and pay another one."""

    code = "goes_on"
    retryable = False


class ProviderFailed(BurnishError):
    """The model's provider failed, or what it sent could not be used."""

    type = "provider_error"
    code = "provider_failed"
    status = 502
    retryable = True
