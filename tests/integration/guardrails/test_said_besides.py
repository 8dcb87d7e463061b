"""What is said besides the text, by a caller or a model, meets the guardrails too; seals of thoughts come through unharmed."""

import json
from typing import Any

import pytest

from tests.integration.guardrails.conftest import Place
from tests.unit.guarding.test_texts import DRAWN

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E18")]

MAIL = "ann@example.com"


def call(arguments: str, name: str = "send") -> dict[str, Any]:
    return {"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}}


def thinking(text: str, seal: str = DRAWN) -> dict[str, Any]:
    return {
        "reasoning_content": text,
        "thinking_blocks": [{"type": "thinking", "thinking": text, "signature": seal}, {"type": "redacted_thinking", "data": seal}],
    }


def turns(said: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": "Hello."}, {"role": "assistant", "content": "Well.", **said}, {"role": "user", "content": "And?"}]


async def chat(place: Place, said: dict[str, Any], **more: Any) -> Any:
    body = {"model": "own/model", "messages": turns(said), "max_tokens": 50, **more}
    return await place.caller("POST", "/v1/chat/completions", body)


BESIDE: list[dict[str, Any]] = [
    {"name": "falcon"},
    {"refusal": "No falcon."},
    {"content": [{"type": "refusal", "refusal": "No falcon."}]},
    {"reasoning_content": "A falcon."},
    {"reasoning_details": [{"type": "reasoning.text", "text": "A falcon."}]},
    {"thinking_blocks": [{"type": "thinking", "thinking": "A falcon.", "signature": DRAWN}]},
    {"thinking_blocks": [{"type": "thinking", "thinking": "Hm.", "signature": "a falcon"}]},
    {"tool_calls": [call("{}", name="falcon")]},
    {"tool_calls": [call('{"to": "a falcon"}')]},
    {"tool_calls": [call('{"to": "a\\nf\\u0061lcon"}')]},
    {"tool_calls": [call('{"to": "a f\\u0061lcon", "to": 1}')]},
    {"tool_calls": [call('{"to": "a f\\u0061lcon"}.')]},
]


@pytest.mark.parametrize("said", BESIDE)
async def test_whatever_a_turn_says_is_looked_at_on_the_way_in(place: Place, said: dict[str, Any]) -> None:
    await place.rule({"kind": "deny", "phrases": ["falcon"]}, name="falcons")
    answer = await chat(place, said)
    assert answer.status == 422 and "falcons" in answer.body["error"]["message"], answer.body
    assert place.model.bodies == []


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("said", [one for one in BESIDE if not {"name", "content"} & one.keys()])
async def test_whatever_a_model_says_is_looked_at_on_the_way_out(place: Place, said: dict[str, Any], stream: bool) -> None:
    await place.prompt()
    await place.rule({"kind": "deny", "phrases": ["falcon"]}, "out", name="falcons")
    place.model.says = [{"content": "Well.", **said}]
    told: Any = (await place.events("What?"))[-1][1] if stream else (await place.run("What?")).body
    assert told["error"]["details"]["guardrail"] == "falcons", told
    assert "alcon" not in json.dumps(told["error"]["details"].get("output", "")), told
    kept = await place.stored(told["error"]["details"]["execution_id"])
    assert kept["status"] == "blocked" and "alcon" not in json.dumps(kept).replace("falcons", ""), kept


@pytest.mark.parametrize("stream", [False, True])
async def test_masks_go_into_all_that_is_said_and_seals_stay(place: Place, stream: bool) -> None:
    await place.prompt()
    await place.rule({"kind": "personal_data"}, "in", "out", name="data")
    await place.rule({"kind": "secrets"}, "in", "out", name="keys")
    sent = {**thinking(f"I am {MAIL}"), "name": MAIL, "refusal": MAIL, "tool_calls": [call(json.dumps({"a": f"\n{MAIL}"}))]}
    place.model.says = [{"content": "Fine.", **thinking("Ask bob@example.com"), "refusal": "bob@example.com"}]
    answer = await chat(place, sent)
    assert answer.status == 200, answer.body
    asked = place.model.bodies[-1]["messages"][1]
    assert asked["thinking_blocks"] == thinking("I am [EMAIL_1]")["thinking_blocks"]
    assert (asked["name"], asked["refusal"], asked["reasoning_content"]) == ("[EMAIL_1]", "[EMAIL_1]", "I am [EMAIL_1]")
    assert json.loads(asked["tool_calls"][0]["function"]["arguments"]) == {"a": "\n[EMAIL_1]"}
    told: Any = (await place.events("What?"))[-1][1] if stream else (await place.run("What?")).body
    assert told["beside"]["thinking"] == thinking("Ask [EMAIL]")["thinking_blocks"], told
    assert (told["beside"]["reasoning"], told["beside"]["refusal"]) == ("Ask [EMAIL]", "[EMAIL]")


async def test_what_a_user_calls_a_seal_is_masked(place: Place) -> None:
    await place.rule({"kind": "secrets"}, name="keys")
    messages = [{"role": "user", "content": "Hello.", **thinking("Hm."), "note": {"encrypted_content": DRAWN}}]
    asked = await place.caller("POST", "/v1/chat/completions", {"model": "own/model", "messages": messages, "max_tokens": 50})
    assert asked.status == 200 and DRAWN not in json.dumps(place.model.bodies[-1]), asked.body


async def test_words_in_the_place_of_a_seal_are_masked(place: Place) -> None:
    await place.rule({"kind": "personal_data"}, name="data")
    assert (await chat(place, thinking("Hm.", MAIL))).status == 200
    blocks = place.model.bodies[-1]["messages"][1]["thinking_blocks"]
    assert (blocks[0]["signature"], blocks[1]["data"]) == ("[EMAIL_1]", "[EMAIL_1]")


@pytest.mark.parametrize("stream", [False, True])
async def test_arguments_that_hold_escapes_get_their_values_back(place: Place, stream: bool) -> None:
    await place.prompt()
    await place.rule({"kind": "personal_data"}, "in", "out")
    place.model.says = [[call('{"text": "Dear\\n[EMAIL_1], not \\u0062ob@example.com"}')]]
    told: Any = (await place.events(MAIL))[-1][1] if stream else (await place.run(MAIL)).body
    assert json.loads(told["tool_calls"][0]["function"]["arguments"]) == {"text": f"Dear\n{MAIL}, not [EMAIL]"}


@pytest.mark.capability("E13")
async def test_a_row_keeps_the_seal_of_a_thought_and_of_one_that_is_masked_the_text_alone(place: Place) -> None:
    await place.prompt()
    put = await place.caller("PUT", "/v1/masking", {"masking": {"kinds": ["email", "secret"]}})
    assert put.status == 200
    place.model.says = [{"content": "Fine.", **thinking(f"I am {MAIL}")}]
    answer = await place.run("What?")
    assert answer.body["beside"]["thinking"] == thinking(f"I am {MAIL}")["thinking_blocks"]
    kept = await place.stored(answer.body["id"])
    whole = thinking("I am [EMAIL]")
    assert kept["beside"]["thinking"] == whole["thinking_blocks"][1:], "the signature is of another text: Anthropic would refuse it"
    assert kept["beside"]["reasoning"] == whole["reasoning_content"]
    place.model.says = [{"content": "Fine.", **thinking("Hm.")}]
    kept = await place.stored((await place.run("And?")).body["id"])
    assert kept["beside"]["thinking"] == thinking("Hm.")["thinking_blocks"]


async def test_own_code_looks_at_calls_and_thoughts_of_an_answer(place: Place) -> None:
    await place.prompt()
    await place.rule({"kind": "code", "code": "'cat' not in output"}, "out", name="no cats")
    for said in (
        {"content": None, "tool_calls": [call('{"to": "cat"}')]},
        {"content": None, "tool_calls": [call('{"to": "c\\u0061t"}')]},
        {"content": None, "tool_calls": [call("{}", name="cat")]},
        {"content": "Fine.", **thinking("A cat.")},
    ):
        place.model.says = [said]
        assert (await place.run("What?")).body["error"]["details"]["guardrail"] == "no cats"


async def test_the_language_of_a_thought_is_not_that_of_the_caller(place: Place) -> None:
    await place.rule({"kind": "language", "languages": ["en"]}, name="english")
    german = "Wie kann ich das mit den Daten machen, die wir haben?"
    assert (await chat(place, thinking(german))).status == 200
    assert (await chat(place, {"content": german})).status == 422
