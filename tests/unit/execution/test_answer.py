"""What an unsuccessful outcome is told as, above all whether the same request may help."""

import json
from typing import Any

import pytest

from burnish_gateway.execution.answer import ExecutionFailed, failure_of


@pytest.mark.promise("G-02")
@pytest.mark.parametrize(
    ("code", "has_key", "said"),
    [
        ("provider_failed", False, (502, True, None)),
        ("provider_failed", True, (502, False, "false")),
        ("not_dispatched", False, (503, True, None)),
        # Nobody took it, so its key was let go of: the same request begins anew.
        ("not_dispatched", True, (503, True, None)),
    ],
)
def test_only_a_key_that_got_its_answer_is_not_worth_a_repeat(code: str, *, has_key: bool, said: tuple[Any, ...]) -> None:
    error = {"type": "api_error", "code": code, "message": "It failed.", "retryable": True}
    outcome = {"id": "e", "status": "error", "error": error, "attempts": [], "cost_nusd": 0, "usage": {}}
    failure = failure_of(json.dumps(outcome).encode(), has_key=has_key)
    assert (failure.status, failure.retryable, failure.headers.get("x-should-retry")) == said


@pytest.mark.parametrize(
    ("code", "http_status", "said"),
    [
        ("provider_refused", 400, (400, False)), ("provider_refused", 404, (400, False)), ("provider_refused", 413, (413, False)),
        ("provider_refused", 401, (502, False)), ("provider_refused", 403, (502, False)),
        ("provider_failed", 409, (502, False)), ("provider_failed", 500, (502, False)), ("provider_failed", None, (502, False)),
        ("provider_failed", 503, (503, True)), ("provider_failed", 529, (503, True)),
        ("provider_unavailable", None, (503, True)), ("provider_unavailable", 500, (503, True)),
    ],
)  # fmt: skip
def test_a_status_of_the_provider_becomes_ours(code: str, http_status: int | None, said: tuple[int, bool]) -> None:
    error = {"type": "provider_error", "code": code, "message": "It failed.", "retryable": code == "provider_failed"}
    for where in ({"attempts": [{"http_status": http_status}]}, {"error": error | {"provider_status": http_status}, "attempts": [{}]}):
        outcome = {"id": "e", "status": "error", "error": error, "cost_nusd": 0, "usage": {}} | where
        failure = failure_of(json.dumps(outcome).encode())
        assert isinstance(failure, ExecutionFailed)
        assert (failure.status, failure.overloaded) == said and failure.retry_after_s == (1 if failure.overloaded else None)
