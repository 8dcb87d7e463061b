"""What the clients under fire take for the end of a stream: a client that overlooks one would find no fault, or find false ones."""

import json
import random
from pathlib import Path

import pytest

from tests.chaos.mix import Mix

ID = "01a1fa5f-5c77-74ad-aeaa-5aae2b3462a7"


def named(code: str) -> str:
    """An error object that names its execution."""
    return json.dumps({"code": code, "details": {"execution_id": ID}})


def mix() -> Mix:
    return Mix("http://127.0.0.1:1", "none", Path("unused"), random.Random(1))


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        ("[DONE]", "ok", None),
        ('{"type": "message_stop"}', "ok", None),
        ('{"type": "response.completed", "response": {}}', "ok", None),
        ('{"type": "response.incomplete", "response": {}}', "ok", None),
        (f'{{"error": {named("interrupted")}}}', "failed", "interrupted"),
        (f'{{"type": "error", "error": {named("interrupted")}}}', "failed", "interrupted"),
        ('{"type": "error", "code": "interrupted", "message": "", "param": null}', "failed", "interrupted"),
        ('{"type": "error", "code": "unavailable", "message": "", "param": null}', "unknown", None),
        (f'{{"error": {named("stream_gap")}}}', "unknown", None),
    ],
)  # fmt: skip
def test_each_format_ends_in_its_own_words(data: str, status: str, code: str | None) -> None:
    told = mix().event(data, ID, [])
    assert told is not None and (told.status, told.id, told.code) == (status, ID, code)


@pytest.mark.parametrize(
    "data",
    [
        '{"choices": [{"delta": {"content": "Hello"}}]}',
        '{"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hello"}}',
        '{"type": "response.output_text.delta", "delta": "Hello"}',
    ],
)
def test_text_of_each_format_is_seen_and_ends_nothing(data: str) -> None:
    seen: list[str] = []
    assert mix().event(data, ID, seen) is None and seen == ["Hello"]


def test_other_events_end_nothing() -> None:
    seen: list[str] = []
    for data in ('{"choices": []}', '{"type": "message_start"}', '{"type": "response.created", "response": {"error": null}}'):
        assert mix().event(data, ID, seen) is None
    assert seen == []
