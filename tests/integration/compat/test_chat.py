"""Chat completions through OpenAI's own client, unmodified."""

import asyncio
import json
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from tests.embedded.stack import Caller, Stack
from tests.fakes.tool_caller import ToolCaller
from tests.integration.compat.simulator import counters, fault

pytestmark = pytest.mark.capability("E2")

HELLO: Any = [{"role": "user", "content": "Say hello to Ada."}]
SCHEMA = {"type": "object", "properties": {"label": {"type": "string"}}, "required": ["label"], "additionalProperties": False}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
WEATHER: Any = [{"type": "function", "function": {"name": "weather", "strict": True, "parameters": CITY}}]
PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


async def text_of(stream: Any) -> str:
    return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])


async def test_a_buffered_answer_is_the_execution_that_was_booked(client: AsyncOpenAI, caller: Caller) -> None:
    raw = await client.chat.completions.with_raw_response.create(
        model="simulated/chat", messages=HELLO, temperature=0, max_tokens=50, user="u1", metadata={"plan": "pro", "session_id": "s1"}
    )
    answer = raw.parse()
    booked = (await caller("GET", f"/v1/executions/{answer.id}")).body
    assert answer.object == "chat.completion" and answer.model == booked["model"] == "simulated/chat"
    assert answer.choices[0].message.content == booked["output"] != ""
    assert answer.choices[0].finish_reason == booked["finish_reason"] == "stop"
    assert answer.usage is not None and answer.usage.total_tokens == booked["usage"]["input_tokens"] + booked["usage"]["output_tokens"]
    assert answer.usage.model_extra is not None and answer.usage.model_extra["cost_nusd"] == booked["cost_nusd"] > 0
    assert answer.model_extra is not None and answer.model_extra["simulated"] is True
    assert raw.headers["x-execution-id"] == answer.id and raw.headers["x-burnish-simulated"] == "true"
    assert (booked["user_id"], booked["session_id"], booked["metadata"]["plan"]) == ("u1", "s1", "pro")
    assert booked["settings"]["max_tokens"] == 50 and "user" not in booked["settings"]


async def test_a_stream_carries_the_same_text_then_usage_with_cost_then_ends_once(client: AsyncOpenAI, caller: Caller) -> None:
    stream = await client.chat.completions.create(
        model="simulated/chat", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert {(chunk.id, chunk.object, chunk.model) for chunk in chunks} == {(chunks[0].id, "chat.completion.chunk", "simulated/chat")}
    assert all(chunk.model_extra and chunk.model_extra["simulated"] for chunk in chunks)
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]] == [None] * (len(chunks) - 2) + ["stop"]
    booked = (await caller("GET", f"/v1/executions/{chunks[0].id}")).body
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == booked["output"]
    usage = chunks[-1].usage
    assert chunks[-1].choices == [] and usage is not None and usage.completion_tokens == booked["usage"]["output_tokens"]
    assert usage.model_extra is not None and usage.model_extra["cost_nusd"] == booked["cost_nusd"]
    assert all(chunk.usage is None for chunk in chunks[:-1])


@pytest.mark.promise("G-13")
async def test_without_include_usage_the_bytes_of_a_stream_hold_none_and_one_done(stack: Stack, caller: Caller) -> None:
    answer = await caller("POST", "/v1/chat/completions", {"model": "simulated/chat", "messages": HELLO, "stream": True})
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/event-stream")
    events = answer.raw.decode().split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""] and answer.raw.count(b"[DONE]") == 1
    assert all("usage" not in json.loads(event.removeprefix("data: ")) for event in events[:-2])


async def test_the_synchronous_client_works_from_many_threads(caller: Caller) -> None:
    with OpenAI(base_url=f"{caller.url}/v1", api_key=caller.key, max_retries=0) as client:

        def ask(number: int) -> str:
            messages: Any = [{"role": "user", "content": f"Say {number}."}]
            if number % 2:
                return client.chat.completions.create(model="simulated/chat", messages=messages).choices[0].message.content or ""
            stream = client.chat.completions.create(model="simulated/chat", messages=messages, stream=True)
            return "".join(chunk.choices[0].delta.content or "" for chunk in stream)

        answers = await asyncio.gather(*(asyncio.to_thread(ask, number) for number in range(8)))
    assert [str(number) in answer for number, answer in enumerate(answers)] == [True] * 8


async def test_json_mode_and_a_json_schema_give_json(client: AsyncOpenAI) -> None:
    free = await client.chat.completions.create(model="simulated/chat", messages=HELLO, response_format={"type": "json_object"})
    assert isinstance(json.loads(free.choices[0].message.content or ""), dict)
    fitting = await client.chat.completions.create(
        model="simulated/chat",
        messages=HELLO,
        response_format={"type": "json_schema", "json_schema": {"name": "label", "schema": SCHEMA, "strict": True}},
    )
    assert set(json.loads(fitting.choices[0].message.content or "")) == {"label"}


async def test_stop_and_seed_reach_the_model(client: AsyncOpenAI) -> None:
    cut = await client.chat.completions.create(model="simulated/chat", messages=HELLO, stop=["hello"], seed=7)
    assert "hello" not in (cut.choices[0].message.content or "")


async def test_tools_are_accepted_by_a_model_that_never_calls_them(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model="simulated/chat", messages=HELLO, tools=WEATHER, tool_choice="auto")
    assert answer.choices[0].message.tool_calls is None and answer.choices[0].message.content


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_tool_is_called_and_its_result_answered(
    client: AsyncOpenAI, caller: Caller, tool_caller: ToolCaller, streamed: bool
) -> None:
    messages: Any = [{"role": "user", "content": "What is the weather in Zürich?"}]
    if streamed:
        async with client.chat.completions.stream(model="own/tools", messages=messages, tools=WEATHER) as stream:
            first = await stream.get_final_completion()
    else:
        first = await client.chat.completions.create(model="own/tools", messages=messages, tools=WEATHER)
    calls = first.choices[0].message.tool_calls
    assert first.choices[0].finish_reason == "tool_calls" and calls is not None and len(calls) == 1
    assert calls[0].type == "function" and calls[0].function.name == "weather"
    assert json.loads(calls[0].function.arguments) == {"city": "Zürich"}
    assert (await caller("GET", f"/v1/executions/{first.id}")).body["tool_calls"][0]["id"] == calls[0].id
    messages += [first.choices[0].message, {"role": "tool", "tool_call_id": calls[0].id, "content": "21 degrees"}]
    second = await client.chat.completions.create(model="own/tools", messages=messages, tools=WEATHER)
    assert (
        "21 degrees" in (second.choices[0].message.content or "")
        and second.model_extra is not None
        and "simulated" not in second.model_extra
    )
    sent = tool_caller.bodies[-1]["messages"]
    assert sent[1]["tool_calls"][0]["function"]["name"] == "weather" and None not in [
        value for name, value in sent[1].items() if name != "content"
    ]
    assert second.usage is not None and second.usage.prompt_tokens_details is not None
    assert second.usage.prompt_tokens_details.cached_tokens == 8


async def test_a_whole_stored_tool_call_is_replayed_as_a_stream(client: AsyncOpenAI, tool_caller: ToolCaller) -> None:
    async def ask() -> list[Any]:
        stream = await client.chat.completions.create(
            model="own/tools", messages=HELLO, tools=WEATHER, stream=True, extra_headers={"Idempotency-Key": "tools"}
        )
        return [chunk async for chunk in stream]

    first, again = await ask(), await ask()
    assert len(tool_caller.bodies) == 1 and first[0].id == again[0].id
    [call] = [chunk.choices[0].delta.tool_calls[0] for chunk in again if chunk.choices[0].delta.tool_calls]
    assert call.index == 0 and json.loads(call.function.arguments) == {"city": "Zürich"}
    assert again[-1].choices[0].finish_reason == "tool_calls"


async def test_images_are_passed_on_as_content_parts(client: AsyncOpenAI, tool_caller: ToolCaller) -> None:
    parts: Any = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}}]
    simulated = await client.chat.completions.create(model="simulated/chat", messages=[{"role": "user", "content": parts}])
    assert simulated.choices[0].message.content
    await client.chat.completions.create(model="own/tools", messages=[{"role": "user", "content": parts}])
    assert tool_caller.bodies[-1]["messages"][0]["content"] == parts


async def test_models_are_listed_and_retrieved(client: AsyncOpenAI) -> None:
    listed = [model.id async for model in client.models.list()]
    assert "simulated/chat" in listed
    one = await client.models.retrieve("simulated/chat")
    assert one.id == "simulated/chat" and one.object == "model" and one.owned_by == "simulated"
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("simulated/absent")


@pytest.mark.promise("G-11")
@pytest.mark.capability("E3")
async def test_closing_a_stream_ends_the_call_of_the_provider_and_books_what_came(
    client: AsyncOpenAI, caller: Caller, stack: Stack
) -> None:
    before = await counters(stack)
    many: Any = [{"role": "user", "content": "Write 200 words."}]
    async with fault(stack, "slow_chunks,rate=3"):
        stream = await client.chat.completions.create(model="simulated/chat", messages=many, stream=True)
        seen = 0
        async for chunk in stream:
            seen += bool(chunk.choices[0].delta.content)
            if seen == 3:
                break
        await stream.close()
        async with asyncio.timeout(60):
            while (answer := await caller("GET", f"/v1/executions/{chunk.id}")).body.get("status") == "running":
                await asyncio.sleep(0.02)
            while (after := await counters(stack))["open"]:
                await asyncio.sleep(0.02)
    read = answer.body
    assert answer.status == 200 and read["status"] == "cancelled", read
    assert 0 < read["usage"]["output_tokens"] < 100 and read["cost_nusd"] > 0
    assert after["abandoned"] == before["abandoned"] + 1


@pytest.mark.promise("G-02")
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/executions"])
async def test_a_call_that_failed_under_a_key_tells_clients_not_to_repeat_it(caller: Caller, stack: Stack, path: str) -> None:
    """The key has its answer for good: they would wait, and hear the same."""
    body = {"model": "simulated/chat", "messages": HELLO, "fallback_models": []}
    async with fault(stack, "malformed"):
        free = await caller("POST", path, body)
        first = await caller("POST", path, body, headers={"Idempotency-Key": f"spent {path}".replace(" ", "-")})
    again = await caller("POST", path, body, headers={"Idempotency-Key": f"spent {path}".replace(" ", "-")})
    assert (free.status, free.headers.get("x-should-retry") != "false", free.body["error"]["retryable"]) == (502, True, True)
    assert (first.status, first.headers["x-should-retry"]) == (again.status, again.headers["x-should-retry"]) == (502, "false")
    assert again.headers["idempotent-replayed"] == "true"
    assert first.body["error"]["retryable"] is again.body["error"]["retryable"] is False


@pytest.mark.promise("G-02", "G-04")
async def test_a_repeat_with_one_idempotency_key_gets_the_same_bytes_and_another_body_is_refused(client: AsyncOpenAI, stack: Stack) -> None:
    before = await counters(stack)
    ask = client.chat.completions.with_raw_response.create
    key = {"Idempotency-Key": "k1"}
    first = await ask(model="simulated/chat", messages=HELLO, extra_headers=key)
    again = await ask(model="simulated/chat", messages=HELLO, extra_headers=key)
    assert first.content == again.content and "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true" and again.headers["x-execution-id"] == first.headers["x-execution-id"]
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        await ask(model="simulated/chat", messages=HELLO, seed=1, extra_headers=key)
    assert refused.value.code == "idempotency_mismatch"
    assert (await counters(stack))["total"] == before["total"] + 1


@pytest.mark.promise("G-02")
async def test_a_streamed_repeat_gets_the_stored_text_as_a_short_stream(client: AsyncOpenAI) -> None:
    async def ask() -> tuple[str, str]:
        stream = await client.chat.completions.create(
            model="simulated/chat", messages=HELLO, stream=True, extra_headers={"Idempotency-Key": "k2"}
        )
        return await text_of(stream), stream.response.headers["x-execution-id"]

    assert await ask() == await ask()


async def test_headers_come_while_the_model_is_still_silent(client: AsyncOpenAI, stack: Stack) -> None:
    async with fault(stack, "slow,s=5"):
        stream = await client.chat.completions.create(model="simulated/chat", messages=HELLO, stream=True)
        async with asyncio.timeout(60):  # Who waited for the model sees none open any more.
            while (await counters(stack))["open"] != 1:
                await asyncio.sleep(0.01)
        assert stream.response.headers["x-execution-id"] and stream.response.headers["x-burnish-model"] == "simulated/chat"
        assert await text_of(stream)
