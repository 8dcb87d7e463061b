"""Our requests in Anthropic's words, and Anthropic's answers in ours: the same facts, streamed or not."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_executor.core.answer import Answer, Piece
from burnish_executor.core.anthropic_request import body_of
from burnish_executor.core.anthropic_wire import AnthropicStream, AnthropicWire, read_body, usage_of
from burnish_executor.core.failure import Failure, FailureKind
from burnish_shared.contracts.executions import ExecutionRequest, Lane, Price, Route, Usage

NOW = datetime(2026, 11, 20, tzinfo=UTC)
PRICE = Price(version="t", input_nusd_per_million=1, cached_input_nusd_per_million=1, output_nusd_per_million=1)
USER = {"role": "user", "content": "Hello"}


def request(messages: list[dict[str, Any]], *, stream: bool = False, **settings: Any) -> ExecutionRequest:
    route = Route(model="m", provider="anthropic", upstream_model="claude-x", base_url="https://api.anthropic.com/v1", price=PRICE)
    return ExecutionRequest(
        execution_id=uuid4(), workspace_id=uuid4(), lane=Lane.INTERACTIVE, fence=1, deadline_at=NOW, hold_nusd=0, account_ids=[],
        route=route, messages=messages, settings=settings, stream=stream, sent_at=NOW,
    )  # fmt: skip


def stream_of(events: Iterable[dict[str, Any]]) -> tuple[AnthropicStream, list[Any]]:
    reader = AnthropicStream()
    said = [reader.read(json.dumps(event).encode()) for event in events]
    return reader, [one for one in said if one is not None]


def test_instructions_go_to_their_own_place_and_the_cap_is_always_named() -> None:
    body = body_of(
        request([{"role": "system", "content": "Be brief."}, USER, {"role": "developer", "content": "In English."}], max_tokens=9)
    )
    assert body == {"model": "claude-x", "max_tokens": 9, "messages": [USER], "system": "Be brief.\n\nIn English."}
    assert body_of(request([USER], max_completion_tokens=7))["max_tokens"] == 7


def test_instructions_in_the_midst_stay_there_where_the_caller_says_that_his_model_takes_them() -> None:
    result = {"role": "tool", "tool_call_id": "t", "content": "sunny"}
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "t", "function": {"name": "f", "arguments": "{}"}}]}
    asked = request(
        [{"role": "system", "content": "Be brief."}, USER, {"role": "system", "content": "One."}, {"role": "system", "content": "Two."},
         call, result, {"role": "system", "content": "Before the user's: not taken there."}, USER, {"role": "system", "content": "Last."}],
        max_tokens=9,
    )  # fmt: skip
    everywhere = {"system": "Be brief.\n\nOne.\n\nTwo.\n\nBefore the user's: not taken there.\n\nLast."}
    betas = "claude-code-20250219,mid-conversation-system-2026-04-07"
    for more in ({}, {"spoken": "anthropic"}, {"beta": betas}):
        assert body_of(asked.model_copy(update=more)).items() >= everywhere.items()
    body = body_of(asked.model_copy(update={"spoken": "anthropic", "beta": betas}))
    assert body["system"] == "Be brief.\n\nBefore the user's: not taken there."
    assert [one["role"] for one in body["messages"]] == ["user", "system", "assistant", "user", "user", "system"]
    assert body["messages"][1]["content"] == [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]


def test_what_the_format_has_no_word_for_is_not_sent() -> None:
    body = body_of(
        request([USER], max_tokens=5, seed=1, frequency_penalty=0.5, logit_bias={"1": 2.0}, response_format={"type": "json_object"})
    )
    assert body.keys() == {"model", "max_tokens", "messages"}


@pytest.mark.parametrize(("asked", "sent"), [(0, 0), (0.5, 0.5), (1.7, 1)])
def test_a_temperature_of_openais_range_ends_where_this_format_ends_it(asked: float, sent: float) -> None:
    assert body_of(request([USER], max_tokens=5, temperature=asked))["temperature"] == sent


@pytest.mark.capability("E4")
def test_settings_tools_and_schema_are_translated() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    function = {"name": "look", "description": "Looks.", "parameters": schema}
    body = body_of(
        request(
            [USER],
            stream=True,
            max_tokens=5,
            stop="END",
            temperature=0.5,
            parallel_tool_calls=False,
            tools=[{"type": "function", "function": function}],
            tool_choice="required",
            response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}},
        )
    )
    assert body["stop_sequences"] == ["END"] and body["temperature"] == 0.5 and body["stream"] is True
    assert body["tools"] == [{"name": "look", "description": "Looks.", "input_schema": schema}]
    assert body["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
    assert body["output_config"] == {"format": {"type": "json_schema", "schema": schema | {"additionalProperties": False}}}


TOOLS = [{"type": "function", "function": {"name": "look"}}]
NAMED = {"type": "function", "function": {"name": "look"}}


@pytest.mark.capability("E4")
def test_what_is_refused_beside_thinking_yields_to_it() -> None:
    """Its documentation says so: https://docs.claude.com/en/docs/build-with-claude/extended-thinking."""
    more: dict[str, Any] = {"max_tokens": 5, "temperature": 0.5, "tools": TOOLS, "tool_choice": "auto"}
    body = body_of(request([USER], reasoning_effort="minimal", top_p=0.5, **more))
    assert body["thinking"] == {"type": "adaptive"} and body["output_config"] == {"effort": "low"}
    assert "temperature" not in body and body["top_p"] == 0.95 and body["tool_choice"] == {"type": "auto"}
    assert body_of(request([USER], reasoning_effort="high", top_p=0.97, **more))["top_p"] == 0.97
    own = request([USER], top_p=0.5, **more).model_copy(
        update={"extra": {"thinking": {"type": "enabled", "budget_tokens": 1024}, "top_k": 3}}
    )
    assert body_of(own).keys() & {"temperature", "top_p", "top_k", "thinking"} == {"top_p", "thinking"}
    off = own.model_copy(update={"extra": {"thinking": {"type": "disabled"}, "top_k": 3}})
    assert (body_of(off)["temperature"], body_of(off)["top_p"], body_of(off)["top_k"]) == (0.5, 0.5, 3)
    assert body_of(request([USER], **more))["temperature"] == 0.5


@pytest.mark.capability("E4")
@pytest.mark.parametrize(("choice", "sent"), [("required", {"type": "any"}), (NAMED, {"type": "tool", "name": "look"})])
def test_thinking_yields_to_a_call_that_must_be_made(choice: Any, sent: dict[str, Any]) -> None:
    body = body_of(request([USER], max_tokens=5, reasoning_effort="high", temperature=0.5, tools=TOOLS, tool_choice=choice))
    assert (body["tool_choice"], body["temperature"], body["output_config"]) == (sent, 0.5, {"effort": "high"}) and "thinking" not in body


def test_who_speaks_this_format_is_sent_on_as_he_came() -> None:
    more: dict[str, Any] = {"max_tokens": 5, "temperature": 0.5, "tools": TOOLS, "tool_choice": "required", "reasoning_effort": "low"}
    own = {"spoken": "anthropic", "extra": {"thinking": {"type": "enabled", "budget_tokens": 1024}, "top_k": 3}}
    body = body_of(request([USER], **more).model_copy(update=own))
    assert (body["temperature"], body["top_k"], body["tool_choice"]) == (0.5, 3, {"type": "any"})
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 1024}


def test_where_the_version_says_that_it_is_thought_what_its_caller_says_beside_yields() -> None:
    """Thinking is the prompt's then, or a fallback's whose caller's own words did not come along."""
    for extra in ({}, {"metadata": {"user_id": "u"}}):
        own = {"spoken": "anthropic", "extra": extra}
        body = body_of(request([USER], max_tokens=5, temperature=0.2, reasoning_effort="high").model_copy(update=own))
        assert body["thinking"] == {"type": "adaptive"} and "temperature" not in body


@pytest.mark.parametrize(
    ("names", "sent", "choice"),
    [(["look"], ["look"], {"type": "any"}), (["look", "go"], ["look", "go"], {"type": "any"}), ([], None, None)],
)
def test_of_tools_some_of_which_are_allowed_only_those_are_sent(
    names: list[str], sent: list[str] | None, choice: dict[str, Any] | None
) -> None:
    """The format has no word for it, and a tool that is not told of is not called."""
    tools = [{"type": "function", "function": {"name": name}} for name in ("look", "go")]
    allowed = [{"type": "function", "function": {"name": name}} for name in names]
    wanted = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": allowed}}
    body = body_of(request([USER], max_tokens=5, tools=tools, tool_choice=wanted))
    assert [tool["name"] for tool in body["tools"]] == sent if sent else "tools" not in body
    assert body.get("tool_choice") == choice


def test_a_conversation_with_tools_and_images_keeps_its_order() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}}
    other = {"id": "c2", "type": "function", "function": {"name": "look", "arguments": "not json"}}
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    far = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    body = body_of(
        request(
            [
                {"role": "user", "content": [{"type": "text", "text": "What is it?"}, image, far]},
                {"role": "assistant", "content": None, "tool_calls": [call, other]},
                {"role": "tool", "tool_call_id": "c1", "content": "one"},
                {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "two"}]},
            ],
            max_tokens=5,
        )
    )
    asked, called, answered = body["messages"]
    assert [block["type"] for block in asked["content"]] == ["text", "image", "image"]
    assert asked["content"][1]["source"] == {"type": "base64", "media_type": "image/png", "data": "AAAA"}
    assert asked["content"][2]["source"] == {"type": "url", "url": "https://example.com/a.png"}
    assert [block["input"] for block in called["content"]] == [{"a": 1}, {}]
    assert answered["role"] == "user" and [block["tool_use_id"] for block in answered["content"]] == ["c1", "c2"]


@pytest.mark.capability("E4")
def test_what_this_format_refuses_and_others_take_is_left_out_of_a_conversation() -> None:
    """Empty texts beside others, turns of a model that said nothing, and ids of calls as other providers draw them."""
    nothing = {"type": "text", "text": ""}
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    call = {"id": "functions.look:0", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    body = body_of(
        request(
            [
                {"role": "user", "content": [nothing, image, {**nothing, "cache_control": {"type": "ephemeral"}}]},
                {"role": "assistant", "content": ""},
                {"role": "assistant", "content": [nothing]},
                {"role": "user", "content": "Well?"},
                {"role": "assistant", "content": [nothing], "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "functions.look:0", "content": [nothing]},
            ],
            max_tokens=5,
        )
    )
    asked, again, called, answered = body["messages"]
    assert [block["type"] for block in asked["content"]] == ["image"] and again["content"] == "Well?"
    assert [block["type"] for block in called["content"]] == ["tool_use"]
    [use], [result] = called["content"], answered["content"]
    assert use["id"] == result["tool_use_id"] == "functions_look_0" and result["content"] == ""


def test_arguments_are_sent_as_an_input_that_can_be_sent() -> None:
    texts = ('{"a": "\\ud800"}', '{"a": 1e999}', '{"a": NaN}')
    calls = [{"id": f"c{at}", "type": "function", "function": {"name": "look", "arguments": text}} for at, text in enumerate(texts)]
    body = body_of(
        request([{"role": "user", "content": "Look."}, {"role": "assistant", "content": None, "tool_calls": calls}], max_tokens=5)
    )
    assert [block["input"] for block in body["messages"][1]["content"]] == [{"a": "\ufffd"}, {}, {}]


def test_headers_show_the_key_where_the_format_wants_it() -> None:
    assert AnthropicWire().headers("k") == {"anthropic-version": "2023-06-01", "x-api-key": "k"}
    assert AnthropicWire().headers(None) == {"anthropic-version": "2023-06-01"}


BODY: dict[str, Any] = {
    "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "It is "}, {"type": "text", "text": "four."}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 10, "cache_read_input_tokens": 90, "cache_creation_input_tokens": 5, "output_tokens": 7},
}
EVENTS = [
    {"type": "message_start", "message": {"usage": {**BODY["usage"], "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "x"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "ping"},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": "It "}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "is four."}},
    {"type": "something_new"},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}},
    {"type": "message_stop"},
]  # fmt: skip


@pytest.mark.promise("E-06")
def test_streamed_and_buffered_answers_hold_the_same_facts() -> None:
    buffered = read_body(json.dumps(BODY).encode())
    reader, said = stream_of(EVENTS)
    assert isinstance(buffered, Answer) and reader.ended and reader.is_whole
    assert (buffered.output, buffered.finish_reason, buffered.usage) == (
        reader.answer.output,
        reader.answer.finish_reason,
        reader.answer.usage,
    )
    assert buffered.usage == Usage(input_tokens=105, output_tokens=7, cached_input_tokens=90, cache_write_input_tokens=5, source="provider")
    assert "".join(piece.text for piece in said) == "It is four."


def test_a_tool_call_comes_together_from_its_parts() -> None:
    reader, said = stream_of(
        [
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "t1", "name": "look", "input": {}}},
            {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"a"'}},
            {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": ": 1}"}},
            {"type": "content_block_delta", "index": 7, "delta": {"type": "input_json_delta", "partial_json": "stray"}},
            {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"input_tokens": 3, "output_tokens": 4}},
        ]
    )
    assert reader.answer.tool_calls == [{"id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}}]
    assert reader.answer.finish_reason == "tool_calls" and len(said) == 3


@pytest.mark.parametrize(("given", "arguments"), [({}, "{}"), ({"city": "Oslo"}, '{"city": "Oslo"}'), (None, "{}")])
def test_a_tool_call_whose_input_came_in_no_parts_has_arguments_that_are_json(given: Any, arguments: str) -> None:
    """Anthropic streams no part of an input that is empty, or one empty part."""
    block = {"type": "tool_use", "id": "t1", "name": "look", "input": given}
    reader, said = stream_of(
        [
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": ""}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"input_tokens": 3, "output_tokens": 4}},
        ]
    )
    buffered = read_body(json.dumps({"content": [block], "stop_reason": "tool_use", "usage": {}}).encode())
    assert reader.answer.tool_calls == [{"id": "t1", "type": "function", "function": {"name": "look", "arguments": arguments}}]
    assert isinstance(said[-1], Piece) and said[-1].delta == {"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]}
    if given is not None:
        assert isinstance(buffered, Answer) and buffered.tool_calls == reader.answer.tool_calls


@pytest.mark.parametrize(
    ("reason", "ours"), [("max_tokens", "length"), ("refusal", "content_filter"), ("stop_sequence", "stop"), ("compaction", "compaction")]
)
def test_reasons_for_the_end_are_told_in_our_words(reason: str, ours: str) -> None:
    answer = read_body(json.dumps({"content": [], "stop_reason": reason, "usage": {"input_tokens": 1, "output_tokens": 0}}).encode())
    assert isinstance(answer, Answer) and answer.finish_reason == ours


def test_errors_in_a_stream_end_it() -> None:
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    _, said = stream_of([EVENTS[0], overloaded])
    assert isinstance(said[0], Failure) and said[0].kind is FailureKind.PROVIDER and "Overloaded" in said[0].message
    _, said = stream_of([{"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down"}}])
    assert isinstance(said[0], Failure) and said[0].kind is FailureKind.RATE_LIMITED


@pytest.mark.promise("E-07")
@pytest.mark.parametrize(
    "bad", [None, {}, {"input_tokens": -1, "output_tokens": 1}, {"input_tokens": True, "output_tokens": 1}, {"input_tokens": 1}]
)
def test_absurd_usage_is_none(bad: Any) -> None:
    assert usage_of(bad) is None


@pytest.mark.promise("E-07")
@pytest.mark.parametrize("kind", [[], {}, [{}], 1, None])
def test_a_block_of_an_absurd_kind_is_passed_over(kind: Any) -> None:
    _, said = stream_of([{"type": "content_block_start", "index": 0, "content_block": {"type": kind}}])
    answer = read_body(json.dumps({"content": [{"type": kind}], "usage": {"input_tokens": 1, "output_tokens": 0}}).encode())
    assert said == [] and isinstance(answer, Answer) and answer.output == ""


NAMES = st.sampled_from(["type", "delta", "index", "content_block", "message", "usage", "text", "error", "content"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)


@pytest.mark.promise("E-07")
@given(st.lists(json_values, max_size=4))
def test_nonsense_never_raises(events: list[Any]) -> None:
    reader = AnthropicStream()
    for event in events:
        reader.read(json.dumps(event).encode())
        read_body(json.dumps(event).encode())
    read_body(b"\xff{")
