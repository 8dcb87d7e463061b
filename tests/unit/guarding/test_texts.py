"""Which texts of a message are looked into."""

from typing import Any

import pytest

from burnish_shared.guarding.texts import changed_messages

REFUSED = {"type": "refusal", "refusal": "no"}
RESULT = {"role": "tool", "content": "x", "tool_call_id": "c", "name": "f"}


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize(
    ("message", "changed"),
    [
        ({"role": "user", "content": "x", "name": "ann@x.com"}, {"role": "user", "content": "X", "name": "ANN@X.COM"}),
        ({"role": "user", "content": "x", "context": {"mail": ["a"]}}, {"role": "user", "content": "X", "context": {"mail": ["A"]}}),
        ({"role": "assistant", "content": None, "refusal": "no"}, {"role": "assistant", "content": None, "refusal": "NO"}),
        (RESULT, RESULT | {"content": "X"}),
        ({"role": "assistant", "content": [REFUSED]}, {"role": "assistant", "content": [REFUSED | {"refusal": "NO"}]}),
        ({"role": "user", "content": "", "tokens": [1]}, {"role": "user", "content": "", "tokens": [1]}),
    ],
)  # fmt: skip
def test_whatever_a_caller_may_write_into_a_message_is_changed_and_what_names_a_tool_or_a_call_is_not(
    message: dict[str, Any], changed: dict[str, Any]
) -> None:
    assert changed_messages([message], str.upper) == [changed]
