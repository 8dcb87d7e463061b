"""OpenAI's older format through its own client, unmodified: a text goes out as a user's message."""

import json
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from tests.embedded.stack import Caller, Stack
from tests.fakes.tool_caller import ToolCaller
from tests.integration.compat.simulator import fault

pytestmark = pytest.mark.capability("E2")


async def test_a_text_is_answered_and_recorded(client: AsyncOpenAI, caller: Caller) -> None:
    told = await client.completions.create(model="simulated/chat", prompt="Say hello to Ada.", max_tokens=50, user="u1")
    kept = (await caller("GET", f"/v1/executions/{told.id}")).body
    assert (told.object, told.model, told.choices[0].finish_reason) == ("text_completion", "simulated/chat", "stop")
    assert told.choices[0].text == kept["output"] != "" and kept["user_id"] == "u1"
    assert kept["messages"] == [{"role": "user", "content": "Say hello to Ada."}]
    assert told.usage is not None and told.usage.completion_tokens == kept["usage"]["output_tokens"]
    assert told.usage.model_extra is not None and told.usage.model_extra["cost_nusd"] == kept["cost_nusd"] > 0
    assert told.model_extra is not None and told.model_extra["simulated"] is True


@pytest.mark.parametrize("n", [None, 2])
async def test_a_stream_says_the_same_and_ends_once(client: AsyncOpenAI, caller: Caller, n: int | None) -> None:
    asked: Any = {"model": "simulated/chat", "prompt": ["Say hello to Ada."], "temperature": 0} | ({"n": n} if n else {})
    stream = await client.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    chunks = [chunk async for chunk in stream]
    assert {chunk.object for chunk in chunks} == {"text_completion"} and chunks[-1].usage is not None
    texts = [""] * (n or 1)
    for choice in (choice for chunk in chunks for choice in chunk.choices):
        texts[choice.index] += choice.text
    kept = (await caller("GET", f"/v1/executions/{chunks[0].id}")).body
    assert texts == ([one["output"] for one in kept["choices"]] if n else [kept["output"]]) and all(texts)
    ends = [choice.index for chunk in chunks for choice in chunk.choices if choice.finish_reason == "stop"]
    assert ends == list(range(n or 1))
    whole = await client.completions.create(**asked)
    assert [choice.text for choice in whole.choices] == texts


async def test_a_prompt_is_named_as_the_model_and_a_repeat_gets_the_same(client: AsyncOpenAI, caller: Caller) -> None:
    messages = [{"role": "system", "content": "Answer {{name}} kindly."}]
    assert (await caller("POST", "/v1/prompts", {"slug": "kind", "model": "simulated/chat", "messages": messages})).status == 201
    asked: Any = {"model": "burnish::prompt::kind@1", "prompt": "Where is my parcel?", "extra_body": {"variables": {"name": "Ada"}}}
    key = {"Idempotency-Key": "text-1"}
    first = await client.completions.with_raw_response.create(**asked, extra_headers=key)
    again = await client.completions.with_raw_response.create(**asked, extra_headers=key)
    assert first.content == again.content and again.headers["idempotent-replayed"] == "true"
    kept = (await caller("GET", f"/v1/executions/{first.parse().id}")).body
    assert [one["content"] for one in kept["messages"]] == ["Answer Ada kindly.", "Where is my parcel?"] and kept["prompt"] == "kind"


@pytest.mark.parametrize(
    ("body", "param", "said"),
    [
        ({"prompt": ["a", ""]}, "prompt[1]", "is needed"),
        ({"prompt": ["a"] * 129}, "prompt", "at most 128"),
        ({"prompt": ["a", "b"], "client_request_id": "x"}, "client_request_id", "several"),
        ({"prompt": ["a", "b"], "echo": True}, "echo", "yourself"),
        ({"prompt": ["a", 1]}, "prompt", "must be a text"),
        ({"prompt": [1, 2]}, "prompt", "must be a text"),
        ({"prompt": [None]}, "prompt", "must be a text"),
        ({"prompt": {"id": "kind"}}, "prompt", "burnish::prompt::SLUG"),
        ({"prompt": ""}, "prompt", "is needed"),
        ({}, "prompt", "is needed"),
        ({"prompt": "a", "echo": True}, "echo", "yourself"),
        ({"prompt": "a", "suffix": "b"}, "suffix", "by chat"),
        ({"prompt": "a", "logprobs": 1}, "logprobs", "/v1/chat/completions"),
        ({"prompt": "a", "logprobs": 0}, "logprobs", "/v1/chat/completions"),
        ({"prompt": "a", "best_of": 2}, "best_of", "choose"),
        ({"prompt": "a", "best_of": "3"}, "best_of", "choose"),
        ({"prompt": "a", "messages": []}, "messages", "/v1/chat/completions"),
        ({"prompt": "a", "temperature": 9}, "temperature", "2"),
    ],
)
async def test_what_only_a_bare_model_could_do_is_refused_by_name(caller: Caller, body: dict[str, Any], param: str, said: str) -> None:
    answer = await caller("POST", "/v1/completions", {"model": "simulated/chat", **body})
    assert (answer.status, answer.body["error"]["param"]) == (400, param) and said in answer.body["error"]["message"], answer.body


@pytest.mark.parametrize("n", [None, 2])
async def test_a_stream_and_its_repeat_end_once_and_say_nothing_after(caller: Caller, n: int | None) -> None:
    asked = {"model": "simulated/chat", "prompt": "Say hello to Ada.", "stream": True} | ({"n": n} if n else {})
    told = [await caller("POST", "/v1/completions", asked, headers={"idempotency-key": f"text-{n}"}) for _ in range(2)]
    for one in told:
        events = one.raw.decode().split("\n\n")
        assert events[-2:] == ["data: [DONE]", ""] and one.raw.count(b"[DONE]") == 1
    texts = [_texts(one.raw.decode(), n or 1) for one in told]
    assert texts[0] == texts[1] and all(texts[0])


def _texts(body: str, n: int) -> list[str]:
    texts = [""] * n
    for event in body.split("\n\n"):
        for choice in json.loads(event.removeprefix("data: "))["choices"] if event.startswith("data: {") else []:
            texts[choice["index"]] += choice["text"]
    return texts


async def test_a_stream_that_fails_on_its_way_ends_with_the_error_alone(stack: Stack, caller: Caller) -> None:
    async with fault(stack, "cut"):
        told = await caller(
            "POST", "/v1/completions", {"model": "simulated/chat", "prompt": "Hello", "stream": True, "fallback_models": []}
        )
    events = [one for one in told.raw.decode().split("\n\n") if one.startswith("data: ")]
    assert b"[DONE]" not in told.raw and json.loads(events[-1].removeprefix("data: "))["error"]["code"] and told.status == 200


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_call_of_a_tool_ends_as_the_format_knows(caller: Caller, tool_caller: ToolCaller, streamed: bool) -> None:
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
    prompt = {"slug": "weather", "model": "own/tools", "messages": [{"role": "system", "content": "Be short."}], "tools": [tool]}
    assert (await caller("POST", "/v1/prompts", prompt)).status == 201
    asked = {"model": "burnish::prompt::weather@1", "prompt": "Rain?", "stream": streamed}
    told = await caller("POST", "/v1/completions", asked)
    assert len(tool_caller.bodies) == 1 and told.status == 200, told.body
    assert b'"finish_reason":"stop"' in told.raw and b"tool_calls" not in told.raw


async def test_what_is_meant_as_nothing_is_taken(client: AsyncOpenAI) -> None:
    told = await client.completions.create(
        model="simulated/chat", prompt="Hi", echo=False, best_of=1, n=1, suffix=None, logprobs=None, max_tokens=5
    )
    assert told.choices[0].text
    with pytest.raises(openai.NotFoundError):
        await client.completions.create(model="no-such", prompt="Hi")
