"""What a model wrote, read as JSON: whatever it is, it can be stored and sent on, or there is a reason why not."""

import json

import pytest
from pydantic import BaseModel

from burnish_gateway.compat.anthropic.answer import tool_use
from burnish_shared.answer_json import NoJson, read_json
from burnish_shared.asked_json import json_asked_for
from burnish_shared.contracts.evaluators import JsonSchema
from burnish_shared.evaluators.declarative import Schema
from burnish_shared.evaluators.verdict import Case

pytestmark = pytest.mark.capability("E11")

FOUND = {
    '{"a": "\\ud800"}': {"a": "\ufffd"},
    '{"a": "x\ud83d"}': {"a": "x\ufffd"},
    '{"\\udc00": ["\\u0000", "\\ud83d\\ude00"]}': {"\ufffd": ["\ufffd", "\U0001f600"]},
    "[" * 64 + "1" + "]" * 64: json.loads("[" * 64 + "1" + "]" * 64),
    '"[[{"': "[[{",
    "12345678901234567890123": 12345678901234567890123,
}
REFUSED = {
    '{"a": NaN}': "is no JSON",
    "-Infinity": "is no JSON",
    '{"a": 1e999}': "holds a number that is too large",
    "[" * 65 + "]" * 65: "is nested more than 64 levels deep",
    "[" * 100_000: "is no JSON",
    "": "is no JSON",
    "9" * 5000: "is no JSON",
}


class Sent(BaseModel):
    value: object


@pytest.mark.parametrize(("text", "value"), FOUND.items())
def test_what_is_found_can_be_sent(text: str, value: object) -> None:
    assert read_json(text) == value
    found = json_asked_for(text, {}, "json")
    assert found == value and json.loads(Sent(value=found).model_dump_json()) == {"value": value}


@pytest.mark.parametrize(("text", "why"), REFUSED.items(), ids=range(len(REFUSED)))
def test_what_nobody_could_be_told_is_none_and_says_why(text: str, why: str) -> None:
    with pytest.raises(NoJson, match=f"^{why}$"):
        read_json(text)
    assert json_asked_for(text, {}, "json") is None


def test_an_evaluator_reads_it_alike() -> None:
    look = Schema(JsonSchema.model_validate({"kind": "json_schema", "schema": {"type": "object", "required": ["b"]}}))
    assert "b" in look(Case(output='{"a": "\\ud800"}')).reason
    assert look(Case(output='{"b": 1e999}')).reason == "holds a number that is too large"


@pytest.mark.parametrize(("arguments", "given"), [('{"a": "\\ud800"}', {"a": "\ufffd"}), ('{"a": 1e999}', {}), ('{"a": NaN}', {})])
def test_arguments_become_an_input_that_can_be_sent(arguments: str, given: object) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": arguments}}
    assert tool_use(call)["input"] == given
