"""Citations asked for where nobody looks: refused by name."""

import json
from typing import Any

import pytest

from burnish_gateway.compat.responses.responses_format import ResponsesFormat
from burnish_gateway.execution.messages import checked_messages
from burnish_shared.errors import BurnishError
from tests.unit.compat.test_odd_values import parsed

FILE = "data:text/plain;base64,aGk="
WANTED = {"enabled": True}


def chat(part: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [part]}]


def test_within_the_file_they_are_taken_and_beside_it_refused() -> None:
    checked_messages(chat({"type": "file", "file": {"file_data": FILE, "citations": WANTED}}))
    with pytest.raises(BurnishError) as refused:
        checked_messages(chat({"type": "file", "file": {"file_data": FILE}, "citations": WANTED}))
    assert refused.value.param == "messages[0].content[0].citations" and "content[0].file.citations" in refused.value.message


def test_responses_have_none() -> None:
    part = {"type": "input_file", "file_data": FILE, "filename": "a.txt"}
    body: dict[str, Any] = {"model": "m", "input": chat(part)}
    parsed(ResponsesFormat(), json.dumps(body).encode())
    body["input"] = chat(part | {"citations": WANTED})
    with pytest.raises(BurnishError) as refused:
        parsed(ResponsesFormat(), json.dumps(body).encode())
    assert refused.value.param == "input[0].content[0].citations"
