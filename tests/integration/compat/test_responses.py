"""OpenAI's own client at the Responses API: text, streams, tools, schemas, and prompts as OpenAI's prompt objects."""

import dataclasses
import json
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from tests.embedded.stack import Caller, Stack
from tests.fakes.tool_caller import ToolCaller

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E2")]

TOOL = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}


async def test_a_response_is_answered_and_recorded(client: AsyncOpenAI, caller: Caller) -> None:
    told = await client.responses.create(
        model="simulated/chat", instructions="Be kind.", input="Say hello.", user="u-1", max_output_tokens=50
    )
    kept = (await caller("GET", f"/v1/executions/{told.id}")).body
    assert told.status == "completed" and told.output_text and told.output_text == kept["output"]
    assert told.usage is not None
    assert (told.usage.input_tokens, told.usage.output_tokens) == (kept["usage"]["input_tokens"], kept["usage"]["output_tokens"])
    assert kept["user_id"] == "u-1" and [one["role"] for one in kept["messages"]] == ["system", "user"]


async def test_an_answer_that_was_cut_by_the_cap_says_so(client: AsyncOpenAI) -> None:
    told = await client.responses.create(model="simulated/chat", input="Say hello at length.", max_output_tokens=1)
    assert told.status == "incomplete" and told.incomplete_details is not None and told.incomplete_details.reason == "max_output_tokens"


async def test_a_stream_is_told_in_numbered_events_and_says_the_same(client: AsyncOpenAI, caller: Caller) -> None:
    numbers: list[int] = []
    async with client.responses.stream(model="simulated/chat", input="Say hello.") as stream:
        async for event in stream:
            if hasattr(event, "sequence_number"):
                numbers.append(event.sequence_number)
        told = await stream.get_final_response()
    kept = (await caller("GET", f"/v1/executions/{told.id}")).body
    assert told.output_text == kept["output"] and sorted(set(numbers)) == list(range(max(numbers) + 1))


@pytest.mark.parametrize("streamed", [False, True])
async def test_tools_are_called_and_answered(client: AsyncOpenAI, tool_caller: ToolCaller, streamed: bool) -> None:
    asked = [{"role": "user", "content": [{"type": "input_text", "text": "How is the weather?"}]}]
    if streamed:
        async with client.responses.stream(model="own/tools", input=asked, tools=[TOOL]) as stream:  # type: ignore[arg-type]
            first = await stream.get_final_response()
    else:
        first = await client.responses.create(model="own/tools", input=asked, tools=[TOOL], tool_choice="required")  # type: ignore[arg-type]
    call = first.output[0]
    assert call.type == "function_call" and (call.name, json.loads(call.arguments)) == ("weather", {"city": "Zürich"})
    turns = [*asked, *[one.model_dump(exclude_none=True) for one in first.output]]
    turns.append({"type": "function_call_output", "call_id": call.call_id, "output": "rain"})
    second = await client.responses.create(model="own/tools", input=turns, tools=[TOOL])  # type: ignore[arg-type]
    assert "rain" in second.output_text
    assert [one["role"] for one in tool_caller.bodies[-1]["messages"]] == ["user", "assistant", "tool"]


async def test_a_prompt_object_names_a_prompt_its_version_and_variables(client: AsyncOpenAI, caller: Caller) -> None:
    body = {"slug": "greeter2", "messages": [{"role": "user", "content": "Greet {{name}}."}], "model": "simulated/chat"}
    assert (await caller("POST", "/v1/prompts", body)).status == 201
    named = {"id": "greeter2", "version": "1", "variables": {"name": {"type": "input_text", "text": "Ada"}}}
    told = await client.responses.create(prompt=named)  # type: ignore[arg-type]
    kept = (await caller("GET", f"/v1/executions/{told.id}")).body
    assert (kept["prompt"], kept["version"], kept["messages"][0]["content"]) == ("greeter2", 1, "Greet Ada.")


async def test_settings_reach_the_provider_under_its_names(client: AsyncOpenAI, tool_caller: ToolCaller) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
    text = {"format": {"type": "json_schema", "name": "answer", "schema": schema, "strict": True}}
    await client.responses.create(model="own/tools", input="x", text=text, reasoning={"effort": "low"}, max_output_tokens=9)  # type: ignore[arg-type]
    sent = tool_caller.bodies[-1]
    assert sent["response_format"] == {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
    assert (sent["reasoning_effort"], sent["max_completion_tokens"]) == ("low", 9)


@pytest.mark.promise("G-08")
@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"input": "x", "previous_response_id": "resp_1"}, "previous_response_id"),
        ({"input": "x", "tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"input": [{"type": "item_reference", "id": "i"}]}, "input[0].id"),
        ({"input": [{"type": "item_reference", "id": 5}]}, "input[0].id"),
        ({"input": [{"type": "item_reference", "id": "msg_01a21fd3-40af-7590-9662-f11ae2dae9df"}]}, "input[0].id"),
        ({"input": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "input[0].content[0].type"),
        ({"input": [{"role": "nobody", "content": "x"}]}, "input[0].role"),
        ({"input": 5}, "input"),
        ({}, "input"),
    ],
)
async def test_what_is_not_offered_is_named(client: AsyncOpenAI, caller: Caller, body: dict[str, object], named: str) -> None:
    answer = await caller("POST", "/v1/responses", {"model": "simulated/chat", **body})
    assert answer.status == 400 and answer.body["error"]["param"] == named, answer.body
    assert answer.body["error"]["message"].startswith(f"{named}:")
    with pytest.raises(openai.NotFoundError):
        await client.responses.create(model="no-such", input="x")


@pytest.mark.parametrize(
    ("method", "path", "instead"),
    [
        ("POST", "/v1/conversations", "send the one so far"),
        ("GET", "/v1/chat/completions/one/two", "GET /v1/executions/{id}"),
        ("POST", "/v1/chat/completions/", "Leave out the slash"),
        ("POST", "/chat/completions", "ends with /v1"),
        ("POST", "/v1/v1/messages", "ends before /v1"),
        ("POST", "/v1/images/generations", "Images are not offered"),
        ("POST", "/v1/audio/speech", "transcription are not offered"),
        ("POST", "/v1/moderations", "Moderation is not offered"),
        ("GET", "/v1/vector_stores/vs_1/files", "Vector stores are not offered"),
        ("POST", "/key/generate", "/v1/api-keys, here; docs/guides/moving-from-litellm.md"),
        ("GET", "/spend/logs", "at /v1/usage here"),
        ("POST", "/inference", "POST /v1/executions, here; docs/guides/moving-from-tensorzero.md"),
        ("POST", "/feedback", "at POST /v1/feedback here"),
        ("POST", "/api/public/otel/v1/traces", "is /v1/otlp/v1/traces here; docs/guides/moving-from-langfuse.md"),
        ("GET", "/api/public/v2/prompts/x", "prompts at /v1/prompts, here"),
    ],
)
async def test_what_is_elsewhere_here_says_where(caller: Caller, method: str, path: str, instead: str) -> None:
    answer = await caller(method, path)
    assert answer.status == 404 and instead in answer.body["error"]["message"]


async def test_who_lists_responses_hears_where_answers_are_listed(caller: Caller) -> None:
    answer = await caller("GET", "/v1/responses")
    assert answer.status == 405 and "GET /v1/executions" in answer.body["error"]["message"]


async def test_tokens_are_counted_before_a_call_and_said_to_be_an_estimate(client: AsyncOpenAI, caller: Caller) -> None:
    told = await client.responses.input_tokens.count(model="simulated/chat", instructions="Be kind.", input="word " * 300)
    assert told.object == "response.input_tokens" and told.input_tokens >= 300
    raw = (await caller("POST", "/v1/responses/input_tokens", {"model": "simulated/chat", "input": "x"})).body
    assert raw["source"] == "estimated" and 0 < raw["input_tokens"] < told.input_tokens
    with pytest.raises(openai.NotFoundError):
        await client.responses.input_tokens.count(model="no-such", input="x")


@pytest.mark.parametrize("streamed", [False, True])
async def test_how_likely_each_token_was_is_told_as_a_completion_tells_it(client: AsyncOpenAI, caller: Caller, streamed: bool) -> None:
    asked: dict[str, Any] = {"model": "simulated/chat", "input": "Say hello.", "temperature": 0}
    asked |= {"include": ["message.output_text.logprobs"], "top_logprobs": 2}
    told_on_the_way: list[str] = []
    if streamed:
        async with client.responses.stream(**asked) as stream:
            async for event in stream:
                if event.type == "response.output_text.delta":
                    told_on_the_way += [one.token for one in event.logprobs]
            answer = await stream.get_final_response()
    else:
        answer = await client.responses.create(**asked)
    [part] = answer.output[0].content  # type: ignore[union-attr]
    assert part.type == "output_text" and part.logprobs
    assert "".join(one.token for one in part.logprobs) == answer.output_text
    assert not streamed or told_on_the_way == [one.token for one in part.logprobs]
    kept = (await caller("GET", f"/v1/executions/{answer.id}")).body["settings"]
    assert (answer.top_logprobs, kept["logprobs"], kept["top_logprobs"]) == (2, True, 2)


@pytest.mark.parametrize(("given", "param"), [({"top_logprobs": 21}, "top_logprobs"), ({"include": "all"}, "include")])
async def test_a_wrong_wish_for_probabilities_is_refused_by_its_name(client: AsyncOpenAI, given: dict[str, Any], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        await client.responses.create(model="simulated/chat", input="Say hello.", extra_body=given)
    assert refused.value.param == param


async def test_an_answer_says_how_it_was_asked_for_also_when_it_is_repeated(client: AsyncOpenAI) -> None:
    asked: dict[str, Any] = {
        "model": "simulated/chat", "input": "Say hello.", "metadata": {"order": "7"}, "temperature": 0.5, "top_p": 0.5, "user": "u-2",
        "max_output_tokens": 60, "parallel_tool_calls": False, "text": {"verbosity": "low"}, "reasoning": {"effort": "low"},
        "extra_headers": {"Idempotency-Key": "says-how-it-was-asked"},
    }  # fmt: skip
    first, again = await client.responses.create(**asked), await client.responses.create(**asked)
    for told in (first, again):
        assert (told.metadata, told.temperature, told.top_p, told.user) == ({"order": "7"}, 0.5, 0.5, "u-2")
        assert (told.max_output_tokens, told.parallel_tool_calls) == (60, False)
        assert told.text is not None and told.text.verbosity == "low" and told.text.format is not None and told.text.format.type == "text"
        assert told.reasoning is not None and told.reasoning.effort == "low"
    assert first.to_json() == again.to_json()
    async with client.responses.stream(model="simulated/chat", input="Say hello.", metadata={"order": "8"}) as stream:
        heads = [event.response.metadata async for event in stream if event.type in ("response.created", "response.completed")]
    assert heads == [{"order": "8"}, {"order": "8"}]


@pytest.mark.parametrize("streamed", [False, True])
async def test_an_item_of_an_answer_may_be_named_by_its_id(client: AsyncOpenAI, tool_caller: ToolCaller, streamed: bool) -> None:
    """As Vercel's AI SDK sends the model's own words in the second turn, because OpenAI keeps them."""
    if streamed:
        async with client.responses.stream(model="own/tools", input="Hi.") as stream:
            first = await stream.get_final_response()
    else:
        first = await client.responses.create(model="own/tools", input="Hi.")
    called = await client.responses.create(model="own/tools", input="And now?", tools=[TOOL])  # type: ignore[list-item]
    call = called.output[0]
    assert call.type == "function_call"
    turns = [
        {"role": "user", "content": "Hi."},
        {"type": "item_reference", "id": first.output[0].id},
        {"role": "user", "content": "And now?"},
        {"id": call.id},
        {"type": "function_call_output", "call_id": call.call_id, "output": "rain"},
    ]
    counted = await client.responses.input_tokens.count(model="own/tools", input=turns)  # type: ignore[arg-type]
    second = await client.responses.create(model="own/tools", input=turns, tools=[TOOL])  # type: ignore[arg-type]
    assert "rain" in second.output_text and counted.input_tokens > 20
    sent = tool_caller.bodies[-1]["messages"]
    assert [one["role"] for one in sent] == ["user", "assistant", "user", "assistant", "tool"]
    assert sent[1]["content"] == first.output_text
    assert json.loads(sent[3]["tool_calls"][0]["function"]["arguments"]) == {"city": "Zürich"}
    assert sent[3]["tool_calls"][0]["id"] == call.call_id


async def test_an_id_alone_opens_no_text_to_a_stranger(client: AsyncOpenAI, caller: Caller, stack: Stack) -> None:
    """Another workspace's id is as one that is not there, and a key that may not read texts is not given them by their ids."""
    said = (await client.responses.create(model="simulated/chat", input="Say hello.")).output[0].id
    body = {"model": "simulated/chat", "input": [{"type": "item_reference", "id": said}, {"role": "user", "content": "Again."}]}
    foreign = await (await stack.caller())("POST", "/v1/responses", body)
    assert foreign.status == 400 and foreign.body["error"]["param"] == "input[0].id"
    narrow = (await caller("POST", "/v1/api-keys", {"name": "narrow", "scopes": ["executions:write"]})).body["key"]
    refused = await dataclasses.replace(caller, key=narrow)("POST", "/v1/responses", body)
    assert refused.status == 403 and "executions:read" in refused.body["error"]["message"]
    assert (await caller("POST", "/v1/responses", body)).status == 200
