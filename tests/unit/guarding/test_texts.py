"""Which texts of a message are looked into."""

import json
from typing import Any

import pytest

from burnish_shared.contracts.guardrails import PersonalData, Secrets
from burnish_shared.guarding.arguments import changed_arguments, texts_in_arguments
from burnish_shared.guarding.masks import blotted
from burnish_shared.guarding.rules import rule_of
from burnish_shared.guarding.spans import to_bytes, to_text
from burnish_shared.guarding.texts import changed_calls, changed_messages, texts_of_message

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


DRAWN = "EqQBCkYIARgCKkA4kZ0xQpW7vT+Jm3nFh5sLd2cRbY8uGaEw6iOoKyXjN1tDzVrIfPqSlMhBU/9ZeWgA0CnHxTk4EgwR7m=="
"""As long and as mixed as what Anthropic signs its thoughts with."""

FERNET = DRAWN.replace("+", "-").replace("/", "_")

FINDERS = (*rule_of("s", Secrets(kind="secrets")).finders, *rule_of("p", PersonalData(kind="personal_data")).finders)


def blot(text: str) -> str:
    return to_text(blotted(to_bytes(text), FINDERS))


def sealed(signature: str, data: str, encrypted: str) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": "Well.",
        "thinking_blocks": [
            {"type": "thinking", "thinking": "ann@example.com", "signature": signature},
            {"type": "redacted_thinking", "data": data},
        ],
        "reasoning_details": [
            {"type": "reasoning.encrypted", "data": data},
            {"type": "reasoning.text", "text": "x", "signature": signature},
            {"type": "reasoning", "encrypted_content": encrypted},
        ],
        "tool_calls": [
            {
                "id": "c",
                "type": "function",
                "function": {"name": "f", "arguments": "{}"},
                "extra_content": {"google": {"thought_signature": signature}},
                "provider_specific_fields": {"thought_signatures": [signature]},
            }
        ],
    }


@pytest.mark.capability("E13", "E18")
def test_seals_of_thoughts_stay_and_words_in_their_place_do_not() -> None:
    assert blot(DRAWN) == blot(FERNET) == "[SECRET]", "outside of a seal's place it is what it looks like"
    (kept,) = changed_messages([sealed(DRAWN, DRAWN, FERNET)], blot)
    assert kept["thinking_blocks"][0]["thinking"] == "[EMAIL]"
    kept["thinking_blocks"][0]["thinking"] = "ann@example.com"
    assert kept == sealed(DRAWN, DRAWN, FERNET)
    for said, masked in (
        ("ann@example.com", "[EMAIL]"),
        ("sk-proj-" + DRAWN[:64].replace("+", "x"), "[SECRET]"),
        (f"mine: {DRAWN}", "mine: [SECRET]"),
        ("4111 1111 1111 1111", "[CARD]"),
    ):
        (changed,) = changed_messages([sealed(said, said, said) | {"data": DRAWN}], blot)
        assert changed == sealed(masked, masked, masked) | {"thinking_blocks": changed["thinking_blocks"], "data": "[SECRET]"}
        assert [one.get("signature", one.get("data")) for one in changed["thinking_blocks"]] == [masked, masked]
    assert DRAWN not in "".join(texts_of_message(sealed(DRAWN, DRAWN, FERNET)))


@pytest.mark.capability("E18")
def test_everything_that_a_message_says_is_read() -> None:
    message = {
        "role": "assistant",
        "name": "who",
        "content": [
            {"type": "text", "text": "part"}, {"type": "refusal", "refusal": "refused"}, {"type": "image_url", "image_url": {"url": "u"}},
        ],
        "refusal": "no",
        "reasoning_content": "thought",
        "thinking_blocks": [{"type": "thinking", "thinking": "block", "signature": "words"}],
        "tool_calls": [
            {"id": "id", "function": {"name": "tool", "arguments": '{"\\u0066oo": ["a\\nbar"]}'}, "extra_content": {"a": "hung"}},
        ],
        "cache_control": {"type": "ephemeral"},
        "tool_call_id": "id",
    }  # fmt: skip
    read = list(texts_of_message(message))
    assert {"who", "part", "refused", "no", "thought", "block", "words", "tool", "foo", "a\nbar", "hung"} <= set(read)
    assert not {"u", "id", "ephemeral"} & set(read)


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize(
    ("written", "changed"),
    [
        ('{"to":"ann@example.com"}', '{"to":"[EMAIL]"}'),
        ('{"to":"ann\\u0040example.com"}', '{"to": "[EMAIL]"}'),
        ('{"text":"Hi\\nann@example.com"}', '{"text": "Hi\\n[EMAIL]"}'),
        ('{"a":"\\"","card":4111111111111111,"n":1.50}', '{"a": "\\"", "card": "[CARD]", "n": 1.5}'),
        ('{"a":"\\n","password":"hunter2-xyz9"}', '{"a": "\\n", "password": "[SECRET]"}'),
        ('{"a":"\\ud83d ann@example.com"}', '{"a": "\\ud83d [EMAIL]"}'),
        ('{"a" : "\\u0066oo"}', '{"a" : "\\u0066oo"}'),
        ('{"a":"\\n","b":1e999,"c":"ann@example.com"}', '{"a":"\\n","b":1e999,"c":"[EMAIL]"}'),
        ('no json \\ ann@example.com', "no json \\ [EMAIL]"),
        ('["\\n",' * 300 + '"ann@example.com"' + "]" * 300, '["\\n",' * 300 + '"[EMAIL]"' + "]" * 300),
    ],
)  # fmt: skip
def test_arguments_are_read_as_whoever_parses_them_reads_them(written: str, changed: str) -> None:
    assert changed_arguments(written, blot) == changed
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": written}}
    assert changed_calls([call], blot)[0]["function"] == {"name": "f", "arguments": changed}


@pytest.mark.capability("E18")
def test_arguments_are_also_looked_at_as_they_are_written() -> None:
    looked: list[str] = []
    written = json.dumps({"say": 'a "b"'})
    assert changed_arguments(written, str.lower, look=lambda one: looked.append(one) or "") == written and looked == [written]
    assert list(texts_in_arguments(written)) == [written, "say", 'a "b"'] and list(texts_in_arguments("{}")) == ["{}"]
