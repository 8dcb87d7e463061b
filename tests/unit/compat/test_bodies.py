"""What is refused in bodies of the compatible routes, and how it is named."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from burnish_gateway.compat.anthropic.body import CountTokensBody
from burnish_gateway.compat.anthropic.errors import anthropic_error
from burnish_gateway.compat.anthropic.messages_format import AnthropicFormat
from burnish_gateway.compat.chat import parse_chat
from burnish_gateway.compat.embeddings_body import parse_embeddings_body
from burnish_gateway.compat.format import Chat
from burnish_gateway.compat.responses.responses_format import ResponsesFormat
from burnish_gateway.execution.unsupported import Unsupported
from burnish_shared.errors import BadRequest, InvalidField

CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
RESPONSE: dict[str, Any] = {"model": "m", "input": "x"}
MESSAGE: dict[str, Any] = {**CHAT, "max_tokens": 5}
EMBED: dict[str, Any] = {"model": "m", "input": "x"}
TOOL = {"name": "f", "input_schema": {"type": "object"}}
FUNCTION = {"type": "function", "name": "f", "parameters": {"type": "object"}}


def refused(parse: Callable[[bytes], object], body: dict[str, Any]) -> tuple[str | None, str]:
    with pytest.raises(InvalidField) as caught:
        parse(json.dumps(body).encode())
    return caught.value.param, caught.value.message


def order(parse: Callable[[bytes], Chat], body: dict[str, Any]) -> dict[str, Any]:
    return dict(parse(json.dumps(body).encode()).order.overrides)


@pytest.mark.parametrize(
    ("parse", "body", "param", "message"),
    [
        (parse_chat, CHAT | {"messages": [*CHAT["messages"], 1]}, "messages[1]", "messages[1]: must be an object"),
        (parse_chat, CHAT | {"stop": ["a", 1]}, "stop[1]", "stop[1]: must be text"),
        (parse_chat, CHAT | {"tool_choice": 5}, "tool_choice", "tool_choice: must be text, or an object"),
        (parse_chat, CHAT | {"temperature": 3}, "temperature", "temperature: must be at most 2"),
        (ResponsesFormat().parse, RESPONSE | {"input": [{"role": "user"}, 1]}, "input[1]", "input[1]: must be an object"),
        (AnthropicFormat().parse, MESSAGE | {"stream": "yes"}, "stream", "stream: must be true or false"),
        (AnthropicFormat().parse, MESSAGE | {"messages": [1]}, "messages[0]", "messages[0]: must be an object"),
        (parse_embeddings_body, EMBED | {"input": 5}, "input", "input: must be text, or a list"),
    ],
)
@pytest.mark.promise("G-08")
def test_a_wrong_parameter_is_named_with_its_place_and_what_it_must_be(
    parse: Callable[[bytes], object], body: dict[str, Any], param: str, message: str
) -> None:
    assert refused(parse, body) == (param, message)


@pytest.mark.parametrize("wanted", [{"type": "json_shema"}, {}, "json_object", {"type": "json_schema", "json_schema": {"schema": {}}}])
def test_a_misspelt_text_format_of_a_response_is_refused_and_not_taken_for_text(wanted: object) -> None:
    param, _ = refused(ResponsesFormat().parse, RESPONSE | {"text": {"format": wanted}})
    assert param is not None and param.startswith("text.format.")


def test_text_as_the_text_format_of_a_response_asks_for_nothing() -> None:
    assert "response_format" not in order(ResponsesFormat().parse, RESPONSE | {"text": {"format": {"type": "text"}}})


@pytest.mark.parametrize(
    ("parse", "body"),
    [
        (ResponsesFormat().parse, RESPONSE | {"tools": [FUNCTION], "tool_choice": {"type": "file_search"}}),
        (ResponsesFormat().parse, RESPONSE | {"tools": [FUNCTION], "tool_choice": {"type": "function"}}),
        (AnthropicFormat().parse, MESSAGE | {"tools": [TOOL], "tool_choice": {"type": "some"}}),
        (AnthropicFormat().parse, MESSAGE | {"tools": [TOOL], "tool_choice": {"type": "tool"}}),
        (ResponsesFormat().parse, RESPONSE | {"tool_choice": "some"}),
        (AnthropicFormat().parse, MESSAGE | {"tool_choice": {"type": "some"}}),
    ],
)
def test_a_choice_of_tools_that_names_none_is_refused(parse: Callable[[bytes], object], body: dict[str, Any]) -> None:
    assert refused(parse, body)[0] == "tool_choice"


def test_a_call_that_is_counted_has_no_cap_of_one_token() -> None:
    """`auto` would choose by what so short an answer costs."""
    counted = AnthropicFormat(body=CountTokensBody).parse
    assert order(counted, CHAT) == {} and order(counted, MESSAGE) == {"max_tokens": 5}


def test_a_choice_among_the_tools_of_a_prompt_needs_none_beside_it() -> None:
    assert order(ResponsesFormat().parse, RESPONSE | {"tool_choice": "required", "parallel_tool_calls": False}) == {
        "tool_choice": "required", "parallel_tool_calls": False,
    }  # fmt: skip
    told = order(AnthropicFormat().parse, MESSAGE | {"tool_choice": {"type": "any", "disable_parallel_tool_use": True}})
    assert (told["tool_choice"], told["parallel_tool_calls"]) == ("required", False)


def test_the_tools_that_a_response_allows_are_nested_as_chat_completions_have_them() -> None:
    given = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]}
    told = order(ResponsesFormat().parse, RESPONSE | {"tools": [FUNCTION], "tool_choice": given})["tool_choice"]
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "f"}}]}
    assert told == {"type": "allowed_tools", "allowed_tools": allowed}


@pytest.mark.parametrize(("given", "ours"), [("low", "low"), ("max", "xhigh"), ("hgih", "hgih")])
def test_an_effort_that_nobody_knows_is_not_taken_for_the_dearest(given: str, ours: str) -> None:
    assert order(AnthropicFormat().parse, MESSAGE | {"output_config": {"effort": given}})["reasoning_effort"] == ours


@pytest.mark.parametrize(
    ("parse", "body", "param"),
    [
        (AnthropicFormat().parse, MESSAGE | {"output_config": {"effort": 5}}, "output_config.effort"),
        (ResponsesFormat().parse, RESPONSE | {"reasoning": {"effort": 5}}, "reasoning.effort"),
    ],
)
def test_an_effort_is_a_word(parse: Callable[[bytes], object], body: dict[str, Any], param: str) -> None:
    assert refused(parse, body)[0] == param


def test_what_an_embedding_is_asked_besides_is_the_providers() -> None:
    body = parse_embeddings_body(json.dumps(EMBED | {"input_type": "query", "truncate": None, "deadline_s": 5}).encode())
    assert body.deadline_s == 5 and {name: value for name, value in (body.model_extra or {}).items() if value} == {"input_type": "query"}


@pytest.mark.parametrize("name", ["variables", "prompt", "fallback_models", "client_request_id"])
def test_fields_of_ours_that_an_embedding_has_no_use_for_are_refused(name: str) -> None:
    with pytest.raises(Unsupported) as caught:
        parse_embeddings_body(json.dumps(EMBED | {name: ["x"]}).encode())
    assert caught.value.param == name


def test_what_a_caller_of_anthropics_format_can_mend_is_no_fault_of_the_server() -> None:
    class Missing(BadRequest):
        code, status = "missing_variables", 422

    told = json.loads(bytes(anthropic_error(Missing("x"), request_id="req_1").body))
    assert told["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("parse", "body"), [(parse_chat, CHAT), (AnthropicFormat().parse, MESSAGE), (ResponsesFormat().parse, RESPONSE)]
)  # fmt: skip
def test_who_it_is_for_is_never_left_out_without_a_word(parse: Callable[[bytes], Chat], body: dict[str, Any]) -> None:
    kept = parse(json.dumps(body | {"metadata": {"user_id": "u" * 200}}).encode())
    assert kept.order.user_id == "u" * 200
    assert refused(parse, body | {"metadata": {"user_id": "u" * 201}})[0] == "metadata.user_id"


@pytest.mark.parametrize(
    ("parse", "body", "tool"),
    [
        (parse_chat, CHAT, {"type": "function", "function": {"name": "f"}}),
        (AnthropicFormat().parse, MESSAGE, TOOL),
        (ResponsesFormat().parse, RESPONSE, FUNCTION),
    ],
)
def test_more_tools_than_openai_takes_are_its_own_to_refuse(parse: Callable[[bytes], Chat], body: dict[str, Any], tool: Any) -> None:
    assert len(order(parse, body | {"tools": [tool] * 200})["tools"]) == 200
    param, message = refused(parse, body | {"tools": [tool] * 1025})
    assert param == "tools" and "1025" in message
