"""OpenAI's and Anthropic's own clients get what a model says besides its text, and what they ask besides ours reaches its provider."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from anthropic import AsyncAnthropic
from anthropic import BadRequestError as AnthropicBadRequest
from openai import APIError, AsyncOpenAI, BadRequestError, UnprocessableEntityError

from tests.embedded.stack import Caller
from tests.fakes.candid_provider import CITED, SIGNED, THOUGHT, CandidProvider, speaking_candidly

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E2")]

ASKED: Any = [{"role": "user", "content": "What is six times seven?"}]
TOOLS: Any = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
MARK = {"type": "ephemeral"}


@pytest_asyncio.fixture(loop_scope="session")
async def provider(caller: Caller) -> AsyncIterator[CandidProvider]:
    """Known to the workspace as `own/MODEL` in OpenAI's format, and as `claude/MODEL` in Anthropic's."""
    async with speaking_candidly() as serving:
        for prefix, kind, names in (
            ("own", "vllm", ("reasoner", "refuser", "cited", "signer", "setup", "plain")),
            ("claude", "anthropic", ("thinker", "stopper", "plain")),
        ):  # fmt: skip
            for name in names:
                facts = {
                    "model": f"{prefix}/{name}", "provider": kind, "upstream_model": name, "base_url": serving.base_url,
                    "context_tokens": 200_000, "output_tokens": 8000, "input_price_nusd_per_million": 1_000_000_000,
                    "output_price_nusd_per_million": 5_000_000_000,
                }  # fmt: skip
                made = await caller("POST", "/v1/models", facts)
                assert made.status == 201, made.body
        key = {"provider": "anthropic", "name": "a", "key": "sk-ant-test-1234567890", "base_url": serving.base_url}
        added = await caller("POST", "/v1/provider-keys", key)
        assert added.status == 201, added.body
        yield serving


@pytest_asyncio.fixture(loop_scope="session")
async def anthropic(caller: Caller) -> AsyncIterator[AsyncAnthropic]:
    async with AsyncAnthropic(base_url=caller.url, api_key=caller.key, max_retries=0) as made:
        yield made


async def streamed(client: AsyncOpenAI, model: str, **more: Any) -> dict[str, str]:
    said: dict[str, str] = {}
    async for chunk in await client.chat.completions.create(model=model, messages=ASKED, stream=True, **more):
        for name, value in chunk.choices[0].delta.model_dump(exclude_none=True).items() if chunk.choices else ():
            said[name] = said.get(name, "") + (value if isinstance(value, str) else json.dumps(value))
    return said


async def test_thoughts_and_refusals_come_buffered_streamed_recorded_and_again(
    client: AsyncOpenAI, caller: Caller, provider: CandidProvider
) -> None:
    whole = await client.chat.completions.create(model="own/reasoner", messages=ASKED, extra_headers={"Idempotency-Key": "thoughts-1"})
    assert whole.choices[0].message.reasoning_content == "Six times seven."  # type: ignore[attr-defined]
    again = await client.chat.completions.create(model="own/reasoner", messages=ASKED, extra_headers={"Idempotency-Key": "thoughts-1"})
    assert again.to_dict() == whole.to_dict() and len(provider.bodies) == 1
    kept = (await caller("GET", f"/v1/executions/{whole.id}")).body
    assert kept["beside"]["reasoning"] == "Six times seven." and "beside" not in kept["settings"]
    parts = await streamed(client, "own/reasoner")
    assert (parts["reasoning_content"].strip(), parts["content"].strip()) == ("Six times seven.", "42")

    refused = await client.chat.completions.create(model="own/refuser", messages=ASKED)
    assert refused.choices[0].message.refusal == "I cannot help with that."
    assert (await streamed(client, "own/refuser"))["refusal"].strip() == "I cannot help with that."
    cited = await client.chat.completions.create(model="own/cited", messages=ASKED)
    assert [one.model_dump() for one in cited.choices[0].message.annotations or []] == CITED


async def test_an_answer_from_the_cache_says_the_same(client: AsyncOpenAI, caller: Caller, provider: CandidProvider) -> None:
    body = {"messages": ASKED, "model": "own/reasoner", "cache": True}
    first, second = [(await caller("POST", "/v1/executions", body)).body for _ in range(2)]
    assert second["cached"] and second["beside"] == first["beside"] and first["beside"]["reasoning"] == "Six times seven."


async def test_the_setup_that_answered_comes_buffered_streamed_recorded_cached_and_again(
    client: AsyncOpenAI, caller: Caller, provider: CandidProvider
) -> None:
    again = {"extra_headers": {"Idempotency-Key": "setup-1"}}
    first, second = [await client.chat.completions.with_raw_response.create(model="own/setup", messages=ASKED, **again) for _ in range(2)]
    assert first.parse().system_fingerprint == "fp_44709d6fcb" and first.content == second.content
    async with client.chat.completions.stream(model="own/setup", messages=ASKED, stream_options={"include_usage": True}) as stream:
        assert (await stream.get_final_completion()).system_fingerprint == "fp_44709d6fcb"
    async with client.chat.completions.stream(model="own/setup", messages=ASKED) as stream:
        final = await stream.get_final_completion()
    assert final.system_fingerprint == "fp_44709d6fcb"
    assert (await caller("GET", f"/v1/executions/{final.id}")).body["system_fingerprint"] == "fp_44709d6fcb"
    cached = [await client.chat.completions.create(model="own/setup", messages=ASKED, extra_body={"cache": True}) for _ in range(2)]
    assert [one.system_fingerprint for one in cached] == ["fp_44709d6fcb"] * 2 and cached[1].burnish["cached"]  # type: ignore[attr-defined]
    plain = await client.chat.completions.create(model="own/plain", messages=ASKED)
    assert plain.system_fingerprint is None


async def test_a_refusal_is_the_text_of_a_text_completion(client: AsyncOpenAI, provider: CandidProvider) -> None:
    """The format has no other place, and it ends as any answer does."""
    whole = await client.completions.create(model="own/refuser", prompt="6*7?")
    assert (whole.choices[0].text, whole.choices[0].finish_reason) == ("I cannot help with that.", "stop")
    stream = await client.completions.create(model="own/refuser", prompt="6*7?", stream=True)
    assert "".join([choice.text async for chunk in stream for choice in chunk.choices]).strip() == "I cannot help with that."


async def test_the_responses_api_tells_thoughts_and_refusals_as_its_own_items(client: AsyncOpenAI, provider: CandidProvider) -> None:
    whole = await client.responses.create(model="own/reasoner", input="6*7?")
    assert [one.type for one in whole.output] == ["reasoning", "message"] and whole.output_text == "42"
    assert whole.output[0].content[0].text == "Six times seven."  # type: ignore[union-attr,index]
    async with client.responses.stream(model="own/reasoner", input="6*7?") as stream:
        kinds = [event.type async for event in stream]
        final = await stream.get_final_response()
    assert "response.reasoning_text.delta" in kinds and final.output_text.strip() == "42"
    refused = await client.responses.create(model="own/refuser", input="6*7?")
    assert refused.output[0].content[0].refusal == "I cannot help with that."  # type: ignore[union-attr,index]
    items: Any = [
        {"role": "user", "content": "6*7?"},
        whole.output[0].model_dump(exclude_none=True),
        {"role": "assistant", "content": "42"},
    ]
    await client.responses.create(model="own/reasoner", input=[*items, {"role": "user", "content": "Sure?"}])
    assert provider.bodies[-1]["messages"][1] == {"role": "assistant", "content": "42", "reasoning_content": "Six times seven."}


async def test_what_hangs_on_a_tool_call_comes_buffered_too_and_goes_back(client: AsyncOpenAI, provider: CandidProvider) -> None:
    first = await client.chat.completions.create(model="own/signer", messages=ASKED, tools=TOOLS)
    message = first.choices[0].message.model_dump(exclude_none=True)
    assert message["tool_calls"][0]["extra_content"] == SIGNED and message["reasoning_content"] == "I must look."
    answered = [*ASKED, message, {"role": "tool", "tool_call_id": "call_1", "content": "21°"}]
    await client.chat.completions.create(model="own/signer", messages=answered, tools=TOOLS)
    sent = provider.bodies[-1]["messages"][1]
    assert (sent["tool_calls"][0]["extra_content"], sent["reasoning_content"]) == (SIGNED, "I must look.")


async def test_anthropics_client_keeps_signed_thoughts_through_a_tool_loop(anthropic: AsyncAnthropic, provider: CandidProvider) -> None:
    tools: Any = [{"name": "weather", "input_schema": {"type": "object"}, "cache_control": MARK}]
    thinking: Any = {"type": "enabled", "budget_tokens": 2000}
    asked: Any = [{"role": "user", "content": [{"type": "text", "text": "Weather?", "cache_control": MARK}]}]
    more: Any = {
        "model": "claude/thinker",
        "max_tokens": 4000,
        "tools": tools,
        "thinking": thinking,
        "extra_body": {"top_k": 5},
        "service_tier": "standard_only",
    }
    first = await anthropic.messages.create(messages=asked, **more, extra_headers={"anthropic-beta": "context-1m-2025-08-07"})
    assert [one.type for one in first.content] == ["thinking", "redacted_thinking", "tool_use"]
    assert first.content[0].model_dump() == THOUGHT
    sent = provider.bodies[-1]
    assert (sent["thinking"], sent["top_k"], sent["service_tier"]) == (thinking, 5, "standard_only") and "output_config" not in sent
    assert sent["tools"][0]["cache_control"] == MARK and sent["messages"][0]["content"][0]["cache_control"] == MARK
    assert provider.headers[-1]["anthropic-beta"] == "context-1m-2025-08-07"
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "no", "is_error": True, "cache_control": MARK}
    turns: Any = [
        *asked,
        {"role": "assistant", "content": [one.model_dump() for one in first.content]},
        {"role": "user", "content": [result]},
    ]
    async with anthropic.messages.stream(messages=turns, **more) as stream:
        final = await stream.get_final_message()
    assert [one.type for one in final.content] == ["thinking", "redacted_thinking", "text"] and final.content[0].model_dump() == THOUGHT
    sent = provider.bodies[-1]["messages"]
    assert sent[1]["content"][:2] == [THOUGHT, {"type": "redacted_thinking", "data": "XYZ"}]
    assert sent[2]["content"][0] == result


async def test_anthropics_client_hears_which_stop_sequence_and_anybodys_thoughts(
    anthropic: AsyncAnthropic, client: AsyncOpenAI, provider: CandidProvider
) -> None:
    asked: Any = {"max_tokens": 100, "messages": ASKED}
    stopped = await anthropic.messages.create(model="claude/stopper", stop_sequences=["END"], **asked)
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", "END")
    thought = await anthropic.messages.create(model="own/reasoner", **asked)
    assert [one.type for one in thought.content] == ["thinking", "text"] and thought.content[0].thinking == "Six times seven."
    turns = [*ASKED, {"role": "assistant", "content": [one.model_dump() for one in thought.content]}, *ASKED]
    await anthropic.messages.create(model="own/reasoner", max_tokens=100, messages=turns, extra_body={"top_k": 3})
    sent = provider.bodies[-1]
    assert sent["messages"][1]["reasoning_content"] == "Six times seven." and "thinking_blocks" not in sent["messages"][1]
    refused = await anthropic.messages.create(model="own/refuser", **asked)
    assert refused.stop_reason == "refusal" and refused.content[0].text == "I cannot help with that."
    through_chat = await client.chat.completions.create(model="claude/thinker", messages=ASKED)
    assert through_chat.choices[0].message.thinking_blocks[0] == THOUGHT  # type: ignore[attr-defined]


async def test_fields_of_the_providers_own_reach_it(client: AsyncOpenAI, caller: Caller, provider: CandidProvider) -> None:
    extra = {"top_k": 3, "chat_template_kwargs": {"enable_thinking": False}, "provider": {"data_collection": "deny"}}
    known: Any = {"service_tier": "flex", "verbosity": "low", "prompt_cache_key": "k", "safety_identifier": "s", "store": True}
    await client.chat.completions.create(model="own/plain", messages=ASKED, extra_body=extra, **known)
    assert {name: provider.bodies[-1].get(name) for name in (extra | known)} == extra | known
    assert provider.bodies[-1]["model"] == "plain"
    made = await caller("POST", "/v1/executions", {"messages": ASKED, "model": "own/plain", "overrides": {"extra": {"top_k": 4}}})
    assert made.status == 200 and provider.bodies[-1]["top_k"] == 4, made.body
    kept = (await caller("GET", f"/v1/executions/{made.body['id']}")).body
    assert kept["settings"]["extra"] == {"top_k": 4}
    await client.responses.create(model="own/plain", input="Hm?", service_tier="flex", text={"verbosity": "low"}, store=False)
    assert (provider.bodies[-1]["service_tier"], provider.bodies[-1]["verbosity"], provider.bodies[-1]["store"]) == ("flex", "low", False)


async def test_fields_of_a_version_reach_its_provider_and_a_calls_own_stand_over_them(
    client: AsyncOpenAI, anthropic: AsyncAnthropic, caller: Caller, provider: CandidProvider
) -> None:
    said = {"top_k": 40, "min_p": 0.1, "chat_template_kwargs": {"enable_thinking": False}}
    body = {"slug": "sampled", "messages": ASKED, "model": "own/plain", "extra": said, "cache": {"mode": "always"}}
    made = await caller("POST", "/v1/prompts", body)
    assert made.status == 201 and made.body["extra"] == said, made.body

    async def sent(**more: Any) -> dict[str, Any]:
        answer = await caller("POST", "/v1/executions", {"prompt": "sampled", "variables": {}} | more)
        assert answer.status == 200, answer.body
        kept = (await caller("GET", f"/v1/executions/{answer.body['id']}")).body["settings"].get("extra", {})
        assert kept == {name: provider.bodies[-1][name] for name in said if name in provider.bodies[-1]}
        return kept  # type: ignore[no-any-return]

    assert await sent() == said
    calls = len(provider.bodies)
    await sent(overrides={"extra": {"top_k": 5, "min_p": None}})
    assert len(provider.bodies) == calls + 1, "other fields make another answer, also in the cache"
    assert {name: provider.bodies[-1].get(name) for name in said} == said | {"top_k": 5, "min_p": None}
    await client.chat.completions.create(model="burnish::prompt::sampled", messages=[], extra_body={"top_k": 6})
    assert (provider.bodies[-1]["top_k"], provider.bodies[-1]["min_p"]) == (6, 0.1)

    refused = await caller("POST", "/v1/executions", {"prompt": "sampled", "variables": {}, "model": "claude/plain"})
    assert (refused.status, refused.body["error"]["param"]) == (400, "extra.chat_template_kwargs"), refused.body
    with pytest.raises(AnthropicBadRequest, match=r"extra\.chat_template_kwargs"):
        await anthropic.messages.create(model="burnish::prompt::sampled", max_tokens=100, messages=ASKED)


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [
        ("claude/plain", "min_p", 0.1), ("claude/plain", "service_tier", "flex"), ("own/plain", "models", ["dear/one"]),
        ("own/plain", "top_p_extra", "x" * 70_000),
    ],
)  # fmt: skip
async def test_a_field_that_would_be_lost_or_buy_something_else_is_refused(
    client: AsyncOpenAI, provider: CandidProvider, model: str, field: str, value: Any
) -> None:
    with pytest.raises(BadRequestError) as refused:
        await client.chat.completions.create(model=model, messages=ASKED, extra_body={field: value})
    assert (refused.value.param in (field, "extra")) and provider.bodies == []


async def test_extra_of_the_native_route_takes_no_setting_of_ours(caller: Caller, provider: CandidProvider) -> None:
    body = {"messages": ASKED, "model": "own/plain", "overrides": {"extra": {"max_tokens": 9000}}}
    refused = await caller("POST", "/v1/executions", body)
    assert refused.status == 400 and refused.body["error"]["param"] == "overrides.extra.max_tokens", refused.body


@pytest.mark.parametrize("model", ["own/reasoner", "claude/thinker"])
async def test_thoughts_are_guarded_as_the_answer_is(client: AsyncOpenAI, caller: Caller, provider: CandidProvider, model: str) -> None:
    rule = {"name": f"sixes {model}", "sides": ["out"], "settings": {"kind": "deny", "phrases": ["six times"]}}
    made = await caller("POST", "/v1/guardrails", rule)
    assert made.status == 201, made.body
    with pytest.raises(UnprocessableEntityError):
        await client.chat.completions.create(model=model, messages=ASKED)
    said = ""
    with pytest.raises(APIError):
        async for chunk in await client.chat.completions.create(model=model, messages=ASKED, stream=True):
            said += json.dumps(chunk.to_dict())
    assert "imes" not in said, "no thought was told before it was looked at"
