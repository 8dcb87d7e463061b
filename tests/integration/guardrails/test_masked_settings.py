"""What tools, schemas and stop words say is masked as messages are: on the way to the model, and in what is stored."""

from typing import Any

import pytest

from tests.integration.guardrails.conftest import Place

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E18")]

SCHEMA = {
    "type": "object",
    "properties": {"to": {"type": "string", "enum": ["ann@example.com", "bob@example.com"], "description": "ann@example.com is first."}},
    "required": ["to"],
    "additionalProperties": False,
}
SAID: dict[str, Any] = {
    "tools": [{"type": "function", "function": {"name": "send", "description": "Writes to ann@example.com.", "parameters": SCHEMA}}],
    "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}},
    "stop": ["ann@example.com"],
}


async def test_a_model_reads_masks_in_tools_schemas_and_stop_words_too(place: Place) -> None:
    await place.prompt()
    await place.rule({"kind": "personal_data", "kinds": ["email"]})
    call = {"id": "c1", "type": "function", "function": {"name": "send", "arguments": '{"to": "[EMAIL_1]"}'}}
    place.model.says = [[call]]
    answer = await place.run("Hello.", overrides=SAID)
    assert answer.status == 200, answer.body
    sent = place.model.bodies[-1]
    assert "example.com" not in str(sent) and sent["stop"] == ["[EMAIL_1]"], sent
    function = sent["tools"][0]["function"]
    assert (function["name"], function["description"]) == ("send", "Writes to [EMAIL_1].")
    assert function["parameters"]["properties"]["to"]["enum"] == ["[EMAIL_1]", "[EMAIL_2]"] and function["parameters"]["required"] == ["to"]
    assert answer.body["tool_calls"][0]["function"]["arguments"] == '{"to": "ann@example.com"}'
    kept = await place.stored(answer.body["id"])
    assert {name: kept["settings"][name] for name in SAID} == SAID


async def test_the_record_holds_no_address_of_a_tool_where_records_are_masked(place: Place) -> None:
    await place.prompt()
    put = await place.caller("PUT", "/v1/masking", {"masking": {"kinds": ["email"], "patterns": []}})
    assert put.status == 200, put.body
    place.model.says = ["Done."]
    answer = await place.run("Hello.", overrides=SAID)
    assert "ann@example.com" in str(place.model.bodies[-1])
    kept = await place.stored(answer.body["id"])
    assert "example.com" not in str(kept["settings"]) and kept["settings"]["stop"] == ["[EMAIL]"], kept["settings"]
    assert kept["settings"]["tools"][0]["function"]["name"] == "send"
