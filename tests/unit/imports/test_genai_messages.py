"""Conversations in spans become messages of our own form, whichever convention wrote them (E13)."""

import json
from typing import Any

import pytest

from burnish_gateway.execution.group_key import instructions_of
from burnish_gateway.imports.genai_spans import reported_of
from burnish_gateway.imports.reported import Reported
from tests.unit.imports.test_genai_spans import span

pytestmark = pytest.mark.capability("E13")

TEXT: dict[str, Any] = {"type": "text", "content": "Weather in Paris?"}
CALL: dict[str, Any] = {"type": "tool_call", "id": "call_1", "name": "weather", "arguments": {"city": "Paris"}}
OUR_CALL: dict[str, Any] = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}


def read(**attributes: Any) -> Reported:
    found = reported_of(span(gen_ai__request__model="m", **attributes))
    assert found is not None
    return found


def test_parts_become_content_tool_calls_and_results() -> None:
    given = [
        {"role": "user", "parts": [TEXT]},
        {"role": "assistant", "parts": [{"type": "reasoning", "content": "Look it up."}, CALL]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "call_1", "response": {"sky": "rainy"}}]},
    ]
    system = json.dumps([{"type": "text", "content": "You are brief."}])
    found = read(gen_ai__system_instructions=system, gen_ai__input__messages=json.dumps(given))
    assert found.messages == [
        {"role": "system", "content": "You are brief."},
        {"role": "user", "content": "Weather in Paris?"},
        {"role": "assistant", "content": None, "tool_calls": [OUR_CALL], "reasoning_content": "Look it up."},
        {"role": "tool", "tool_call_id": "call_1", "content": '{"sky": "rainy"}'},
    ]
    assert instructions_of(found.messages) == "You are brief."


def test_several_parts_stay_several_and_images_are_shown() -> None:
    uri = {"type": "uri", "modality": "image", "uri": "https://example.com/a.png"}
    blob = {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"}
    other = {"type": "file", "modality": "video", "file_id": "f"}
    found = read(gen_ai__input__messages=json.dumps([{"role": "user", "name": "ann", "parts": [TEXT, uri, blob, other]}]))
    assert found.messages == [
        {
            "role": "user",
            "name": "ann",
            "content": [
                {"type": "text", "text": "Weather in Paris?"},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                other,
            ],
        }
    ]


def test_an_answer_is_its_text_and_its_calls_without_what_was_thought() -> None:
    said = [{"role": "assistant", "parts": [{"type": "reasoning", "content": "hm"}, TEXT, CALL], "finish_reason": "tool_call"}]
    found = read(gen_ai__output__messages=json.dumps(said))
    assert (found.output, found.tool_calls, found.finish_reason) == ("Weather in Paris?", [OUR_CALL], "tool_call")
    alone = read(gen_ai__output__messages=json.dumps([{"role": "assistant", "parts": [CALL]}]))
    assert (alone.output, alone.tool_calls) == (None, [OUR_CALL])
    two = read(gen_ai__output__messages=json.dumps([{"role": "assistant", "parts": [TEXT, TEXT]}]))
    assert two.output == "Weather in Paris?Weather in Paris?"


def test_what_is_no_part_and_no_call_of_ours_comes_whole_and_costs_no_other_span_its_place() -> None:
    """An exporter sends a whole batch again and again until it is taken."""
    odd = [{"role": "assistant", "parts": [{"type": "text", "content": None}]}]
    found = read(
        gen_ai__input__messages=json.dumps(odd), gen_ai__output__messages=json.dumps(odd), gen_ai__system_instructions=[{"type": "text"}]
    )
    assert found.messages == [
        {"role": "system", "content": [{"type": "text"}]},
        {"role": "assistant", "content": [{"type": "text", "content": None}]},
    ]
    assert found.output is not None and json.loads(found.output) == odd
    bare = read(gen_ai__input__messages=json.dumps(["hi", None]))
    assert bare.messages == [{"role": "user", "content": "hi"}, {"role": "user", "content": "null"}]
    for calls, output in (([1], None), (["weather"], "hi")):
        given = [{"role": "assistant", "content": output, "tool_calls": calls}]
        told = read(gen_ai__output__messages=json.dumps(given))
        assert told.tool_calls is None and told.output == (output or json.dumps(given))


def test_flat_attributes_of_openllmetry_are_read_in_order() -> None:
    flat = {
        "gen_ai__prompt__1__role": "user", "gen_ai__prompt__1__content": "where?", "gen_ai__prompt__0__role": "system",
        "gen_ai__prompt__0__content": "be short", "gen_ai__completion__0__content": "there", "gen_ai__completion__0__role": "assistant",
        "gen_ai__completion__0__finish_reason": "stop", "gen_ai__completion__0__tool_calls__0__name": "weather",
        "gen_ai__completion__0__tool_calls__0__id": "call_1", "gen_ai__completion__0__tool_calls__0__arguments": '{"city": "Paris"}',
    }  # fmt: skip
    found = read(**flat)
    assert found.messages == [{"role": "system", "content": "be short"}, {"role": "user", "content": "where?"}]
    assert (found.output, found.tool_calls, found.finish_reason) == ("there", [OUR_CALL], "stop")


def test_settings_of_the_request_are_kept_under_our_names() -> None:
    found = read(
        gen_ai__request__temperature=0.2, gen_ai__request__max_tokens=50, gen_ai__request__stop_sequences=["END"], gen_ai__request__seed="x"
    )
    assert found.settings == {"temperature": 0.2, "max_tokens": 50, "stop": ["END"]}
