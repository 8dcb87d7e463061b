"""A conversation that goes on with `previous_response_id`: OpenAI's client sends what is new alone."""

import json
import time
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.fakes.tool_caller import ToolCaller
from tests.integration.compat.test_responses import TOOL

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E2")]

PICTURE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


async def conversation_of(caller: Caller, execution_id: str) -> list[dict[str, Any]]:
    kept = await caller("GET", f"/v1/executions/{execution_id}")
    messages: list[dict[str, Any]] = kept.body["messages"]
    return messages


async def test_three_turns_are_one_conversation(client: AsyncOpenAI, caller: Caller) -> None:
    first = await client.responses.create(model="simulated/chat", instructions="Be short.", input="One.")
    second = await client.responses.create(model="simulated/chat", input="Two.", previous_response_id=first.id)
    third = await client.responses.create(
        model="simulated/chat", instructions="Be long.", input=[{"role": "user", "content": "Three."}], previous_response_id=second.id
    )
    assert (second.previous_response_id, third.previous_response_id) == (first.id, second.id)
    shown = [(await caller("GET", f"/v1/executions/{one.id}")).body["previous_id"] for one in (first, second, third)]
    assert shown == [None, first.id, second.id]
    assert [one["previous_id"] for one in (await caller("GET", "/v1/executions")).body["data"]] == shown[::-1]
    assert await conversation_of(caller, third.id) == [
        {"role": "system", "content": "Be long."},
        {"role": "user", "content": "One."},
        {"role": "assistant", "content": first.output_text},
        {"role": "user", "content": "Two."},
        {"role": "assistant", "content": second.output_text},
        {"role": "user", "content": "Three."},
    ]
    assert (await conversation_of(caller, second.id))[0] == {"role": "system", "content": "Be short."}


async def test_a_tool_is_answered_and_pictures_go_along_in_a_stream_too(client: AsyncOpenAI, tool_caller: ToolCaller) -> None:
    asked = [
        {
            "role": "user",
            "content": [{"type": "input_text", "text": "Here?"}, {"type": "input_image", "image_url": PICTURE, "detail": "low"}],
        }
    ]
    first = await client.responses.create(model="own/tools", input=asked, tools=[TOOL])  # type: ignore[arg-type, list-item]
    calls = [item for item in first.output if item.type == "function_call"]
    output = [{"type": "function_call_output", "call_id": calls[0].call_id, "output": "21 degrees"}]
    async with client.responses.stream(model="own/tools", input=output, tools=[TOOL], previous_response_id=first.id) as stream:  # type: ignore[arg-type, list-item]
        last = await stream.get_final_response()
    assert last.previous_response_id == first.id
    sent = tool_caller.bodies[-1]["messages"]
    assert [one["role"] for one in sent] == ["user", "assistant", "tool"]
    assert sent[0]["content"][1] == {"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}}
    assert sent[1]["tool_calls"][0]["id"] == sent[2]["tool_call_id"] == calls[0].call_id and sent[2]["content"] == "21 degrees"


async def test_what_a_prompt_began_goes_on_with_a_model(client: AsyncOpenAI, caller: Caller) -> None:
    content = {"messages": [{"role": "system", "content": "You help {{name}}."}], "model": "simulated/chat"}
    made = await caller("POST", "/v1/prompts", {"slug": "goes-on", **content})
    assert made.status == 201, made.body
    first = await client.responses.create(prompt={"id": "goes-on", "variables": {"name": "Ada"}}, input="One.")
    second = await client.responses.create(model="simulated/chat", input="Two.", previous_response_id=first.id)
    said = await conversation_of(caller, second.id)
    assert [one["role"] for one in said] == ["system", "user", "assistant", "user"] and said[0]["content"] == "You help Ada."
    for body in ({"prompt": {"id": "goes-on"}}, {"model": "burnish::prompt::goes-on"}):
        refused = await caller("POST", "/v1/responses", {**body, "input": "Two.", "previous_response_id": first.id})
        assert (refused.status, refused.body["error"]["param"]) == (400, "previous_response_id")


@pytest.mark.promise("G-08")
async def test_what_is_not_kept_cannot_go_on(client: AsyncOpenAI, caller: Caller, stack: Stack) -> None:
    """Another workspace's is nothing that there is; so is one that was erased, failed, or gave numbers."""
    theirs = await stack.caller()
    other = (await theirs("POST", "/v1/responses", {"model": "simulated/chat", "input": "Hi."})).body["id"]
    erased = (await client.responses.create(model="simulated/chat", input="Hi.")).id
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("DELETE FROM execution_contents WHERE execution_id = $1::uuid", erased)
    for named in (other, erased, "resp_1", "01a21fd3-40af-7590-9662-f11ae2dae9df"):
        body = {"model": "simulated/chat", "input": "Two.", "previous_response_id": named}
        for path in ("/v1/responses", "/v1/responses/input_tokens"):
            refused = await caller("POST", path, body)
            assert (refused.status, refused.body["error"]["param"]) == (400, "previous_response_id"), refused.body
    with pytest.raises(openai.BadRequestError):
        await client.responses.create(model="simulated/chat", input="Two.", previous_response_id=5)  # type: ignore[call-overload]


@pytest.mark.promise("G-15")
async def test_the_earlier_conversation_counts_as_if_it_had_been_sent(client: AsyncOpenAI, caller: Caller, stack: Stack) -> None:
    first = await client.responses.create(model="simulated/chat", input="Hi.")
    counted = await client.responses.input_tokens.count(model="simulated/chat", input="Two.", previous_response_id=first.id)
    alone = await client.responses.input_tokens.count(model="simulated/chat", input="Two.")
    assert counted.input_tokens > alone.input_tokens
    long = json.dumps([{"role": "user", "content": "x" * 9 * 1024 * 1024}])
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("UPDATE execution_contents SET messages = $2::jsonb WHERE execution_id = $1::uuid", first.id, long)
    refused = await caller("POST", "/v1/responses", {"model": "simulated/chat", "input": "Two.", "previous_response_id": first.id})
    assert (refused.status, refused.body["error"]["code"]) == (413, "payload_too_large")


@pytest.mark.promise("G-02")
async def test_a_repeat_is_told_the_same_once_the_earlier_text_is_erased(client: AsyncOpenAI, caller: Caller, stack: Stack) -> None:
    first = await client.responses.create(model="simulated/chat", input="Hi.")
    body, headers = {"model": "simulated/chat", "input": "Two.", "previous_response_id": first.id}, {"idempotency-key": "goes-on"}
    told = await caller("POST", "/v1/responses", body, headers=headers)
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("DELETE FROM execution_contents WHERE execution_id = $1::uuid", first.id)
    again = await caller("POST", "/v1/responses", body, headers=headers)
    assert (told.status, again.status, again.raw) == (200, 200, told.raw)
    other = await caller("POST", "/v1/responses", body | {"input": "Three."}, headers=headers)
    assert (other.status, other.body["error"]["code"]) == (422, "idempotency_mismatch")


@pytest.mark.promise("G-20")
async def test_a_run_of_elsewhere_goes_on_or_is_refused_for_what_it_holds(caller: Caller) -> None:
    """By an escaped name too: what a body says is read as JSON, and not found by its letters."""
    odd = {"role": "human", "content": "Hi"}
    told = (await caller("POST", "/v1/executions", {"model": "simulated/chat", "messages": [{"role": "user", "content": "Hi"}]})).body["id"]
    raw = json.dumps({"model": "simulated/chat", "input": "Two.", "previous_response_id": told}).replace("_response", "\\u005fresponse")
    went = await caller("POST", "/v1/responses", raw=raw.encode())
    assert went.status == 200 and [one["role"] for one in await conversation_of(caller, went.body["id"])] == ["user", "assistant", "user"]
    ends = [("startTimeUnixNano", 0), ("endTimeUnixNano", time.time_ns())]
    said = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m",
        "gen_ai.input.messages": json.dumps([odd]),
        "gen_ai.completion": "Ho",
    }
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in said.items()]
    span = {"traceId": "ab" * 16, "spanId": "cd" * 8, "name": "chat", **{name: str(at) for name, at in ends}, "attributes": attributes}
    brought = await caller("POST", "/v1/otlp/v1/traces", {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
    assert brought.status == 200, brought.body
    [run] = (await caller("GET", f"/v1/executions?trace_id={'ab' * 16}")).body["data"]
    refused = await caller("POST", "/v1/responses", {"model": "simulated/chat", "input": "Two.", "previous_response_id": run["id"]})
    assert (refused.status, refused.body["error"]["param"]) == (400, "previous_response_id"), refused.body
