"""What an unsuccessful outcome is told as, above all whether the same request may help."""

import json
from typing import Any

import pytest

from burnish_gateway.execution.answer import failure_of


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
