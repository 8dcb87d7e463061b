"""Which texts of a message are looked into."""

from typing import Any

import pytest

from burnish_shared.contracts.guardrails import PersonalData, Secrets
from burnish_shared.guarding.changes import Edit, Editor
from burnish_shared.guarding.kept import is_base64
from burnish_shared.guarding.masks import blotting
from burnish_shared.guarding.rules import rule_of
from burnish_shared.guarding.spans import to_text
from burnish_shared.guarding.texts import changed_messages, length_of, texts_of_calls, texts_of_message

REFUSED = {"type": "refusal", "refusal": "no"}
UPPER = Editor(lambda raw, parts: [Edit(0, len(raw), to_text(raw).upper())])
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
        ({"role": "user", "content": ["x", 1], "tool_calls": "y"}, {"role": "user", "content": ["X", 1], "tool_calls": "Y"}),
        ({"role": "user", "tool_calls": ["x", 1, {"function": "y"}]}, {"role": "user", "tool_calls": ["X", 1, {"function": "Y"}]}),
        (
            {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "b", "note": ["c"], "arguments": {"d": "e"}}}]},
            {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "b", "note": ["C"], "arguments": {"D": "E"}}}]},
        ),
        (
            {"role": "assistant", "content": None, "function_call": {"name": "b", "arguments": "c"}},
            {"role": "assistant", "content": None, "function_call": {"name": "b", "arguments": "C"}},
        ),
    ],
)  # fmt: skip
def test_whatever_a_caller_may_write_into_a_message_is_changed_and_what_names_a_tool_or_a_call_is_not(
    message: dict[str, Any], changed: dict[str, Any]
) -> None:
    assert changed_messages([message], UPPER) == [changed]


DRAWN = "EqQBCkYIARgCKkA4kZ0xQpW7vT+Jm3nFh5sLd2cRbY8uGaEw6iOoKyXjN1tDzVrIfPqSlMhBU/9ZeWgA0CnHxTk4EgwR7m=="
"""As long and as mixed as what Anthropic signs its thoughts with."""

FERNET = DRAWN.replace("+", "-").replace("/", "_")

FINDERS = (*rule_of("s", Secrets(kind="secrets")).finders, *rule_of("p", PersonalData(kind="personal_data")).finders)


blot = blotting(FINDERS)


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
            {"type": "text", "text": "part"}, {"type": "refusal", "refusal": "refused"}, {"type": "image_url", "image_url": {"url": "https://u.org/1"}},
        ],
        "refusal": "no",
        "reasoning_content": "thought",
        "thinking_blocks": [{"type": "thinking", "thinking": "block", "signature": "words"}],
        "tool_calls": [
            {
                "id": "id",
                "function": {"name": "tool", "arguments": '{"\\u0066oo": ["a\\nbar"]}', "note": ["noted"]},
                "extra_content": {"a": "hung"},
            },
        ],
        "cache_control": {"type": "ephemeral"},
        "tool_call_id": "id",
    }  # fmt: skip
    read = list(texts_of_message(message))
    assert {"who", "part", "refused", "no", "thought", "block", "words", "tool", '{"foo": ["a\nbar"]}', "noted", "hung"} <= set(read)
    assert not {"https://u.org/1", "image_url", "id", "ephemeral"} & set(read)


@pytest.mark.capability("E18")
@pytest.mark.parametrize(("calls", "read"), [(["x", 1], ["x"]), ("x", ["x"]), (None, []), ([{"function": ["x"]}], ["x"])])
def test_calls_that_are_none_are_read_all_the_same(calls: Any, read: list[str]) -> None:
    assert list(texts_of_calls(calls)) == read == list(texts_of_message({"role": "assistant", "tool_calls": calls}))


KEY = DRAWN

SIGNED = {"id": "c", "function": {"name": "f", "arguments": "{}"}, "extra_content": {"google": {"thought_signature": KEY}}}


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": "x", "signature": KEY},
        {"role": "user", "content": "x", "note": {"encrypted_content": KEY}},
        {"role": "user", "content": "x", "thinking_blocks": [{"type": "thinking", "thinking": "", "signature": KEY}]},
        {"role": "user", "content": "x", "tool_calls": [SIGNED]},
        {"role": "user", "content": [{"type": "thinking", "thinking": "", "signature": KEY}]},
        {"role": "assistant", "content": "x", "signature": KEY},
        {"role": "assistant", "content": "x", "note": {"type": "thinking", "signature": KEY}},
        {"role": "assistant", "content": "x", "thinking_blocks": [{"type": "text", "signature": KEY}]},
        {"role": "assistant", "content": "x", "tool_calls": [SIGNED | {"extra_content": {"signature": KEY}}]},
        {"role": "assistant", "content": "x", "tool_calls": [SIGNED | {"extra_content": {}, "note": {"thought_signature": KEY}}]},
    ],
)  # fmt: skip
def test_what_looks_like_a_seal_where_none_can_stand_is_masked(message: dict[str, Any]) -> None:
    assert blot(KEY) == "[SECRET]"
    assert KEY not in str(changed_messages([message], blot)) and KEY in texts_of_message(message)


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize(
    "said",
    [
        {"content": [{"type": "thinking", "thinking": "x", "signature": KEY}, {"type": "redacted_thinking", "data": KEY}]},
        {"content": [{"type": "reasoning", "summary": [], "encrypted_content": KEY}]},
        {"content": "x", "extra_content": {"google": {"thought_signature": KEY}}},
        {"content": None, "tool_calls": [{"function": {"name": "f", "provider_specific_fields": {"thought_signature": KEY}}}]},
    ],
)  # fmt: skip
def test_seals_stay_wherever_a_provider_sets_them(said: dict[str, Any]) -> None:
    message = {"role": "assistant", **said}
    assert changed_messages([message], blot) == [message] and KEY not in texts_of_message(message)


@pytest.mark.capability("E13", "E18")
def test_a_thought_among_the_parts_of_a_turn_is_masked_under_its_seal() -> None:
    part = {"type": "thinking", "thinking": "ann@example.com", "signature": KEY}
    message = {"role": "assistant", "content": [part]}
    assert changed_messages([message], blot)[0]["content"] == [part | {"thinking": "[EMAIL]"}]
    assert list(texts_of_message(message)) == ["thinking", "ann@example.com"]


@pytest.mark.capability("E13", "E18")
def test_lengths_are_told_without_reading() -> None:
    assert 10_000 < length_of({"a": ["x" * 5_000, {"b": "\\n" * 2_500}]}, None) < 10_010
    assert length_of([[]] * 100_000) > 100_000, "many that are short take time too"


RESULTS = [
    ('{"text": "Contact:\\nann@example.com"}', '{"text": "Contact:\\n[EMAIL]"}'),
    (' [{"to":"ann\\u0040example.com"}]', ' [{"to":"[EMAIL]"}]'),
    ('{"card": 4111111111111111}', '{"card": "[CARD]"}'),
    ("[INFO] C:\\new card: 4111111111111111", "[INFO] C:\\new card: [CARD]"),
]


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize(("said", "changed"), RESULTS)
def test_results_of_tools_are_read_as_arguments_are(said: str, changed: str) -> None:
    for role in ("tool", "function"):
        (made,) = changed_messages([{"role": role, "content": said}], blot)
        (parted,) = changed_messages([{"role": role, "content": [{"type": "text", "text": said}]}], blot)
        assert (made["content"], parted["content"][0]["text"]) == (changed, changed)
    told = '{"name": "M\\u00fcller"}'
    assert '{"name": "Müller"}' in texts_of_message({"role": "tool", "content": told})
    assert list(texts_of_message({"role": "user", "content": told})) == [told]


@pytest.mark.capability("E13", "E18")
def test_names_of_fields_in_arguments_that_are_an_object_are_read_and_changed_too() -> None:
    arguments = {"ann@example.com": [{"bob@example.com": 1, "eve@example.com": "x", "n": 2}]}
    message = {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": arguments}}]}
    (changed,) = changed_messages([message], blot)
    assert changed["tool_calls"][0]["function"]["arguments"] == {"[EMAIL]": [{"[EMAIL]": 1, "[EMAIL] 2": "x", "n": 2}]}
    assert {"ann@example.com", "bob@example.com", "x"} <= set(texts_of_message(message))


MAIL = "ann@example.com"
CALL = "toolu_01A09q90qw90lq917835lq9"
SOUND = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="
PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="

PARTS = [
    ({"type": "text", "text": "x", "note": MAIL}, {"note": "[EMAIL]"}),
    ({"type": "text", "text": "x", "citations": [{"cited_text": f"by {MAIL}", "url": "https://e.org"}]},
     {"citations": [{"cited_text": "by [EMAIL]", "url": "https://e.org"}]}),
    ({"type": "file", "file": {"filename": f"{MAIL}.pdf", "file_data": PIXEL, "file_id": CALL}},
     {"file": {"filename": "[EMAIL]", "file_data": PIXEL, "file_id": CALL}}),
    ({"type": "document", "title": MAIL, "source": {"type": "text", "media_type": "text/plain", "data": f"From {MAIL}"}},
     {"title": "[EMAIL]", "source": {"type": "text", "media_type": "text/plain", "data": "From [EMAIL]"}}),
    ({"type": "tool_use", "id": CALL, "name": "get_weather", "input": {"id": MAIL, "url": MAIL}},
     {"input": {"id": "[EMAIL]", "url": "[EMAIL]"}}),
    ({"type": "image_url", "image_url": {"url": PIXEL, "detail": "low", "alt": MAIL}},
     {"image_url": {"url": PIXEL, "detail": "low", "alt": "[EMAIL]"}}),
    ({"type": "input_audio", "input_audio": {"data": SOUND, "format": "wav"}, "transcript": MAIL}, {"transcript": "[EMAIL]"}),
    ({"type": "tool_result", "tool_use_id": CALL, "content": [{"type": "text", "text": MAIL}]},
     {"content": [{"type": "text", "text": "[EMAIL]"}]}),
    ({"type": "x", "signature": MAIL, "deep": [[MAIL]]}, {"signature": "[EMAIL]", "deep": [["[EMAIL]"]]}),
]  # fmt: skip


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize(("part", "changes"), PARTS)
def test_all_that_a_part_says_is_masked_and_read_by_rules_and_the_rest_stays(part: dict[str, Any], changes: dict[str, Any]) -> None:
    """Fields of parts that were none of ours went out, and into the record, as they were."""
    message = {"role": "user", "content": [part]}
    assert changed_messages([message], blot) == [{"role": "user", "content": [part | changes]}]
    assert any(MAIL in text for text in texts_of_message(message))


CARD = "4111 1111 1111 1111"
TEL = "0151 12345678"
PDF = "JVBERi0xLjQKJcOkw7zDtsOfCjIgMCBvYmoKPDwvTGVuZ3RoIDMgMCBSL0ZpbHRlci9GbGF0ZURlY29kZT4+"
"""The beginning of a file, in base64: as long and as mixed as what is taken for a secret elsewhere."""


def of_source(**fields: str) -> dict[str, Any]:
    return {"type": "document", "source": fields}


UNKEPT: list[tuple[dict[str, Any], str]] = [
    (of_source(type="text", media_type="text/plain", data=f"My card is {CARD}"), CARD),
    (of_source(type="text", media_type="text/plain", data="4111111111111111"), "4111111111111111"),
    (of_source(type="text", media_type="application/pdf", data=PDF), PDF),
    (of_source(type="base64", media_type="application/pdf", data=f"call me {TEL}"), TEL),
    (of_source(type="base64", media_type="application/pdf", data="4111111111111111"), "4111111111111111"),
    (of_source(type="x", media_type="text/csv", data=PDF), PDF),
    (of_source(type="x", data=PDF), PDF),
    ({"type": "file", "file": {"file_data": f"call me {TEL}"}}, TEL),
    ({"type": "file", "file": {"file_data": f"data:;base64,call {TEL}"}}, TEL),
    ({"type": "file", "file": {"file_data": f"data:application/pdf;name={MAIL};base64,{PDF}"}}, MAIL),
    ({"type": "text", "text": f"data:;base64,call {TEL}"}, TEL),
    ({"type": "text", "text": f"data:text/plain;base64,{PDF}"}, PDF),
    ({"type": "image_url", "image_url": {"url": f"call {TEL}", "detail": f"call {TEL}"}}, TEL),
    ({"type": "text", "text": "x", "note": {"url": f"https://e.org/?to={MAIL}"}}, MAIL),
    ({"type": "text", "text": "x", "detail": f"call {TEL}", "format": TEL, "ttl": TEL}, TEL),
    ({"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": f"call {TEL}"}}, TEL),
    ({"type": "text", "text": "x", "id": TEL, "customer": {"id": TEL, "type": TEL}}, TEL),
    ({"type": "text", "text": "x", "id": "DE89370400440532013000"}, "DE89370400440532013000"),
    ({"type": "text", "text": "x", "name": MAIL}, MAIL),
    ({"type": "tool_use", "id": MAIL, "name": MAIL, "input": {}}, MAIL),
    ({"type": "tool_result", "tool_use_id": f"call {TEL}", "content": "x"}, TEL),
    ({"type": ["list"], "id": TEL, "media_type": TEL}, TEL),
    ({"type": "text", "text": "x", "signature": f"call {TEL}"}, TEL),
    ({"type": "text", "text": "x", "signature": KEY}, KEY),
    ({"type": None, "encrypted_content": KEY}, KEY),
    ({"type": "web_search_result", "encrypted_content": f"call {TEL}"}, TEL),
]  # fmt: skip


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize("role", ["user", "assistant"])
@pytest.mark.parametrize(("part", "said"), UNKEPT)
def test_words_in_the_place_of_bytes_ids_and_seals_are_masked_and_read_by_rules(part: dict[str, Any], said: str, role: str) -> None:
    """Judged by letters and by the name of a field alone, they went out and into the record."""
    message = {"role": role, "content": [part]}
    assert said not in str(changed_messages([message], blot)), part
    assert any(said in text for text in texts_of_message(message))


KEPT: list[dict[str, Any]] = [
    of_source(type="base64", media_type="application/pdf", data=PDF),
    of_source(type="base64", media_type="application/pdf", data=PDF + "\n"),
    of_source(type="x", mime_type="image/x-icon", data=PDF),
    of_source(type="url", url="https://e.org/a.png?id=0612345678"),
    {"type": "file", "file": {"file_data": PDF}},
    {"type": "input_file", "file_data": f"data:application/vnd.ms-excel;base64,{PDF}"},
    {"type": "input_image", "image_url": f"data:image/png;base64,{PDF}", "detail": "high"},
    {"type": "image_url", "image_url": {"url": f"data:;base64,{PDF.replace('+', '-').replace('/', '_')}"}},
    {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_01WYG3ziw53XMcoyKL4XcZmE",
     "cache_control": {"type": "ephemeral", "ttl": "5m"}},
    {"type": "web_search_20250305", "id": "f81d4fae-0612-4345-8678-00a0c91e6bf6"},
]  # fmt: skip


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize("part", KEPT)
def test_bytes_addresses_and_ids_stay_where_they_belong_and_are_not_read(part: dict[str, Any]) -> None:
    assert changed_messages([{"role": "user", "content": [part]}], UPPER) == [{"role": "user", "content": [part]}]
    assert list(texts_of_message({"role": "user", "content": [part]})) == []


@pytest.mark.capability("E13", "E18")
def test_seals_of_what_a_search_found_stay_in_the_turns_of_a_model_alone() -> None:
    found = {"type": "web_search_result", "title": MAIL, "url": "https://e.org", "encrypted_content": KEY}
    cited = {"type": "web_search_result_location", "encrypted_index": KEY, "cited_text": "x"}
    parts = [{"type": "web_search_tool_result", "content": [found]}, {"type": "text", "text": "x", "citations": [cited]}]
    (kept,) = changed_messages([{"role": "assistant", "content": parts}], blot)
    assert kept["content"] == [{"type": "web_search_tool_result", "content": [found | {"title": "[EMAIL]"}]}, parts[1]]
    assert KEY not in str(changed_messages([{"role": "user", "content": parts}], blot))


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize("end", ["!", "=!", "===", " ="])
def test_blanks_without_end_are_told_from_bytes_in_one_go(end: str) -> None:
    """Two runs of blanks beside one another in one pattern took the square of their length: for 1 MB longer than any test may."""
    body = "aGk" + " " * 1_000_000 + end
    for data in (body, f"data:image/png;base64,{body}"):
        part = {"type": "file", "file": {"file_data": data}}
        assert data in texts_of_message({"role": "user", "content": [part]})


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize(
    ("value", "is_bytes"),
    [("aGk=", True), ("aGk", True), ("aGk= \n", True), ("a-_b", True), ("aGk==", False), ("aG=k", False), ("aG k", False), ("a", False),
     ("=", False), ("", False), ("AAAA", False), ("é", False), ("aGk!", False), ("aGkb====", False)],
)  # fmt: skip
def test_base64_decodes_and_has_no_blanks(value: str, is_bytes: bool) -> None:
    assert is_base64(value) is is_bytes
