"""A provider of Anthropic's format behind OpenAI's own client: text, streams, tools, keys, errors, and the same cost either way."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from anthropic import AsyncAnthropic
from openai import APIStatusError, AsyncOpenAI

from tests.embedded.stack import Caller
from tests.fakes.keyed_provider import Manner, serving_by_key
from tests.fakes.messages_provider import KEY, MessagesProvider, serving_messages

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E4")]

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}
ASKED = [{"role": "system", "content": "The oracle"}, {"role": "user", "content": "hello there"}]
COST_NUSD = 32 * 1000 + 8 * 100 + 10 * 5000
"""40 tokens of input, 8 of them cached, and 10 of output, at the prices below."""


@pytest_asyncio.fixture(loop_scope="session")
async def provider(caller: Caller) -> AsyncIterator[MessagesProvider]:
    """Known to the workspace as `own/claude`, with a key of the workspace for exactly its address."""
    async with serving_messages() as serving:
        facts = {
            "model": "own/claude", "provider": "anthropic", "upstream_model": "claude-test", "base_url": serving.base_url,
            "context_tokens": 200_000, "output_tokens": 8000, "input_price_nusd_per_million": 1_000_000_000,
            "cached_input_price_nusd_per_million": 100_000_000, "output_price_nusd_per_million": 5_000_000_000,
        }  # fmt: skip
        made = await caller("POST", "/v1/models", facts)
        assert made.status == 201, made.body
        added = await caller("POST", "/v1/provider-keys", {"provider": "anthropic", "name": "a", "key": KEY, "base_url": serving.base_url})
        assert added.status == 201, added.body
        tried = await caller("POST", f"/v1/provider-keys/{added.body['id']}/test")
        assert tried.body["works"] and tried.body["models"] == 1, tried.body
        yield serving


@pytest_asyncio.fixture(loop_scope="session")
async def claude(caller: Caller) -> AsyncIterator[AsyncAnthropic]:
    async with AsyncAnthropic(base_url=caller.url, api_key=caller.key, max_retries=0) as made:
        yield made


async def test_buffered_and_streamed_calls_say_and_cost_the_same(client: AsyncOpenAI, caller: Caller, provider: MessagesProvider) -> None:
    whole = await client.chat.completions.create(model="own/claude", messages=ASKED)  # type: ignore[arg-type]
    text, streamed_id = "", ""
    async for chunk in await client.chat.completions.create(model="own/claude", messages=ASKED, stream=True):  # type: ignore[arg-type]
        streamed_id = chunk.id
        text += chunk.choices[0].delta.content or "" if chunk.choices else ""
    assert whole.choices[0].message.content == text.strip() == "The oracle says: hello there"
    assert whole.choices[0].finish_reason == "stop"
    kept = [(await caller("GET", f"/v1/executions/{one.removeprefix('chatcmpl-')}")).body for one in (whole.id, streamed_id)]
    assert [one["cost_nusd"] for one in kept] == [COST_NUSD, COST_NUSD]
    assert [(one["usage"]["input_tokens"], one["usage"]["cached_input_tokens"], one["usage"]["source"]) for one in kept] == [
        (40, 8, "provider")
    ] * 2


async def test_tools_are_called_and_answered(client: AsyncOpenAI, provider: MessagesProvider) -> None:
    first = await client.chat.completions.create(model="own/claude", messages=ASKED, tools=[TOOL])  # type: ignore[arg-type]
    call = first.choices[0].message.tool_calls[0]  # type: ignore[index]
    assert first.choices[0].finish_reason == "tool_calls"
    assert (call.function.name, call.function.arguments) == ("weather", '{"city": "Zürich"}')  # type: ignore[union-attr]
    turns = [*ASKED, first.choices[0].message.model_dump(exclude_none=True), {"role": "tool", "tool_call_id": call.id, "content": "rain"}]
    second = await client.chat.completions.create(model="own/claude", messages=turns, tools=[TOOL])  # type: ignore[arg-type]
    assert second.choices[0].message.content == "The oracle says: rain"


EDITOR = {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool", "max_characters": 10000}
BASH = {"type": "bash_20250124", "name": "bash", "cache_control": {"type": "ephemeral"}}
OWN: dict[str, Any] = {"max_tokens": 50, "tools": [EDITOR, BASH], "messages": [{"role": "user", "content": "Look."}]}


@pytest.mark.parametrize("streamed", [False, True])
async def test_tools_that_its_models_know_by_type_and_the_caller_runs_reach_them(
    claude: AsyncAnthropic, caller: Caller, provider: MessagesProvider, streamed: bool
) -> None:
    if streamed:
        async with claude.messages.stream(model="own/claude", **OWN) as stream:
            first = await stream.get_final_message()
    else:
        first = await claude.messages.create(model="own/claude", **OWN)
    assert provider.bodies[-1]["tools"] == [EDITOR, BASH]
    call = first.content[-1]
    assert call.type == "tool_use" and call.name == EDITOR["name"]
    turns = [
        *OWN["messages"],
        {"role": "assistant", "content": [one.model_dump() for one in first.content]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "1: hello"}]},
    ]
    after = await claude.messages.create(model="own/claude", **OWN | {"messages": turns})
    assert after.content[0].type == "text" and after.content[0].text.endswith("says: 1: hello")
    kept = (await caller("GET", f"/v1/executions/{first.id}")).body["settings"]["tools"]
    assert [one["own_type"] for one in kept] == [EDITOR["type"], BASH["type"]]


async def test_models_of_others_are_refused_what_only_its_models_know(caller: Caller, provider: MessagesProvider) -> None:
    answer = await caller("POST", "/v1/messages", {"model": "simulated/chat", **OWN})
    assert (answer.status, answer.body["error"]["param"]) == (400, "tools[0].type")
    assert "'text_editor_20250728' is known to models of Anthropic's alone" in answer.body["error"]["message"]
    answer = await caller("POST", "/v1/messages", {"model": "own/claude", "fallback_models": ["simulated/chat"], **OWN})
    assert answer.status == 400 and answer.body["error"]["param"] == "fallback_models[0]"
    for kind in ("web_search_20250305", "bash_2025", "code_execution_20250825"):
        tools = [{"type": kind, "name": "x"}]
        answer = await caller("POST", "/v1/messages", {"model": "own/claude", **OWN, "tools": tools})
        assert (answer.status, answer.body["error"]["param"]) == (400, "tools[0].type")
    assert provider.bodies == []


async def test_what_would_be_passed_over_is_refused_by_name(caller: Caller, provider: MessagesProvider) -> None:
    for path in ("/v1/chat/completions", "/v1/executions"):
        for said in ({"tools": [TOOL], "tool_choice": "perhaps"}, {"tool_choice": "required"}):
            body = {"model": "own/claude", "messages": ASKED} | (said if path.endswith("completions") else {"overrides": said})
            told = await caller("POST", path, body)
            assert told.status in (400, 422) and "tool_choice" in told.body["error"]["param"], (said, told.body)
    assert provider.bodies == []
    search, more = {"tools": [TOOL, {"type": "web_search"}]}, {"messages": ASKED, "model": "own/claude"}
    saved = await caller("POST", "/v1/prompts", {"slug": "search"} | more | search)
    assert [one.split(":")[0] for one in saved.body["warnings"]] == ["tools[1].type"], saved.body


async def test_a_fallback_that_would_be_asked_for_something_else_is_not_asked(caller: Caller, provider: MessagesProvider) -> None:
    async with serving_by_key() as first:
        facts = {
            "model": "own/first", "provider": "lab_first", "base_url": first.base_url, "context_tokens": 10_000, "output_tokens": 100,
            "input_price_nusd_per_million": 1, "output_price_nusd_per_million": 1,
        }  # fmt: skip
        assert (await caller("POST", "/v1/models", facts)).status == 201
        first.manners[""] = Manner(status=400, says="This model's maximum context length is 100000 tokens.")
        wanted = {"tools": [TOOL], "tool_choice": {"type": "any"}}
        body = {"slug": "spare", "messages": ASKED, "model": "own/first", "fallback_models": ["own/claude"]}
        assert (await caller("POST", "/v1/prompts", body | wanted)).status == 201
        for said in ({}, {"tools": None, "tool_choice": None, "n": 2}):
            changed = await caller("POST", "/v1/prompts/spare/versions", {"base_version": 1} | said)
            assert changed.status in (200, 201), changed.body
            told = await caller("POST", "/v1/executions", {"prompt": "spare", "version": changed.body["version"]})
            assert told.status != 200 and provider.bodies == [], told.body
        named = {"messages": ASKED, "model": "own/first", "fallback_models": ["own/claude"], "overrides": {"n": 2}}
        refused = await caller("POST", "/v1/executions", named)
        assert (refused.status, refused.body["error"]["param"]) == (422, "fallback_models[0]"), refused.body
        assert (await caller("POST", "/v1/executions", named | {"overrides": {}})).status == 200 and len(provider.bodies) == 1


async def test_a_refusal_keeps_its_status_and_an_overload_is_tried_again(client: AsyncOpenAI, provider: MessagesProvider) -> None:
    provider.refuse_with = (529, "overloaded_error")
    asked_before = len(provider.bodies)
    again = await client.chat.completions.create(model="own/claude", messages=ASKED)  # type: ignore[arg-type]
    assert again.choices[0].message.content and len(provider.bodies) == asked_before + 2
    provider.refuse_with = (400, "invalid_request_error")
    with pytest.raises(APIStatusError) as refused:
        await client.chat.completions.create(model="own/claude", messages=ASKED)  # type: ignore[arg-type]
    assert refused.value.status_code in (400, 502) and KEY not in str(refused.value)


async def test_a_stream_that_breaks_off_ends_with_an_error_and_is_paid_for_what_came(caller: Caller, provider: MessagesProvider) -> None:
    provider.cut_off = True
    made = await caller("POST", "/v1/executions", {"model": "own/claude", "messages": ASKED, "stream": True})
    assert b"stream_cut_off" in made.raw
    last = (await caller("GET", "/v1/executions?limit=1")).body["data"][0]
    assert last["status"] == "error" and 0 < last["cost_nusd"] <= COST_NUSD
