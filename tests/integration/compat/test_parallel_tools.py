"""Several tools called in one answer, whole and in pieces, and answered in a second round: the three APIs, by their own clients."""

import json
from typing import Any

import pytest
import pytest_asyncio
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from tests.embedded.stack import Caller
from tests.fakes.tool_caller import ToolCaller

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E2")]

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
CHAT_TOOL: Any = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA, "strict": True}}
ASKED: Any = [{"role": "user", "content": "How is the weather here and there?"}]
ARGUMENTS = {"city": "Zürich"}
BOTH = [("call_1", ARGUMENTS), ("call_2", ARGUMENTS)]


@pytest_asyncio.fixture(loop_scope="session", params=["in turns", "one by one"])
async def parallel(tool_caller: ToolCaller, request: pytest.FixtureRequest) -> ToolCaller:
    tool_caller.parallel = 2
    tool_caller.interleaved = request.param == "in turns"
    return tool_caller


def assert_second_round(provider: ToolCaller) -> None:
    """The provider got one turn with both calls, and a result for each."""
    turns = provider.bodies[-1]["messages"]
    assert [one["role"] for one in turns] == ["user", "assistant", "tool", "tool"]
    assert [(one["id"], json.loads(one["function"]["arguments"])) for one in turns[1]["tool_calls"]] == BOTH
    assert [(one["tool_call_id"], one["content"]) for one in turns[2:]] == [("call_1", "rain 1"), ("call_2", "rain 2")]


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_chat_completion_calls_two_and_gets_both_results(client: AsyncOpenAI, parallel: ToolCaller, streamed: bool) -> None:
    if streamed:
        pieces: dict[int, dict[str, str]] = {}
        async for chunk in await client.chat.completions.create(model="own/tools", messages=ASKED, tools=[CHAT_TOOL], stream=True):
            for delta in (chunk.choices[0].delta.tool_calls or []) if chunk.choices else []:
                one = pieces.setdefault(delta.index, {"id": delta.id or "", "arguments": ""})
                one["arguments"] += (delta.function and delta.function.arguments) or ""
        called = [(one["id"], one["arguments"]) for one in pieces.values()]
    else:
        answer = await client.chat.completions.create(model="own/tools", messages=ASKED, tools=[CHAT_TOOL])
        made: Any = answer.choices[0].message.tool_calls
        called = [(one.id, one.function.arguments) for one in made]
    assert [(call, json.loads(arguments)) for call, arguments in called] == BOTH
    calls = [{"id": call, "type": "function", "function": {"name": "weather", "arguments": arguments}} for call, arguments in called]
    results = [{"role": "tool", "tool_call_id": f"call_{n}", "content": f"rain {n}"} for n in (1, 2)]
    turns: Any = [*ASKED, {"role": "assistant", "tool_calls": calls}, *results]
    second = await client.chat.completions.create(model="own/tools", messages=turns, tools=[CHAT_TOOL])
    assert second.choices[0].message.content == "It says: rain 2"
    assert_second_round(parallel)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("by_id", [False, True])
async def test_a_response_calls_two_and_gets_both_results(client: AsyncOpenAI, parallel: ToolCaller, streamed: bool, by_id: bool) -> None:
    tool: Any = {"type": "function", "name": "weather", "parameters": SCHEMA, "strict": True}
    if streamed:
        async with client.responses.stream(model="own/tools", input=ASKED, tools=[tool]) as stream:
            first: Any = await stream.get_final_response()
    else:
        first = await client.responses.create(model="own/tools", input=ASKED, tools=[tool])
    assert [(one.call_id, json.loads(one.arguments)) for one in first.output] == BOTH
    results: Any = [{"type": "function_call_output", "call_id": f"call_{n}", "output": f"rain {n}"} for n in (1, 2)]
    if by_id:
        second = await client.responses.create(model="own/tools", previous_response_id=first.id, input=results, tools=[tool])
    else:
        said = [one.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for one in first.output]
        second = await client.responses.create(model="own/tools", input=[*ASKED, *said, *results], tools=[tool])
    assert second.output_text == "It says: rain 2"
    assert_second_round(parallel)


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_message_calls_two_and_gets_both_results(caller: Caller, parallel: ToolCaller, streamed: bool) -> None:
    tool: Any = {"name": "weather", "input_schema": SCHEMA}
    settings: Any = {"model": "own/tools", "max_tokens": 100, "tools": [tool]}
    async with AsyncAnthropic(base_url=caller.url, api_key=caller.key, max_retries=0) as claude:
        if streamed:
            async with claude.messages.stream(messages=ASKED, **settings) as stream:
                first: Any = await stream.get_final_message()
        else:
            first = await claude.messages.create(messages=ASKED, **settings)
        assert [(one.id, one.input) for one in first.content] == BOTH and first.stop_reason == "tool_use"
        results = [{"type": "tool_result", "tool_use_id": f"call_{n}", "content": f"rain {n}"} for n in (1, 2)]
        turns = [*ASKED, {"role": "assistant", "content": first.content}, {"role": "user", "content": results}]
        second: Any = await claude.messages.create(messages=turns, **settings)
        assert second.content[0].text == "It says: rain 2"
        assert_second_round(parallel)
        one = await claude.messages.create(messages=ASKED, **settings, tool_choice={"type": "any", "disable_parallel_tool_use": True})
    assert len(one.content) == 1 and parallel.bodies[-1]["parallel_tool_calls"] is False
