"""Schemas that cross from one provider's format to the other's."""

from typing import Any

import pytest

from burnish_executor.core.anthropic_request import body_of
from burnish_executor.core.openai_wire import OpenAIWire
from burnish_executor.core.schemas_between import for_anthropic, may_be_strict
from tests.unit.executor.test_anthropic_wire import USER
from tests.unit.executor.test_anthropic_wire import request as to_anthropic
from tests.unit.executor.test_provider_answers import request

TEXT = {"type": "string"}
CLOSED: dict[str, Any] = {"type": "object", "properties": {"a": TEXT}, "required": ["a"], "additionalProperties": False}
OPTIONAL = CLOSED | {"properties": {"a": TEXT, "b": TEXT}}


def holding(schema: Any) -> dict[str, Any]:
    return CLOSED | {"properties": {"a": schema}}


@pytest.mark.capability("E2", "E4")
@pytest.mark.parametrize(
    ("schema", "may"),
    [
        (CLOSED, True),
        (OPTIONAL, False),
        ({"type": "object"}, False),
        (CLOSED | {"additionalProperties": True}, False),
        (TEXT, False),
        (True, False),
        (holding(CLOSED), True),
        (holding(OPTIONAL), False),
        (holding({"type": "array", "items": OPTIONAL}), False),
        (holding({"anyOf": [CLOSED, {"type": "null"}]}), True),
        (holding({"anyOf": [OPTIONAL, {"type": "null"}]}), False),
        (holding({"oneOf": [CLOSED]}), False),
        (holding({"type": ["object", "null"]}), False),
        (holding({"$ref": "#/$defs/A"}) | {"$defs": {"A": holding({"$ref": "#/$defs/A"})}}, True),
        (holding({"$ref": "#/$defs/A"}) | {"$defs": {"A": OPTIONAL}}, False),
    ],
)
def test_openais_models_are_held_to_a_schema_that_they_can_be_held_to(schema: Any, may: bool) -> None:
    assert may_be_strict(schema) is may
    function = {"name": "look", "parameters": schema}
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
    asked = request(tools=[{"type": "function", "function": function, "strict": True}], response_format=wanted)
    body = OpenAIWire().body(asked.model_copy(update={"spoken": "anthropic"}))
    assert body["tools"][0]["function"]["strict"] is may
    assert body["response_format"]["json_schema"] == {"name": "answer", "schema": schema, "strict": may}
    assert asked.settings["response_format"] == wanted, "the record keeps it as it came"


def test_who_speaks_openais_format_is_sent_on_as_he_came() -> None:
    settings: dict[str, Any] = {
        "tools": [{"type": "function", "function": {"name": "look", "parameters": OPTIONAL, "strict": True}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": OPTIONAL, "strict": True}},
    }
    body = OpenAIWire().body(request(**settings))
    assert {name: body[name] for name in settings} == settings


@pytest.mark.capability("E2", "E4")
def test_a_schema_in_openais_words_is_made_one_that_anthropic_takes() -> None:
    given = {
        "type": "object",
        "properties": {
            "age": {"type": "integer", "minimum": 0, "description": "In years."},
            "mail": {"type": "string", "format": "email", "maxLength": 9},
            "when": {"type": "string", "format": "unix-time"},
            "odd": {"format": {}},
            "of": {"oneOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]},
            "tags": {"type": "array", "items": {"type": "object", "properties": {}}, "minItems": 1, "maxItems": 3},
        },
        "required": ["age"],
        "$defs": {"A": {"type": "object", "properties": {"minimum": {"type": "number"}}}},
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": given}}
    sent = body_of(to_anthropic([USER], response_format=wanted))["output_config"]["format"]["schema"]
    assert sent == {
        "type": "object",
        "properties": {
            "age": {"type": "integer", "description": "In years.\n\n{minimum: 0}"},
            "mail": {"type": "string", "format": "email", "description": "{maxLength: 9}"},
            "when": {"type": "string", "description": '{format: "unix-time"}'},
            "odd": {"description": "{format: {}}"},
            "of": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]},
            "tags": {
                "type": "array",
                "items": {"type": "object", "properties": {}, "additionalProperties": False},
                "minItems": 1,
                "description": "{maxItems: 3}",
            },
        },
        "required": ["age"],
        "$defs": {"A": {"type": "object", "properties": {"minimum": {"type": "number"}}, "additionalProperties": False}},
        "additionalProperties": False,
    }
    assert for_anthropic(sent) == sent


def test_what_anthropic_has_no_likeness_of_goes_as_it_came() -> None:
    anything = {"type": "object", "additionalProperties": TEXT}
    assert for_anthropic(anything) == anything
    assert for_anthropic(holding(anything))["properties"]["a"] == anything
    both = {"anyOf": [TEXT], "oneOf": [{"type": "null"}]}
    assert for_anthropic(both) == both, "neither is left out"
    assert for_anthropic({"type": "object"}) == {"type": "object"}
    assert for_anthropic(holding({"type": "object"}))["properties"]["a"] == {"type": "object"}


def test_who_speaks_anthropics_format_is_sent_on_with_his_own_schema() -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
    asked = to_anthropic([USER], response_format=wanted).model_copy(update={"spoken": "anthropic"})
    assert body_of(asked)["output_config"]["format"]["schema"] == {"type": "object"}
