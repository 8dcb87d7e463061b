"""Anthropic's own client, unmodified, with our base URL and key: any model answers it, whatever format its provider speaks."""

import json
from collections.abc import AsyncIterator

import anthropic
import pytest
import pytest_asyncio
from anthropic import AsyncAnthropic

from tests.embedded.stack import Caller
from tests.fakes.tool_caller import ToolCaller

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E2")]

TOOL = {"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
HELLO = [{"role": "user", "content": "Say hello."}]


@pytest_asyncio.fixture(loop_scope="session")
async def claude(caller: Caller) -> AsyncIterator[AsyncAnthropic]:
    """The key travels as `x-api-key`."""
    async with AsyncAnthropic(base_url=caller.url, api_key=caller.key, max_retries=0) as made:
        yield made


async def test_a_message_is_answered_and_recorded(claude: AsyncAnthropic, caller: Caller) -> None:
    told = await claude.messages.create(
        model="simulated/chat", max_tokens=50, system="Be kind.", messages=HELLO, metadata={"user_id": "u-1"}  # type: ignore[arg-type]
    )  # fmt: skip
    assert (told.type, told.role, told.model, told.stop_reason) == ("message", "assistant", "simulated/chat", "end_turn")
    assert told.content[0].type == "text" and told.content[0].text
    kept = (await caller("GET", f"/v1/executions/{told.id}")).body
    assert kept["output"] == told.content[0].text and kept["user_id"] == "u-1"
    assert (told.usage.input_tokens, told.usage.output_tokens) == (kept["usage"]["input_tokens"], kept["usage"]["output_tokens"])
    assert [one["role"] for one in kept["messages"]] == ["system", "user"]


async def test_a_stream_is_told_in_blocks_and_says_the_same(claude: AsyncAnthropic, caller: Caller) -> None:
    async with claude.messages.stream(model="simulated/chat", max_tokens=50, messages=HELLO) as stream:  # type: ignore[arg-type]
        text = "".join([part async for part in stream.text_stream])
        told = await stream.get_final_message()
    kept = (await caller("GET", f"/v1/executions/{told.id}")).body
    assert text == kept["output"] and told.stop_reason == "end_turn"
    assert (told.usage.input_tokens, told.usage.output_tokens) == (kept["usage"]["input_tokens"], kept["usage"]["output_tokens"])


@pytest.mark.parametrize("streamed", [False, True])
async def test_tools_are_called_and_answered(claude: AsyncAnthropic, tool_caller: ToolCaller, streamed: bool) -> None:
    asked = {"model": "own/tools", "max_tokens": 50, "tools": [TOOL], "tool_choice": {"type": "any", "disable_parallel_tool_use": True}}
    if streamed:
        async with claude.messages.stream(messages=HELLO, **asked) as stream:  # type: ignore[arg-type]
            first = await stream.get_final_message()
    else:
        first = await claude.messages.create(messages=HELLO, **asked)  # type: ignore[call-overload]
    call = next(block for block in first.content if block.type == "tool_use")
    assert first.stop_reason == "tool_use" and (call.name, call.input) == ("weather", {"city": "Zürich"})
    sent = tool_caller.bodies[-1]
    assert (sent["tool_choice"], sent["parallel_tool_calls"]) == ("required", False)
    result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "rain"}]}
    turns = [*HELLO, {"role": "assistant", "content": [one.model_dump() for one in first.content]}, {"role": "user", "content": [result]}]
    second = await claude.messages.create(messages=turns, **{**asked, "tool_choice": {"type": "auto"}})  # type: ignore[call-overload]
    assert "rain" in second.content[0].text
    assert [one["role"] for one in tool_caller.bodies[-1]["messages"]] == ["user", "assistant", "tool"]


async def test_a_prompt_answers_under_its_name_with_variables(claude: AsyncAnthropic, caller: Caller) -> None:
    body = {"slug": "greeter", "messages": [{"role": "user", "content": "Greet {{name}}."}], "model": "simulated/chat"}
    assert (await caller("POST", "/v1/prompts", body)).status == 201
    assert (await caller("PUT", "/v1/prompts/greeter/labels/production", {"version": 1})).status == 200
    told = await claude.messages.create(
        model="burnish::prompt::greeter", max_tokens=50, messages=[], extra_body={"variables": {"name": "Ada"}}
    )  # fmt: skip
    kept = (await caller("GET", f"/v1/executions/{told.id}")).body
    assert (kept["prompt"], kept["version"], kept["messages"][0]["content"]) == ("greeter", 1, "Greet Ada.")


async def test_more_than_a_model_can_say_is_asked_for_as_its_limit(claude: AsyncAnthropic, caller: Caller, tool_caller: ToolCaller) -> None:
    """The format wants `max_tokens`, so LiteLLM (128,000), pydantic-ai, the AI SDK and Claude Code put one there that nobody chose."""
    told = await claude.messages.create(model="own/tools", max_tokens=20_000, messages=HELLO)  # type: ignore[arg-type]
    assert tool_caller.bodies[-1]["max_tokens"] == 4096
    kept = (await caller("GET", f"/v1/executions/{told.id}")).body
    assert kept["settings"]["max_tokens"] == 4096 and kept["status"] == "success"
    with pytest.raises(anthropic.BadRequestError, match="max_tokens"):
        await claude.messages.create(model="own/tools", max_tokens=0, messages=HELLO)  # type: ignore[arg-type]


async def test_auto_passes_no_model_over_for_a_cap_that_bends(claude: AsyncAnthropic, caller: Caller, tool_caller: ToolCaller) -> None:
    """Clients fill in 32,000 or 128,000; the cheapest model, whose limit is below that, was passed over or none was left."""
    told = await claude.messages.create(model="auto", max_tokens=20_000, messages=HELLO)  # type: ignore[arg-type]
    counted = await claude.messages.count_tokens(model="auto", messages=HELLO)  # type: ignore[arg-type]
    assert told.model == "own/tools" and counted.input_tokens > 0
    assert tool_caller.bodies[-1]["max_tokens"] == 4096


async def test_instructions_in_the_midst_of_a_conversation_are_taken_as_claude_code_sends_them(
    claude: AsyncAnthropic, caller: Caller, tool_caller: ToolCaller
) -> None:
    later = [{"role": "system", "content": "Agents: Explore."}, {"role": "system", "content": [{"type": "text", "text": "Skills: none."}]}]
    told = await claude.messages.create(
        model="own/tools", max_tokens=20, system="Be kind.", messages=[*HELLO, *later],  # type: ignore[list-item]
        extra_headers={"anthropic-beta": "mid-conversation-system-2026-04-07"},
    )  # fmt: skip
    sent = tool_caller.bodies[-1]["messages"]
    assert [(one["role"], str(one["content"])) for one in sent[:3]] == [
        ("system", "Be kind."), ("user", "Say hello."), ("system", "Agents: Explore."),
    ]  # fmt: skip
    assert sent[3]["role"] == "system" and "Skills: none." in str(sent[3]["content"])
    assert [one["role"] for one in (await caller("GET", f"/v1/executions/{told.id}")).body["messages"]] == [one["role"] for one in sent]
    for wrong in ("", [], [{"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}]):
        turns = [*HELLO, {"role": "system", "content": wrong}]
        answer = await caller("POST", "/v1/messages", {"model": "own/tools", "max_tokens": 5, "messages": turns})
        assert answer.status == 400 and answer.body["error"]["param"].startswith("messages[1].content")


@pytest.mark.promise("G-08")
async def test_errors_are_the_clients_own(claude: AsyncAnthropic, caller: Caller) -> None:
    with pytest.raises(anthropic.NotFoundError) as missing:
        await claude.messages.create(model="no-such", max_tokens=5, messages=HELLO)  # type: ignore[arg-type]
    assert missing.value.body["error"]["type"] == "not_found_error"  # type: ignore[index]
    with pytest.raises(anthropic.BadRequestError) as wrong:
        await claude.messages.create(model="simulated/chat", max_tokens=5, messages=[{"role": "system", "content": "x"}])  # type: ignore[typeddict-item]
    assert "messages[0].role" in str(wrong.value) and wrong.value.request_id
    with pytest.raises(anthropic.BadRequestError, match="search_result"):
        block = {"type": "search_result", "source": "x", "title": "x", "content": [{"type": "text", "text": "x"}]}
        await claude.messages.create(model="simulated/chat", max_tokens=5, messages=[{"role": "user", "content": [block]}])  # type: ignore[typeddict-item]
    with pytest.raises(anthropic.AuthenticationError):
        stranger = AsyncAnthropic(base_url=caller.url, api_key="bk_live_nobody", max_retries=0)
        await stranger.messages.create(model="simulated/chat", max_tokens=5, messages=HELLO)  # type: ignore[arg-type]


@pytest.mark.promise("G-02")
async def test_a_repeat_gets_the_same_bytes(caller: Caller) -> None:
    body = {"model": "simulated/chat", "max_tokens": 20, "messages": HELLO}
    first, again = [await caller("POST", "/v1/messages", body, headers={"idempotency-key": "m-1"}) for _ in range(2)]
    assert first.raw == again.raw and again.headers["idempotent-replayed"] == "true"
    streamed = await caller("POST", "/v1/messages", body | {"stream": True}, headers={"idempotency-key": "m-2"})
    replayed = await caller("POST", "/v1/messages", body | {"stream": True}, headers={"idempotency-key": "m-2"})
    assert streamed.raw.count(b"message_stop") == replayed.raw.count(b"message_stop") == 2
    assert replayed.headers["idempotent-replayed"] == "true"


async def test_models_are_listed_for_its_client_too(claude: AsyncAnthropic) -> None:
    """Its key travels as `x-api-key` on every route."""
    found = [one async for one in claude.models.list()]
    assert "simulated/chat" in [one.id for one in found] and found[0].type == "model" and found[0].created_at


async def test_what_is_not_offered_says_so_in_its_own_envelope(claude: AsyncAnthropic) -> None:
    with pytest.raises(anthropic.NotFoundError, match="count_tokens and batches are offered") as refused:
        await claude.post("/v1/messages/other", cast_to=object)
    assert refused.value.body["type"] == "error"  # type: ignore[index,call-overload]
    assert refused.value.body["error"]["type"] == "not_found_error"  # type: ignore[index,call-overload]


@pytest.mark.parametrize("thread", [{"type": "create"}, {"type": "continue", "previous_message_id": "msg_1"}])
async def test_a_thread_is_refused_so_that_the_tool_runner_sends_the_whole_conversation(caller: Caller, thread: dict[str, str]) -> None:
    """As `beta.messages.tool_runner` of the package sends it since 2.14 (1.14 in TypeScript), which goes on without on this answer."""
    body = {"model": "simulated/chat", "max_tokens": 50, "messages": HELLO, "stream": False}
    refused = await caller("POST", "/v1/messages", body | {"thread": thread})
    told = refused.body["error"]
    assert (refused.status, told["type"], told["code"], told["param"]) == (400, "invalid_request_error", "unsupported_value", "thread")
    assert told["details"] == {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}
    assert (await caller("POST", "/v1/messages", body | {"thread": None})).status == 200
    assert len((await caller("GET", "/v1/executions")).body["data"]) == 1


async def test_tokens_are_counted_before_a_call_and_said_to_be_an_estimate(claude: AsyncAnthropic, caller: Caller) -> None:
    asked = {"model": "simulated/chat", "messages": [{"role": "user", "content": "word " * 300}]}
    before = (await caller("GET", "/v1/credits")).body
    few = await claude.messages.count_tokens(**asked)  # type: ignore[arg-type]
    more = await claude.messages.count_tokens(**asked, system="Be kind. " * 100, tools=[TOOL | {"description": "d" * 900}])  # type: ignore[arg-type]
    assert few.input_tokens >= 300 and more.input_tokens >= few.input_tokens + 300 + 300
    raw = (await caller("POST", "/v1/messages/count_tokens", asked)).body
    assert raw == {"input_tokens": few.input_tokens, "source": "estimated"}
    with pytest.raises(anthropic.NotFoundError):
        await claude.messages.count_tokens(model="no-such", messages=HELLO)  # type: ignore[arg-type]
    assert (await caller("GET", "/v1/executions")).body["data"] == [] and (await caller("GET", "/v1/credits")).body == before


async def test_tokens_of_a_prompt_are_those_of_its_text_filled_in(claude: AsyncAnthropic, caller: Caller) -> None:
    body = {"slug": "counted", "messages": [{"role": "user", "content": "Greet {{name}}."}], "model": "simulated/chat"}
    assert (await caller("POST", "/v1/prompts", body)).status == 201

    async def count(name: str) -> int:
        named = {"variables": {"name": name}}
        return (await claude.messages.count_tokens(model="burnish::prompt::counted@1", messages=[], extra_body=named)).input_tokens

    assert await count("x" * 3000) - await count("x") in range(600, 1100)
    with pytest.raises(anthropic.UnprocessableEntityError, match="name"):
        await claude.messages.count_tokens(model="burnish::prompt::counted@1", messages=[])


async def test_an_empty_list_of_betas_is_none(caller: Caller) -> None:
    """Anthropic's TypeScript package sends the header with nothing in it."""
    asked = {"model": "simulated/chat", "max_tokens": 20, "messages": [{"role": "user", "content": "Hi."}]}
    for said in ("", " "):
        told = await caller("POST", "/v1/messages", asked, headers={"anthropic-beta": said})
        assert told.status == 200, told.body
    assert (await caller("POST", "/v1/messages", asked, headers={"anthropic-beta": "ä"})).status == 400


DEVICE, SESSION = "0c" * 32, "6bece52f-797d-4139-aaeb-820140e77c5d"


@pytest.mark.parametrize(
    ("told", "user", "session"),
    [
        (json.dumps({"device_id": DEVICE, "account_uuid": "", "session_id": SESSION}), DEVICE, SESSION),
        (json.dumps({"device_id": DEVICE, "account_uuid": "a-1", "session_id": SESSION, "more": "x" * 100}), "a-1", SESSION),
        (f"user_{DEVICE}_account__session_{SESSION}", DEVICE, SESSION),
        ('{"device_id": "d"}', '{"device_id": "d"}', None),
        ("{odd", "{odd", None),
        ("u-1", "u-1", None),
    ],
)
async def test_claude_codes_user_is_the_same_in_each_of_its_sessions(
    claude: AsyncAnthropic, caller: Caller, told: str, user: str, session: str | None
) -> None:
    asked = await claude.messages.create(model="simulated/chat", max_tokens=5, messages=HELLO, metadata={"user_id": told})  # type: ignore[arg-type]
    kept = (await caller("GET", f"/v1/executions/{asked.id}")).body
    assert (kept["user_id"], kept["session_id"]) == (user, session)


async def test_a_user_that_is_too_long_is_still_refused(caller: Caller) -> None:
    for told in ("u" * 201, json.dumps({"device_id": "d" * 201, "session_id": "s"})):
        body = {"model": "simulated/chat", "max_tokens": 5, "messages": HELLO, "metadata": {"user_id": told}}
        answer = await caller("POST", "/v1/messages", body)
        assert (answer.status, answer.body["error"]["param"]) == (400, "metadata.user_id")
