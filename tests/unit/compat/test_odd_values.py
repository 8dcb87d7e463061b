"""Whatever stands at any place of a body: a request, or a refusal that names the place; never an error of ours."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from burnish_gateway.compat.anthropic.messages_format import AnthropicFormat
from burnish_gateway.compat.responses.responses_format import ResponsesFormat
from burnish_gateway.models.provider_extra import checked_extra
from burnish_shared.contracts.executions import Price, Route
from burnish_shared.errors import BurnishError, InvalidField

pytestmark = [pytest.mark.capability("E2"), pytest.mark.promise("G-19")]

Path = tuple[str | int, ...]

BLOCKS = json.dumps([{"type": "thinking", "thinking": "t", "signature": "s"}])

RESPONSES: dict[str, Any] = {
    "model": "m/x", "instructions": "i", "max_output_tokens": 5, "temperature": 0.5, "top_p": 0.5, "parallel_tool_calls": True,
    "input": [
        {
            "role": "user",
            "content": [{"type": "input_text", "text": "a"}, {"type": "input_image", "image_url": "https://a", "detail": "low"}],
        },
        {"type": "reasoning", "id": "r", "content": [{"type": "reasoning_text", "text": "t"}], "encrypted_content": BLOCKS},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "b"}, {"type": "refusal", "refusal": "no"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "x"}]},
    ],
    "tools": [{"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True}],
    "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}, "verbosity": "low"},
    "reasoning": {"effort": "low"}, "service_tier": "auto", "metadata": {"user_id": "u"}, "variables": {"a": 1}, "store": False,
    "prompt": {"id": "p", "version": "1", "variables": {"a": {"type": "input_text", "text": "x"}}},
}  # fmt: skip

MARK = {"type": "ephemeral"}

MESSAGES: dict[str, Any] = {
    "model": "m/x", "max_tokens": 5, "system": [{"type": "text", "text": "s", "cache_control": MARK}], "temperature": 0.5, "top_p": 0.5,
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "a", "cache_control": MARK}, {"type": "image", "source": {"type": "url", "url": "https://a"}},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "t", "signature": "s"}, {"type": "redacted_thinking", "data": "d"},
                {"type": "text", "text": "b"}, {"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}, "cache_control": MARK},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "c", "is_error": True, "content": [{"type": "text", "text": "x"}]},
                {"type": "tool_result", "tool_use_id": "d", "content": "x"},
            ],
        },
    ],
    "top_k": 3, "stop_sequences": ["x"], "service_tier": "auto", "metadata": {"user_id": "u"},
    "tools": [{"type": "custom", "name": "f", "description": "d", "input_schema": {"type": "object"}, "cache_control": MARK}],
    "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True}, "thinking": {"type": "enabled", "budget_tokens": 1024},
    "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}},
}  # fmt: skip

ODD: list[Any] = [
    None, True, 0, -1.5, "", "x", [], {}, [None], [1], [[]], {"a": None}, {"type": []}, {"type": {}}, [{"type": []}], [{}],
    {"type": "function"}, {"type": "text", "text": None}, [{"type": "text", "text": []}], {"type": "json_schema"},
]  # fmt: skip

FORMATS: list[tuple[Any, dict[str, Any]]] = [(ResponsesFormat(), RESPONSES), (AnthropicFormat(), MESSAGES)]

PRICE = Price(version="t", input_nusd_per_million=1, cached_input_nusd_per_million=1, output_nusd_per_million=1)


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    for name, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, name)
        yield from places(one, (*path, name))


def with_odd(body: dict[str, Any], path: Path, odd: Any) -> bytes:
    made = copy.deepcopy(body)
    at: Any = made
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = odd
    return json.dumps(made).encode()


def parsed(format: Any, raw: bytes) -> Any:
    """As far as a call goes before a provider is asked."""
    order = format.parse(raw).order
    for provider in ("openai", "anthropic"):
        route = Route(model="m", provider=provider, upstream_model="m", base_url="https://x/v1", price=PRICE)
        checked_extra(order.overrides.get("extra") or {}, route=route, spoken=order.spoken)
    return order


@pytest.mark.parametrize(("format", "body"), FORMATS, ids=lambda one: getattr(one, "route", ""))
def test_an_odd_value_at_any_place_is_taken_or_refused_by_name(format: Any, body: dict[str, Any]) -> None:
    for path in places(body):
        for odd in ODD:
            try:
                parsed(format, with_odd(body, path, odd))
            except BurnishError as error:
                assert 400 <= error.status < 500 and (error.param or path == ("prompt",)), (path, odd, error.message)


@pytest.mark.parametrize(
    ("format", "path", "odd", "param"),
    [
        (ResponsesFormat(), ("input", 0, "role"), ["user"], "input[0].role"),
        (ResponsesFormat(), ("input", 0, "content", 0, "type"), ["input_text"], "input[0].content[0].type"),
        (ResponsesFormat(), ("input", 0, "content", 0, "text"), 5, "input[0].content[0].text"),
        (ResponsesFormat(), ("input", 0, "content", 1, "detail"), 5, "input[0].content[1].detail"),
        (ResponsesFormat(), ("input", 1, "content"), "t", "input[1].content"),
        (ResponsesFormat(), ("input", 1, "content", 0), "t", "input[1].content[0]"),
        (ResponsesFormat(), ("input", 1, "content", 0, "text"), 5, "input[1].content[0].text"),
        (ResponsesFormat(), ("input", 1, "encrypted_content"), [], "input[1].encrypted_content"),
        (ResponsesFormat(), ("input", 3, "call_id"), None, "input[3].call_id"),
        (ResponsesFormat(), ("tools", 0, "name"), None, "tools[0].name"),
        (ResponsesFormat(), ("tools", 0, "parameters"), "{}", "tools[0].parameters"),
        (ResponsesFormat(), ("tool_choice",), "maybe", "tool_choice"),
        (ResponsesFormat(), ("tool_choice", "mode"), "none", "tool_choice.mode"),
        (ResponsesFormat(), ("tool_choice", "tools", 0), "f", "tool_choice.tools[0]"),
        (ResponsesFormat(), ("text", "verbosity"), 5, "text.verbosity"),
        (ResponsesFormat(), ("text", "format", "strict"), "yes", "text.format.strict"),
        (AnthropicFormat(), ("tool_choice", "type"), [], "tool_choice"),
        (AnthropicFormat(), ("tool_choice", "disable_parallel_tool_use"), "yes", "tool_choice.disable_parallel_tool_use"),
        (AnthropicFormat(), ("service_tier",), {}, "service_tier"),
        (AnthropicFormat(), ("messages", 1, "content", 0, "signature"), 5, "messages[1].content[0].signature"),
        (AnthropicFormat(), ("messages", 1, "content", 1, "data"), None, "messages[1].content[1].data"),
        (AnthropicFormat(), ("messages", 1, "content", 3, "id"), 5, "messages[1].content[3].id"),
        (AnthropicFormat(), ("messages", 1, "content", 3, "input"), "{}", "messages[1].content[3].input"),
        (AnthropicFormat(), ("messages", 2, "content", 0, "is_error"), "yes", "messages[2].content[0].is_error"),
        (AnthropicFormat(), ("messages", 2, "content", 0, "content"), 5, "messages[2].content[0].content"),
        (AnthropicFormat(), ("messages", 0, "content", 0, "cache_control"), True, "messages[0].content[0].cache_control"),
        (AnthropicFormat(), ("tools", 0, "input_schema"), [], "tools[0].input_schema"),
        (AnthropicFormat(), ("thinking", "type"), 5, "thinking.type"),
        (AnthropicFormat(), ("thinking",), {}, "thinking.type"),
        (AnthropicFormat(), ("thinking", "budget_tokens"), True, "thinking.budget_tokens"),
        (AnthropicFormat(), ("output_config", "format"), "json", "output_config.format"),
        (AnthropicFormat(), ("output_config", "format", "schema"), None, "output_config.format.schema"),
    ],
    ids=lambda one: one if isinstance(one, str) else None,
)  # fmt: skip
def test_what_was_raised_or_taken_in_silence_is_refused_by_name(format: Any, path: Path, odd: Any, param: str) -> None:
    body = RESPONSES if isinstance(format, ResponsesFormat) else MESSAGES
    with pytest.raises(InvalidField) as refused:
        parsed(format, with_odd(body, path, odd))
    assert refused.value.param == param and refused.value.message.startswith(param)
