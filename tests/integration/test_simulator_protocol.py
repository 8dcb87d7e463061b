"""The simulator as seen by the unmodified `openai` package and by plain HTTP."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import openai
import pytest
import pytest_asyncio
import structlog
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from burnish_simulator.app import Simulator, main, serve
from burnish_simulator.settings import SimulatorSettings

pytestmark = pytest.mark.capability("E2")

TASK: list[ChatCompletionMessageParam] = [
    {"role": "system", "content": "Choose one of: billing, shipping\n- shipping: parcel, courier\nAnswer with just the name."},
    {"role": "user", "content": "Where is my parcel?"},
]
HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello there"}]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def simulator() -> AsyncIterator[Simulator]:
    async with serve() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(simulator: Simulator) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{simulator.url}/v1", api_key="any", max_retries=0, timeout=60) as ready:
        yield ready


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def http(simulator: Simulator) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(simulator.url, timeout=aiohttp.ClientTimeout(total=60)) as ready:
        yield ready


async def chunks_of(client: openai.AsyncOpenAI, **request: Any) -> list[ChatCompletionChunk]:
    return [chunk async for chunk in await client.chat.completions.create(stream=True, **request)]


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


async def test_a_buffered_answer_has_usage_finish_reason_and_says_that_it_is_simulated(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model="reader", messages=TASK)
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == ("shipping", "stop")
    assert answer.id.startswith("chatcmpl-") and answer.object == "chat.completion" and answer.model == "reader"
    assert answer.usage and answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.completion_tokens == 2
    assert (answer.model_extra or {})["simulated"] is True


async def test_a_streamed_answer_is_the_buffered_one_in_chunks_with_usage_at_the_end(client: openai.AsyncOpenAI) -> None:
    buffered = await client.chat.completions.create(model="chat", messages=HELLO)
    chunks = await chunks_of(client, model="chat", messages=HELLO, stream_options={"include_usage": True})
    assert text_of(chunks) == buffered.choices[0].message.content
    assert len(chunks) > 10 and len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage == buffered.usage and not chunks[-1].choices
    assert all((chunk.model_extra or {})["simulated"] is True for chunk in chunks)


async def test_a_stream_has_no_usage_unless_asked(client: openai.AsyncOpenAI) -> None:
    assert all(chunk.usage is None for chunk in await chunks_of(client, model="chat", messages=HELLO))


async def test_an_answer_is_cut_at_the_token_limit_and_at_stops(client: openai.AsyncOpenAI) -> None:
    short = await client.chat.completions.create(model="chat", messages=HELLO, max_completion_tokens=3, max_tokens=9)
    assert (short.choices[0].message.content, short.choices[0].finish_reason) == ("Thank you fo", "length")
    assert short.usage and short.usage.completion_tokens == 3
    stopped = await client.chat.completions.create(model="chat", messages=HELLO, stop=["nowhere", " asking"])
    assert (stopped.choices[0].message.content, stopped.choices[0].finish_reason) == ("Thank you for", "stop")


@pytest.mark.parametrize("model", ["reader", "writer", "judge", "chat"])
async def test_json_mode_answers_with_an_object(client: openai.AsyncOpenAI, model: str) -> None:
    answer = await client.chat.completions.create(model=model, messages=TASK, response_format={"type": "json_object"})
    assert isinstance(json.loads(answer.choices[0].message.content or ""), dict)


async def test_a_json_schema_is_followed(client: openai.AsyncOpenAI) -> None:
    schema: dict[str, object] = {
        "type": "object",
        "properties": {"queue": {"type": "string", "enum": ["billing", "shipping"]}},
        "required": ["queue"],
    }
    answer = await client.chat.completions.create(
        model="reader",
        messages=TASK,
        response_format={"type": "json_schema", "json_schema": {"name": "queue", "schema": schema}},
    )
    assert json.loads(answer.choices[0].message.content or "") == {"queue": "shipping"}


def tool(name: str, **properties: Any) -> Any:
    return {"type": "function", "function": {"name": name, "strict": True, "parameters": {"type": "object", "properties": properties}}}


QUEUE: Any = {"type": "string", "enum": ["billing", "shipping"]}


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "sort"}}])
@pytest.mark.parametrize("model", ["reader", "chat", "writer", "judge"])
async def test_a_tool_that_must_be_called_is_called_with_what_its_schema_asks(client: openai.AsyncOpenAI, model: str, choice: Any) -> None:
    asked = {"model": model, "messages": TASK, "tools": [tool("sort", queue=QUEUE, times={"type": "integer"})], "tool_choice": choice}
    answer = await client.chat.completions.create(**asked)
    (call,) = answer.choices[0].message.tool_calls or []
    assert (answer.choices[0].finish_reason, answer.choices[0].message.content) == ("tool_calls", None)
    said = json.loads(call.function.arguments)
    assert call.function.name == "sort" and said["queue"] in QUEUE["enum"] and said["times"] == 0
    if model == "reader":
        assert said["queue"] == "shipping"
    async with client.chat.completions.stream(**asked) as stream:
        streamed = await stream.get_final_completion()
    (again,) = streamed.choices[0].message.tool_calls or []
    assert (again.function.name, json.loads(again.function.arguments)) == ("sort", said) and streamed.choices[
        0
    ].finish_reason == "tool_calls"


async def test_tools_are_offered_and_nobody_names_one(client: openai.AsyncOpenAI) -> None:
    for model in ("reader", "chat"):
        answer = await client.chat.completions.create(model=model, messages=TASK, tools=[tool("look_up")], tool_choice="auto")
        assert answer.choices[0].message.content and answer.choices[0].message.tool_calls is None


async def test_chat_calls_the_tools_that_it_is_asked_to_and_says_what_they_answered(client: openai.AsyncOpenAI) -> None:
    tools = [tool("get_time"), tool("get_weather", city={"type": "string"}), tool("get_weather_map")]
    messages: Any = [{"role": "user", "content": "What do get_weather and get_time say of Rome?"}]
    first = await client.chat.completions.create(model="chat", messages=messages, tools=tools)
    calls = first.choices[0].message.tool_calls or []
    assert [call.function.name for call in calls] == ["get_weather", "get_time"] and len({call.id for call in calls}) == 2
    assert json.loads(calls[0].function.arguments) == {"city": messages[0]["content"]}
    single = await client.chat.completions.create(model="chat", messages=messages, tools=tools, parallel_tool_calls=False)
    assert len(single.choices[0].message.tool_calls or []) == 1
    messages += [first.choices[0].message.model_dump(exclude_none=True)]
    messages += [{"role": "tool", "tool_call_id": call.id, "content": text} for call, text in zip(calls, ("sunny", "noon"), strict=True)]
    second = await client.chat.completions.create(model="chat", messages=messages, tools=tools)
    assert second.choices[0].message.tool_calls is None
    told: Any = {"role": "system", "content": "The date is 2026-11-30."}
    behind = await client.chat.completions.create(model="chat", messages=[*messages[:1], told], tools=tools)
    assert len(behind.choices[0].message.tool_calls or []) == 2
    answered = await client.chat.completions.create(model="chat", messages=[*messages, told], tools=tools)
    assert answered.choices[0].message.tool_calls is None
    assert "“sunny”. A tool answered: “noon”." in (second.choices[0].message.content or "")


async def test_an_agent_that_must_call_a_tool_each_turn_comes_to_its_end(client: openai.AsyncOpenAI) -> None:
    """pydantic-ai, LangChain's agents and smolagents force a call in each turn, and offer the one that ends them last."""
    tools = [tool("look_up", what={"type": "string"}), tool("look_around"), tool("final_result", said={"type": "string"})]
    messages: Any = [{"role": "user", "content": "Where is my parcel? Take look_around."}]
    called = []
    for _ in range(2):
        answer = await client.chat.completions.create(model="chat", messages=messages, tools=tools, tool_choice="required")
        (call,) = answer.choices[0].message.tool_calls or []
        called.append(call.function.name)
        messages += [answer.choices[0].message.model_dump(exclude_none=True), {"role": "tool", "tool_call_id": call.id, "content": "here"}]
    assert called == ["look_around", "final_result"]


BOMB: Any = {"type": "object", "properties": {name: {"$ref": "#"} for name in "abcdef"}}


@pytest.mark.parametrize("schema", [BOMB, {"type": "string", "maxLength": "5"}])
async def test_a_schema_that_nobody_can_fill_is_refused_by_name(client: openai.AsyncOpenAI, schema: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="simulated model") as caught:
        named = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
        await client.chat.completions.create(model="chat", messages=HELLO, response_format=named)
    assert caught.value.param == "response_format"
    given = {
        "type": "function",
        "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": schema, **BOMB["properties"]}}},
    }
    with pytest.raises(openai.BadRequestError, match="simulated model") as caught:
        await client.chat.completions.create(model="chat", messages=HELLO, tools=[given], tool_choice="required")
    assert caught.value.param == "tools"


async def test_a_message_that_names_very_many_tools_is_answered_with_a_few_calls(client: openai.AsyncOpenAI) -> None:
    tools = [tool(f"tool_{n}", what={"type": "string"}) for n in range(200)]
    messages: Any = [{"role": "user", "content": " ".join(f"tool_{n}" for n in range(200))}]
    answer = await client.chat.completions.create(model="chat", messages=messages, tools=tools)
    assert [call.function.name for call in answer.choices[0].message.tool_calls or []] == [f"tool_{n}" for n in range(8)]


async def test_a_limit_of_tokens_cuts_a_call(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="chat", messages=HELLO, tools=[tool("note", text={"type": "string"})], tool_choice="required", max_completion_tokens=3
    )
    (call,) = answer.choices[0].message.tool_calls or []
    assert (answer.choices[0].finish_reason, len(call.function.name + call.function.arguments)) == ("length", 12)


@pytest.mark.parametrize(
    "choice", ["always", {"type": "function", "function": {"name": "other"}}, {"type": "function"}, 3, {"function": {"name": ["f"]}}]
)
async def test_a_choice_of_no_tool_is_refused(client: openai.AsyncOpenAI, choice: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="tool_choice"):
        await client.chat.completions.create(model="chat", messages=HELLO, tools=[tool("look_up")], tool_choice=choice)
    with pytest.raises(openai.BadRequestError, match="only allowed when tools"):
        await client.chat.completions.create(model="chat", messages=HELLO, tool_choice="required")


async def test_only_the_text_of_the_messages_counts(simulator: Simulator) -> None:
    """Key, user, ids, metadata and the time change nothing; parts of text are text."""
    parts: Any = [{"role": "system", "content": [{"type": "text", "text": TASK[0]["content"]}]}, TASK[1]]
    async with openai.AsyncOpenAI(base_url=f"{simulator.url}/v1", api_key="another", max_retries=0) as other:
        answers = [
            await other.chat.completions.create(model="simulated/reader", messages=TASK, user="u1", metadata={"expected": "billing"}),
            await other.chat.completions.create(model="reader", messages=parts, extra_headers={"x-ticket-id": "sr-d-test-001"}),
        ]
    assert {answer.choices[0].message.content for answer in answers} == {"shipping"}


async def test_a_seed_repeats_an_answer_at_a_temperature(client: openai.AsyncOpenAI) -> None:
    asked = [
        (await client.chat.completions.create(model="reader", messages=TASK, temperature=2, seed=seed)).choices[0].message.content
        for seed in [*range(30), *range(30)]
    ]
    assert asked[:30] == asked[30:] and len(set(asked)) == 2


@pytest.mark.parametrize(
    ("change", "error", "code", "param"),
    [
        ({"model": "gpt-9"}, openai.NotFoundError, "model_not_found", "model"),
        ({"model": "fault/unheard_of"}, openai.BadRequestError, "unknown_fault", "fault"),
        ({"messages": []}, openai.BadRequestError, "invalid_value", "messages"),
        ({"messages": [{"role": "narrator", "content": "x"}]}, openai.BadRequestError, "invalid_value", "messages[0].role"),
        ({"messages": [{"role": "user", "content": "x" * 1_100_000}]}, openai.BadRequestError, "context_length_exceeded", "messages"),
        ({"temperature": 3}, openai.BadRequestError, "invalid_value", "temperature"),
        ({"max_tokens": 0}, openai.BadRequestError, "invalid_value", "max_tokens"),
        ({"n": 33}, openai.BadRequestError, "invalid_value", "n"),
        ({"stream": "yes"}, openai.BadRequestError, "invalid_value", "stream"),
        ({"stream_options": {"include_usage": True}}, openai.BadRequestError, "invalid_value", "stream_options"),
        ({"stop": ["a"] * 5}, openai.BadRequestError, "invalid_value", "stop.list[constrained-str]"),
    ],
)
async def test_bad_requests_are_refused_in_the_format_of_openai(
    client: openai.AsyncOpenAI, change: dict[str, Any], error: type[openai.APIStatusError], code: str, param: str
) -> None:
    body: Any = {"model": "chat", "messages": HELLO} | change
    with pytest.raises(error) as refused:
        await client.post("/chat/completions", body=body, cast_to=object)
    assert refused.value.code == code
    assert param.split(".", maxsplit=1)[0] in (refused.value.param or "")


async def test_bodies_that_are_no_json_or_too_large_and_unknown_urls_get_json_errors(http: aiohttp.ClientSession) -> None:
    for method, url, body, status in (
        ("POST", "/v1/chat/completions", b"{", 400),
        ("POST", "/v1/chat/completions", b" " * (17 * 2**20), 413),
        ("GET", "/v1/chat/completions", b"", 405),
        ("GET", "/v1/nowhere", b"", 404),
    ):
        async with http.request(method, url, data=body) as answer:
            error = await answer.json()
        assert answer.status == status and error["error"]["message"] and error["simulated"] is True


async def test_the_models_are_listed(client: openai.AsyncOpenAI) -> None:
    names = [model.id async for model in client.models.list()]
    assert {"reader", "writer", "judge", "chat", "fault/cut"} <= set(names)
    assert (await client.models.retrieve("fault/cut")).owned_by == "burnish-simulator"
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("gpt-9")


async def test_counters_show_how_often_each_model_was_called(http: aiohttp.ClientSession, client: openai.AsyncOpenAI) -> None:
    async def counters() -> dict[str, Any]:
        async with http.get("/counters") as answer:
            counts: dict[str, Any] = await answer.json()
            return counts

    before = await counters()
    assert await counters() == before, "looking does not count"
    await client.chat.completions.create(model="judge", messages=HELLO)
    await chunks_of(client, model="chat", messages=HELLO)
    after = await counters()
    assert after["total"] == before["total"] + 2
    assert after["requests"]["judge"] == before["requests"].get("judge", 0) + 1
    assert after["streamed"] == before["streamed"] + 1 and after["open"] == 0
    assert after["answer_bytes"] > before["answer_bytes"] and after["request_bytes"] > before["request_bytes"]
    async with http.get("/metrics") as answer:
        assert f'burnish_simulator_requests_total{{model="judge"}} {after["requests"]["judge"]}.0' in await answer.text()
    for url in ("/healthz", "/readyz"):
        async with http.get(url) as answer:
            assert answer.status == 200


async def test_latency_is_waited_only_when_asked_for(client: openai.AsyncOpenAI) -> None:
    times: dict[str, list[float]] = {}
    for asked in ("off", "10"):
        for _ in range(3):
            started = time.perf_counter()
            await client.chat.completions.create(model="reader", messages=TASK, extra_headers={"x-simulated-latency": asked})
            times.setdefault(asked, []).append(time.perf_counter() - started)
    assert min(times["off"]) < 1.2 <= min(times["10"])
    started = time.perf_counter()
    await chunks_of(client, model="reader", messages=TASK, extra_headers={"x-simulated-latency": "0.5"})
    assert time.perf_counter() - started > 0.06
    with pytest.raises(openai.BadRequestError):
        await client.chat.completions.create(model="reader", messages=TASK, extra_headers={"x-simulated-latency": "soon"})


async def test_main_serves_until_it_is_told_to_stop() -> None:
    stop = asyncio.Event()
    with structlog.testing.capture_logs() as logged:
        serving = asyncio.create_task(main(stop, SimulatorSettings(port=0)))
        async with asyncio.timeout(60):
            while not logged:
                await asyncio.sleep(0.01)
            async with aiohttp.ClientSession() as session, session.get(f"{logged[0]['url']}/healthz") as answer:
                assert answer.status == 200
            stop.set()
            await serving
    assert [line["event"] for line in logged] == ["simulator.ready"]


async def test_the_command_says_when_it_is_ready_and_stops_on_a_signal() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "burnish_simulator", "--host", "127.0.0.1", "--port", "0",
        stderr=asyncio.subprocess.PIPE, env=os.environ | {"BURNISH_SIMULATOR_PORT": "1"},
    )  # fmt: skip
    assert process.stderr
    async with asyncio.timeout(60):
        while (line := json.loads(await process.stderr.readline()))["event"] != "simulator.ready":
            pass
        assert not line["url"].endswith(":1")
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
