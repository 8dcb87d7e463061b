"""What is told of a batch in Anthropic's words, and of its lines: both from one rule, so that counts are what the results are."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from burnish_gateway.batches.message_batches import message_batch, message_line

NOW = datetime(2026, 11, 28, 20, 0, tzinfo=UTC)
ROW = {
    "batch_id": "b", "total": 10, "succeeded": 3, "failed": 4, "stopped": 2, "created_at": NOW, "expires_at": NOW, "finished_at": NOW,
    "started_at": NOW, "stopping_at": NOW, "cancel_requested": False, "pause_requested": False, "pause_reason": None, "name": None,
    "waiting_for": [], "set_aside_nusd": 1, "spent_nusd": 1, "simulated": True,
}  # fmt: skip
ERASED = {"code": "erased", "message": "The person whom this was about was erased."}


@pytest.mark.capability("E15", "E2")
@pytest.mark.parametrize(
    ("status", "counts", "stopped", "unsent"),
    [
        ("running", (3, 3, 2, 2, 0), "canceled", None),
        ("cancelled", (0, 3, 2, 5, 0), "canceled", "canceled"),
        ("expired", (0, 3, 2, 0, 5), "expired", "expired"),
        ("failed", (0, 3, 5, 2, 0), "canceled", "errored"),
        ("completed", (0, 3, 5, 2, 0), "canceled", "errored"),
    ],
)
def test_counts_are_what_the_lines_are(status: str, counts: tuple[int, ...], stopped: str, unsent: str | None) -> None:
    row: Any = ROW | {"status": status}
    told = message_batch(row)
    assert tuple(told.request_counts.model_dump().values()) == counts and sum(counts) == 10
    assert (told.processing_status, told.results_url is None) == (("in_progress", True) if status == "running" else ("ended", False))
    assert _told(row, status="cancelled")["type"] == stopped
    if unsent is not None:
        assert _told(row, status="unsent")["type"] == unsent


@pytest.mark.capability("E15", "E2", "T8")
def test_a_line_about_somebody_who_was_erased_has_an_id_that_nobody_gave() -> None:
    row: Any = ROW | {"status": "completed"}
    line: Any = _line(status="unsent", custom_id=None, error=ERASED)
    told = json.loads(message_line(row, line, None))
    assert told["custom_id"] == "" and told["result"]["type"] == "errored"
    assert told["result"]["error"]["error"] == {"type": "invalid_request_error", **ERASED, "retryable": False}


@pytest.mark.capability("E15", "E2")
def test_what_was_never_sent_fails_in_anthropics_words() -> None:
    row: Any = ROW | {"status": "completed"}
    for code, kind in (
        ("not_found", "not_found_error"),
        ("payload_too_large", "request_too_large"),
        ("invalid_field", "invalid_request_error"),
    ):
        told = _told(row, status="invalid", error={"code": code, "message": "m", "param": "p"})
        assert (told["type"], told["error"]["error"]["type"], told["error"]["error"]["param"]) == ("errored", kind, "p")
    gone = _told(row, status="success")
    assert (gone["type"], gone["error"]["error"]["type"]) == ("errored", "not_found_error")


def _line(**given: Any) -> dict[str, Any]:
    return {"line": 1, "custom_id": "a", "model": "m", "error": None} | given


def _told(row: Any, **given: Any) -> Any:
    line: Any = _line(**given)
    return json.loads(message_line(row, line, None))["result"]
