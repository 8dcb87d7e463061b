"""Structured output, validators and the one repair, as a caller meets them."""

import json
from typing import Any

import pytest

from tests.embedded.stack import Stack
from tests.integration.guardrails.conftest import Place, placed

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E11")]

COST = 1000 * 1 + 100 * 2

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "inhabitants": {"type": "integer"}},
    "required": ["city", "inhabitants"],
    "additionalProperties": False,
}
GOOD = '{"city": "Berlin", "inhabitants": 3900000}'
BAD = '{"city": "Berlin", "inhabitants": "many", "secret": 1}'


async def test_a_valid_answer_is_asked_for_once(place: Place) -> None:
    await place.prompt(output_format="structured", json_schema=SCHEMA)
    place.model.says = [GOOD]
    answer = await place.run("Berlin?")
    assert (answer.status, answer.body["output_json"], answer.body["cost_nusd"]) == (200, json.loads(GOOD), COST), answer.body
    assert len(place.model.bodies) == 1 and answer.body["attempts"] == []


async def test_one_that_is_not_is_corrected_and_both_are_paid_for_and_listed(place: Place) -> None:
    await place.prompt(output_format="structured", json_schema=SCHEMA)
    place.model.says = [BAD, GOOD]
    answer = await place.run("Berlin?")
    assert (answer.status, answer.body["output"], answer.body["cost_nusd"]) == (200, GOOD, 2 * COST), answer.body
    assert answer.body["usage"] | {"input_tokens": 2000, "output_tokens": 200} == answer.body["usage"]
    tried = answer.body["attempts"]
    assert [(one["status"], one["cost_nusd"], one["input_tokens"]) for one in tried] == [
        ("output_invalid", COST, 1000),
        ("success", COST, 1000),
    ]
    told = place.model.bodies[1]["messages"]
    assert [one["role"] for one in told] == ["user", "assistant", "user"] and told[1]["content"] == BAD
    assert "/inhabitants" in told[2]["content"] and "'many'" not in told[0]["content"]
    kept = await place.stored(answer.body["id"])
    assert {name: kept[name] for name in answer.body} == answer.body and kept["messages"] == [{"role": "user", "content": "Berlin?"}]
    statement = (await place.caller("GET", "/v1/credits")).body
    assert statement["held_nusd"] == 0


async def test_a_failure_keeps_the_text_and_says_why_without_quoting_it(place: Place) -> None:
    await place.prompt(output_format="structured", json_schema=SCHEMA)
    place.model.says = ["Berlin has many.", BAD]
    answer = await place.run(
        "Berlin?",
    )
    error = answer.body["error"]
    assert (answer.status, error["code"], error["details"]["output"], error["details"]["cost_nusd"]) == (
        422,
        "output_invalid",
        BAD,
        2 * COST,
    )
    problems = error["details"]["output_invalid"]
    assert {(one["check"], one.get("path")) for one in problems} == {("json_schema", "/inhabitants"), ("json_schema", None)}, problems
    kept = await place.stored(error["details"]["execution_id"])
    assert [(one["status"], one["code"]) for one in kept["attempts"]] == [("output_invalid", "output_invalid")] * 2
    assert (kept["status"], kept["output"], kept["error"]["problems"]) == ("error", BAD, problems)
    assert "many" not in json.dumps(kept["error"]) and "secret" not in json.dumps(kept["error"])


async def test_an_answer_with_half_a_character_is_told_by_everyone_who_asks(place: Place) -> None:
    """Models do cut a character in two. What JSON may say of it, and no text can hold, becomes U+FFFD."""
    await place.prompt(output_format="structured", json_schema=SCHEMA | {"additionalProperties": True})
    said = '{"city": "Berlin \\ud83d", "inhabitants": 1}'
    place.model.says = [said]
    answer = await place.run("Berlin?")
    assert (answer.status, answer.body["output"]) == (200, said), answer.body
    assert answer.body["output_json"] == {"city": "Berlin \ufffd", "inhabitants": 1} and len(place.model.bodies) == 1
    kept = await place.stored(answer.body["id"])
    assert {name: kept[name] for name in answer.body} == answer.body


async def test_an_answer_too_deep_to_be_told_is_not_valid(place: Place) -> None:
    await place.prompt(output_format="json", repair_output=False)
    place.model.says = ["[" * 300 + "]" * 300]
    answer = await place.run("Berlin?")
    assert answer.status == 422, answer.body
    assert [one["message"] for one in answer.body["error"]["details"]["output_invalid"]] == ["is nested more than 64 levels deep"]


async def test_what_cannot_be_held_for_is_not_repaired(stack: Stack) -> None:
    async with placed(await stack.caller(credit_nusd=3000)) as poor:  # a call is held for with 2,000 and something
        await poor.prompt(output_format="json")
        poor.model.says = ["no json", GOOD]
        answer = await poor.run("Berlin?")
        details = answer.body["error"]["details"]
        assert (answer.body["error"]["code"], details["cost_nusd"], details["output"]) == ("output_invalid", COST, "no json"), answer.body
        assert len(poor.model.bodies) == 1 and (await poor.caller("GET", "/v1/credits")).body["held_nusd"] == 0


async def test_a_version_may_do_without_the_repair(place: Place) -> None:
    await place.prompt(output_format="json", repair_output=False)
    place.model.says = ["no json", GOOD]
    answer = await place.run("Berlin?")
    assert (answer.status, answer.body["error"]["code"], len(place.model.bodies)) == (422, "output_invalid", 1)


async def test_a_stream_is_told_after_the_text_what_is_wrong_with_it(place: Place) -> None:
    await place.prompt(output_format="json")
    place.model.says = ["no json at all"]
    events = await place.events("Berlin?")
    names = [name for name, _ in events]
    assert names[-2:] == ["output_invalid", "error"] and set(names[:-2]) == {"delta"} and len(place.model.bodies) == 1
    assert "".join(data["text"] for name, data in events if name == "delta") == "no json at all"
    assert events[-2][1] == {"problems": [{"check": "json", "path": None, "message": "is no JSON"}]}


@pytest.mark.parametrize(
    ("settings", "good", "bad"),
    [
        ({"kind": "length", "most_characters": 5}, "short", "longer"),
        ({"kind": "regex", "pattern": "[A-Z]{3}", "whole": True}, "ABC", "abc"),
        ({"kind": "contains", "phrases": ["yes"]}, "Yes!", "no"),
        ({"kind": "contains", "phrases": ["sorry"], "match": "none"}, "fine", "Sorry, no"),
        ({"kind": "expression", "expression": "len(output) > 3"}, "long", "no"),
        ({"kind": "code", "code": "output == variables['text']"}, "Berlin?", "no"),
        ({"kind": "json_schema", "schema": {"$ref": "#/$defs/a", "$defs": {"a": {"uniqueItems": True}}}}, "[1, 2]", "[1, 1]"),
    ],
)  # fmt: skip
async def test_validators_of_each_kind(place: Place, settings: dict[str, Any], good: str, bad: str) -> None:
    await place.prompt(output_validators=[{"name": "mine", "settings": settings}], repair_output=False)
    place.model.says = [good, bad]
    assert (await place.run("Berlin?")).body["output"] == good
    answer = await place.run("Berlin?")
    assert [one["check"] for one in answer.body["error"]["details"]["output_invalid"]] == ["mine"], answer.body


async def test_masked_answers_are_checked_as_the_caller_gets_them(place: Place) -> None:
    await place.prompt(output_validators=[{"name": "to whom", "settings": {"kind": "contains", "phrases": ["ann@example.com"]}}])
    await place.rule({"kind": "personal_data"})
    place.model.says = ["Dear [EMAIL_2].", "Dear [EMAIL_1]."]
    answer = await place.run("I am ann@example.com")
    assert answer.body["output"] == "Dear ann@example.com." and "ann@" not in place.model.asked(0) + place.model.asked(1), answer.body


async def test_inputs_are_looked_at_before_anything_is_held_for(place: Place) -> None:
    schema = {"type": "object", "properties": {"text": {"type": "string", "maxLength": 10}}, "required": ["text"]}
    slow = {"type": "object", "properties": {"text": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"pattern": "^[A-Z]"}}}
    validators = [
        {"name": "size", "settings": {"kind": "size", "most_characters": 12}},
        {"name": "schema", "settings": {"kind": "json_schema", "schema": schema}},
        {"name": "asks", "settings": {"kind": "pattern", "variable": "text", "pattern": "\\?$"}},
        {"name": "slow", "settings": {"kind": "json_schema", "schema": slow}},
    ]  # fmt: skip
    await place.prompt(input_validators=validators)
    assert (await place.run("Berlin?")).status == 200
    refused = await place.run("this is much too long")
    error = refused.body["error"]
    assert (refused.status, error["code"], error["param"]) == (422, "input_invalid", "variables")
    assert [one["check"] for one in error["details"]["problems"]] == ["size", "schema", "asks", "slow"], error
    listed = (await place.caller("GET", "/v1/executions")).body["data"]
    assert len(listed) == 1 and len(place.model.bodies) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"output_validators": [{"name": "a", "settings": {"kind": "length", "least_characters": 9, "most_characters": 8}}]},
        {"output_validators": [{"name": "x", "settings": {"kind": "regex", "pattern": "("}}]},
        {"output_validators": [{"name": "x", "settings": {"kind": "exact"}}]},
        {"output_validators": [{"name": "x", "settings": {"kind": "json_schema", "schema": {"type": "nothing"}}}]},
        {"output_validators": [{"name": "x", "settings": {"kind": "expression", "expression": "("}}]},
        {"input_validators": [{"name": "x", "settings": {"kind": "json_schema", "schema": {"$ref": "http://example.com"}}}]},
    ],
)
async def test_validators_that_are_wrong_are_refused_when_they_are_saved(place: Place, wrong: dict[str, Any]) -> None:
    answer = await place.caller("POST", "/v1/prompts", {"slug": "wrong", "template": "x", "model": "own/model", **wrong})
    assert answer.status == 422 and "_validators" in answer.body["error"]["param"], answer.body


async def test_a_saved_version_says_its_checks_again(place: Place) -> None:
    validators = [{"name": "mine", "settings": {"kind": "json_schema", "schema": {"type": "array"}}}]
    await place.prompt(output_validators=validators, repair_output=False)
    read = (await place.caller("GET", "/v1/prompts/ask")).body
    assert read["output_validators"] == validators and read["repair_output"] is False
