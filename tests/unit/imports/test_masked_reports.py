"""What was made elsewhere is masked to the last string before it is stored."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest

from burnish_gateway.imports.mask_reported import masked
from burnish_gateway.imports.reported import Reported
from tests.unit.guarding.test_texts import DRAWN, FINDERS

MESSAGE: dict[str, Any] = {
    "role": "assistant",
    "content": {"signature": DRAWN},
    "thinking_blocks": [{"type": "thinking", "thinking": "ann@example.com", "signature": DRAWN}],
    "tool_calls": [{"function": {"name": "f", "arguments": '{"a":"\\nann\\u0040example.com","n":1.50}'}}],
}


@pytest.mark.capability("E13")
def test_no_seal_of_another_conversation_is_kept_and_arguments_are_read() -> None:
    said = [MESSAGE, "ann@example.com"]
    reported = Reported("s", "t", finished_at=datetime.now(UTC), latency_ms=1, model="m", provider="p", messages=said)
    (kept,) = masked([reported], FINDERS)
    assert kept.messages == [
        {
            "role": "assistant",
            "content": {"signature": "[SECRET]"},
            "thinking_blocks": [{"type": "thinking", "thinking": "[EMAIL]", "signature": "[SECRET]"}],
            "tool_calls": [{"function": {"name": "f", "arguments": '{"a":"\\n[EMAIL]","n":1.50}'}}],
        },
        "[EMAIL]",
    ]


@pytest.mark.capability("E13")
def test_what_is_json_is_read_as_json_wherever_it_stands() -> None:
    written, kept = '{"a": "ann\\u0040example.com", "n": 1.50}', '{"a": "[EMAIL]", "n": 1.50}'
    said = [
        {"role": "tool", "content": written},
        {"role": "user", "content": [{"type": "text", "text": written}]},
        {"role": "user", "content": "\\n"},
    ]
    reported = Reported(
        "s", "t", finished_at=datetime.now(UTC), latency_ms=1, model="m", provider="p", messages=said, output=written,
        variables={"ticket": written}, metadata={"raw": [written]}, error=written, settings={"stop": [written]},
        tool_calls=[{"id": "c", "function": {"name": "f", "arguments": written}}],
    )  # fmt: skip
    (stored,) = masked([reported], FINDERS)
    assert stored.output == kept and stored.messages[2] == said[2]
    assert [stored.messages[0]["content"], stored.messages[1]["content"][0]["text"]] == [kept, kept]
    assert (stored.variables, stored.metadata, stored.error) == ({"ticket": kept}, {"raw": [kept]}, kept)
    assert (stored.settings, stored.tool_calls) == ({"stop": [kept]}, [{"id": "c", "function": {"name": "f", "arguments": kept}}])


@pytest.mark.capability("E13")
def test_files_that_are_texts_are_masked_as_texts() -> None:
    written, kept = (b64encode(one.encode()).decode() for one in ("Ask ann@example.com", "Ask [EMAIL]"))
    file = {"type": "file", "file": {"file_data": f"data:text/plain;base64,{written}"}}
    source = {"type": "base64", "media_type": "text/plain", "data": written}
    said = [{"role": "user", "content": [file, {"type": "document", "source": source}]}]
    reported = Reported("s", "t", finished_at=datetime.now(UTC), latency_ms=1, model="m", provider="p", messages=said)
    (stored,) = masked([reported], FINDERS)
    first, second = stored.messages[0]["content"]
    assert (first["file"]["file_data"], second["source"]["data"]) == (f"data:text/plain;base64,{kept}", kept)
