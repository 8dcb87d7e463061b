"""A workspace says how answers look on the native route; a call may say otherwise."""

import asyncio
from typing import Any

import pytest

from tests.embedded.stack import Answer, Caller

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E14")]

ASKED = {"messages": [{"role": "user", "content": "Hello."}], "model": "simulated/chat"}


async def _shape(caller: Caller, shape: str) -> None:
    changed = await caller("PATCH", f"/v1/workspaces/{caller.workspace.workspace_id}", {"response_shape": shape})
    assert (changed.status, changed.body["response_shape"]) == (200, shape)
    while ((await _ask(caller)).headers["content-type"] == "application/json") != (shape == "with_metadata"):
        await asyncio.sleep(0.01)  # this gateway knows it within a second


async def _ask(caller: Caller, **more: Any) -> Answer:
    answer = await caller("POST", "/v1/executions", ASKED | more)
    assert answer.status == 200, answer.body
    return answer


async def test_the_bare_answer_is_the_text_and_nothing_else(caller: Caller) -> None:
    whole = (await _ask(caller)).body
    await _shape(caller, "raw")
    bare = await _ask(caller)
    assert bare.raw.decode() == whole["output"] and bare.headers["content-type"] == "text/plain; charset=utf-8"
    assert bare.headers["x-burnish-model"] == "simulated/chat" and "x-burnish-cost-nusd" not in bare.headers
    assert (await caller("GET", f"/v1/executions/{bare.headers['x-execution-id']}")).body["output"] == whole["output"]


async def test_what_is_known_of_an_answer_stands_in_headers(caller: Caller) -> None:
    await _shape(caller, "headers")
    answer = await _ask(caller, overrides={"max_tokens": 50})
    stored = (await caller("GET", f"/v1/executions/{answer.headers['x-execution-id']}")).body
    assert answer.raw.decode() == stored["output"]
    told = {name.removeprefix("x-burnish-"): value for name, value in answer.headers.items() if name.startswith("x-burnish-")}
    assert told["cost-nusd"] == str(stored["cost_nusd"]) and told["credits"] == stored["credits"]
    assert (told["input-tokens"], told["output-tokens"]) == (str(stored["usage"]["input_tokens"]), str(stored["usage"]["output_tokens"]))
    assert (told["status"], told["cached"], told["simulated"], told["provider"]) == ("success", "false", "true", "simulated")


async def test_a_call_may_ask_for_another_shape_than_its_workspace(caller: Caller) -> None:
    await _shape(caller, "raw")
    assert (await _ask(caller, response_shape="with_metadata")).body["status"] == "success"
    await _shape(caller, "with_metadata")
    assert isinstance((await _ask(caller, response_shape="raw")).body, str)


async def test_json_that_was_asked_for_is_answered_as_json(caller: Caller) -> None:
    as_json = {"overrides": {"response_format": {"type": "json_object"}}}
    whole = (await _ask(caller, **as_json)).body
    bare = await _ask(caller, **as_json, response_shape="raw")
    assert whole["output_json"] is not None and bare.body == whole["output_json"]
    assert bare.headers["content-type"] == "application/json"


async def test_errors_streams_and_background_look_the_same_in_every_shape(caller: Caller) -> None:
    await _shape(caller, "raw")
    refused = await caller("POST", "/v1/executions", {"messages": ASKED["messages"], "model": "nobodys/model"})
    assert refused.status == 404 and refused.body["error"]["code"] == "model_not_found"
    events = await caller.events("/v1/executions", ASKED | {"stream": True})
    assert events[-1][0] == "done" and events[-1][1]["status"] == "success"
    queued = await caller("POST", "/v1/executions", ASKED | {"mode": "background"})
    assert (queued.status, queued.body["status"]) == (202, "queued")


async def test_a_repeat_with_the_same_key_has_the_same_shape(caller: Caller) -> None:
    body, key = ASKED | {"response_shape": "headers"}, {"idempotency-key": "once"}
    first = await caller("POST", "/v1/executions", body, headers=key)
    again = await caller("POST", "/v1/executions", body, headers=key)
    assert again.raw == first.raw and again.headers["idempotent-replayed"] == "true"
    for name in ("x-burnish-cost-nusd", "x-burnish-latency-ms", "x-burnish-finish-reason"):
        assert again.headers[name] == first.headers[name]


async def test_all_of_several_answers_come_in_every_shape(caller: Caller) -> None:
    """Each of them is paid for."""
    several = {"overrides": {"n": 2}}
    whole = (await _ask(caller, **several)).body
    bare = await _ask(caller, **several, response_shape="raw")
    assert len(whole["choices"]) == 2 and bare.body == {"choices": whole["choices"]}


@pytest.mark.parametrize("shape", ["with_metadata", "raw", "headers"])
async def test_a_repeat_names_the_model_in_its_headers_as_the_first_answer_did(caller: Caller, shape: str) -> None:
    body = ASKED | {"response_shape": shape}
    first = await caller("POST", "/v1/executions", body, headers={"Idempotency-Key": f"named-{shape}"})
    again = await caller("POST", "/v1/executions", body, headers={"Idempotency-Key": f"named-{shape}"})
    assert again.headers["idempotent-replayed"] == "true" and again.raw == first.raw
    told = {name: value for name, value in first.headers.items() if name.startswith("x-burnish-") and name != "x-burnish-group"}
    assert {name: value for name, value in again.headers.items() if name.startswith("x-burnish-")} == told
    assert told["x-burnish-model"] == "simulated/chat"
