"""From an Outcome to an HTTP answer: bytes that are ready pass through; only failures are looked into."""

import json
from typing import Any, Final

from burnish_shared.contracts.executions import SUCCEEDED
from burnish_shared.errors import BurnishError, Unavailable

STATUS_CODES = {"timeout": 504, "rate_limited": 429, "cancelled": 499, "blocked": 422}
"""HTTP status by terminal status; `error` is 502, or 400 (413) where the provider blamed the request itself, or 503 where nobody took it or
the provider is overloaded."""

STATUS_OF_CODE = {
    "no_provider_key": 422,
    "provider_keys_unverified": 503,
    "guardrails_unknown": 503,
    "output_invalid": 422,
    "provider_unavailable": 503,
    "interrupted": 502,
    "answer_not_kept": 409,
}
"""Errors of the executor that stand for a refusal of ours: the caller hears the same as from the gateway. What a stopped gateway cut short
is booked as cancelled, but its caller did not go away."""

SUCCEEDED_UNTOLD: Final = frozenset({"answer_not_kept", "answer_lost", "stream_gap"})
"""Of an execution that succeeded, whose answer nobody can be told any more: the books have it as a success, and so does `details`."""

KEY_IS_SPENT = {"x-should-retry": "false"}
"""Of an execution that failed and has a key: its failure is what the key gets from now on, so to repeat it is of no use."""

STATUS_OF_BLAME = {400: 400, 404: 400, 413: 413, 415: 400, 422: 400}
"""A provider's status that blames the request → ours."""

OVERLOADED = frozenset({503, 529})
"""So says a provider that it has too much to do: OpenAI and most others, and Anthropic. Patience helps, so it is 503 with Retry-After."""

RESTS: Final = "provider_unavailable"
"""So says the executor of a provider that it leaves alone for a moment: to whoever asks, that is the same."""


class ExecutionFailed(BurnishError):
    """An execution that ended in anything but success; it has a row, and its id is in `details`. `overloaded`: so its provider says, or
    it is left alone because it failed too often."""

    def __init__(
        self,
        message: str,
        *,
        type: str,
        code: str,
        status: int,
        retryable: bool,
        details: dict[str, Any],
        retry_after_s: float | None = None,
        overloaded: bool = False,
    ) -> None:
        super().__init__(message, details=details, retry_after_s=retry_after_s or (1 if status in (429, 503) else None))
        self.type = type  # type: ignore[misc]
        self.code = code  # type: ignore[misc]
        self.status = status  # type: ignore[misc]
        self.retryable = retryable  # type: ignore[misc]
        self.overloaded = overloaded


def succeeded(outcome: bytes) -> bool:
    return outcome.startswith(SUCCEEDED)


def failure_of(outcome: bytes, *, has_key: bool = False) -> BurnishError:
    """The error that an unsuccessful Outcome stands for, with what had come of the answer. `has_key`: it is what the caller's
    Idempotency-Key gets from now on, so to send the same request again is of no use; where no executor took it, the key is free again.
    """
    body = json.loads(outcome)
    error = body.get("error") or {"type": "api_error", "code": "failed", "message": "The execution failed.", "retryable": True}
    if error["code"] == "not_dispatched":
        return Unavailable("No executor could take this request; try again.", retry_after_s=1, details={"execution_id": body["id"]})
    attempts = body.get("attempts") or []
    http_status = error.get("provider_status") or next((one.get("http_status") for one in reversed(attempts)), None)
    overloaded = error["code"] == RESTS or (error["code"] == "provider_failed" and http_status in OVERLOADED)
    status = 503 if overloaded else _status_of(error["code"], status=body["status"], http_status=http_status)
    kept_as = "success" if error["code"] in SUCCEEDED_UNTOLD else body["status"]
    details = {"execution_id": body["id"], "status": kept_as, "cost_nusd": body["cost_nusd"], "usage": body["usage"]}
    details["attempts"] = attempts
    if body.get("output"):
        details["output"] = body["output"]
    if error.get("guardrail"):
        details["guardrail"] = error["guardrail"]
    details |= {name: error[name] for name in ("provider_code", "provider_param") if error.get(name)}
    if error.get("problems"):
        details["output_invalid"] = error["problems"]
    failure = ExecutionFailed(
        error["message"], type=error["type"], code=error["code"], status=status, details=details, retry_after_s=error.get("retry_after_s"),
        retryable=bool(error.get("retryable")) and not has_key, overloaded=overloaded,
    )  # fmt: skip
    failure.headers = KEY_IS_SPENT if has_key else {}
    return failure


def _status_of(code: str, *, status: str, http_status: int | None) -> int:
    """`status`: of the record; `http_status`: the provider's last one."""
    if code == "provider_refused" and http_status in STATUS_OF_BLAME:
        return STATUS_OF_BLAME[http_status]
    return STATUS_OF_CODE.get(code) or STATUS_CODES.get(status, 502)
