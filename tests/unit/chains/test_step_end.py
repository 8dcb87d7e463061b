"""What becomes of a step, from what its execution came to (PRODUCT P8)."""

from typing import Any

import pytest

from burnish_gateway.chains.step_end import ended_by
from burnish_shared.contracts.executions import Outcome
from burnish_shared.ids import new_uuid

pytestmark = pytest.mark.capability("P8")


def body(status: str, *, error: dict[str, Any] | None = None, output: str | None = None) -> bytes:
    usage = {"input_tokens": 3, "output_tokens": 2, "source": "estimated"}
    return Outcome.model_validate({
        "status": status, "id": new_uuid(), "output": output, "prompt": "reply", "version": 2, "model": "simulated/chat",
        "provider": "simulated", "finish_reason": None, "usage": usage, "cost_nusd": 7, "credits": "0.0000", "latency_ms": 1,
        "first_token_ms": None, "simulated": True, "error": error,
    }).model_dump_json().encode()  # fmt: skip


@pytest.mark.parametrize("retryable", [True, False])
def test_only_a_failure_that_may_pass_is_asked_for_again(retryable: bool) -> None:
    error = {"type": "provider_error", "code": "provider_failed", "message": "It failed.", "retryable": retryable}
    ended = ended_by(body("error", error=error), keeps_text=True)
    assert (ended.may_pass, ended.end.spent_nusd, ended.end.status) == (retryable, 7, "error")
    assert ended.end.error is not None and ended.end.error["message"] == "It failed."


def test_a_success_is_never_asked_for_again_and_text_is_kept_where_it_may() -> None:
    kept, gone = (ended_by(body("success", output='{"a": 1}'), keeps_text=one) for one in (True, False))
    assert not kept.may_pass and kept.end.result == {"output": '{"a": 1}', "is_json": False}
    assert gone.end.result is None and gone.result.json == {"a": 1}, "the next steps have it as long as the run is here"


def test_the_message_of_a_failure_is_text_too() -> None:
    error = {"type": "provider_error", "code": "provider_failed", "message": "Of Jane Doe.", "retryable": False}
    ended = ended_by(body("error", error=error), keeps_text=False)
    assert ended.end.error is not None and "message" not in ended.end.error
    assert ended.result.error is not None and ended.result.error["message"] == "Of Jane Doe."
