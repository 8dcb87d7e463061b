"""What a model says besides its text and tool calls is kept and told, and goes back to it; and it may think for long."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from burnish_executor.core.answer import Answer, Piece
from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.io.providers import Providers
from tests.fakes.candid_provider import CITED, SIGNED, THOUGHT, CandidProvider, speaking_candidly
from tests.integration.conformance.conftest import THROUGH_LITELLM, Way

pytestmark = pytest.mark.capability("E4")

TOOLS: Any = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def candid() -> AsyncIterator[CandidProvider]:
    async with speaking_candidly() as provider:
        provider.late_s = 2.5
        yield provider


def way_to(provider: str, candid: CandidProvider, providers: Providers) -> Way:
    return Way(provider, provider, candid.base_url, candid.base_url, "tools", providers, candid.bodies)


async def told(way: Way, model: str, *, stream: bool, **more: Any) -> tuple[Answer, dict[str, Any]]:
    """The answer, and the deltas besides the text, joined."""
    events = await way.events(way.request(model, stream=stream, **more))
    assert isinstance(events[-1], Answer), events[-1]
    joined: dict[str, Any] = {}
    for piece in events:
        for name, value in (piece.delta or {}).items() if isinstance(piece, Piece) else ():
            joined[name] = joined.get(name, type(value)()) + value
    return events[-1], joined


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("provider", ["deepseek", THROUGH_LITELLM])
async def test_thoughts_refusals_and_sources_come_with_the_answer(
    candid: CandidProvider, providers: Providers, provider: str, stream: bool
) -> None:
    way = way_to(provider, candid, providers)
    answer, deltas = await told(way, "reasoner", stream=stream)
    assert answer.output.strip() == "42" and answer.asides is not None
    whole = answer.asides.whole()
    assert whole is not None and (whole.reasoning or "").strip() == "Six times seven."
    assert deltas.get("reasoning_content", "").strip() == ("Six times seven." if stream else "")
    if provider == THROUGH_LITELLM:
        return  # LiteLLM passes neither refusals nor sources on for every provider
    answer, deltas = await told(way, "refuser", stream=stream)
    assert answer.output == "" and answer.asides is not None and "".join(answer.asides.refusal).strip() == "I cannot help with that."
    answer, _ = await told(way, "cited", stream=stream)
    assert answer.asides is not None and answer.asides.annotations == CITED
    plain, deltas = await told(way, "plain", stream=stream)
    assert plain.asides is None and deltas == {}


@pytest.mark.parametrize("stream", [False, True])
async def test_what_a_provider_hangs_on_a_tool_call_is_kept_and_goes_back(
    candid: CandidProvider, providers: Providers, stream: bool
) -> None:
    way = way_to("openai_compatible", candid, providers)
    answer, _ = await told(way, "signer", stream=stream, tools=TOOLS)
    [call] = answer.tool_calls
    assert call["extra_content"] == SIGNED
    turns = [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": None, "reasoning_content": "I must look.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "21°"},
    ]
    await told(way, "signer", stream=stream, tools=TOOLS, messages=turns)
    assert candid.bodies[-1]["messages"] == turns
    await told(way_to("groq", candid, providers), "signer", stream=stream, tools=TOOLS, messages=turns)
    assert "reasoning_content" not in candid.bodies[-1]["messages"][1], "it refuses a message with thoughts"


@pytest.mark.parametrize("stream", [False, True])
async def test_signed_thoughts_come_whole_and_go_back_unchanged(candid: CandidProvider, providers: Providers, stream: bool) -> None:
    way = way_to("anthropic", candid, providers)
    answer, deltas = await told(way, "thinker", stream=stream, tools=TOOLS)
    assert answer.asides is not None
    blocks = answer.asides.thinking
    assert blocks == [THOUGHT, {"type": "redacted_thinking", "data": "XYZ"}]
    assert "".join(answer.asides.reasoning) == "Six times seven."
    if stream:
        placed = [one | {"index": place} for place, one in enumerate(blocks)]
        assert (deltas["reasoning_content"], deltas["thinking_blocks"]) == ("Six times seven.", placed)
    turns = [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": "Wait.", "thinking_blocks": blocks, "tool_calls": answer.tool_calls},
        {"role": "tool", "tool_call_id": "toolu_1", "content": "21°", "is_error": True, "cache_control": {"type": "ephemeral"}},
    ]
    await told(way, "thinker", stream=stream, tools=TOOLS, messages=turns)
    said = candid.bodies[-1]["messages"]
    assert [one["type"] for one in said[1]["content"]] == ["thinking", "redacted_thinking", "text", "tool_use"]
    assert said[1]["content"][:2] == blocks
    assert (said[2]["content"][0]["is_error"], said[2]["content"][0]["cache_control"]) == (True, {"type": "ephemeral"})


@pytest.mark.parametrize("stream", [False, True])
async def test_the_stop_sequence_that_ended_it_is_known(candid: CandidProvider, providers: Providers, stream: bool) -> None:
    answer, _ = await told(way_to("anthropic", candid, providers), "stopper", stream=stream)
    assert answer.finish_reason == "stop" and answer.asides is not None and answer.asides.stop_sequence == "END"


@pytest.mark.promise("E-07")
async def test_a_model_may_think_for_long_before_its_first_word_and_not_after_it(candid: CandidProvider, providers: Providers) -> None:
    """Silences of 2.5 s; 2 s is the longest in the middle of a text."""
    way = way_to("openai_compatible", candid, providers)
    result = await way.ask(way.request("pausing", stream=True))
    assert isinstance(result, Answer) and result.output.strip() == "Well, 42."
    stalled = await way.ask(way.request("stalling", stream=True))
    assert isinstance(stalled, Failure) and "sent nothing for 2 s" in stalled.message


async def test_the_limit_that_was_met_is_named(candid: CandidProvider, providers: Providers) -> None:
    way = way_to("openai_compatible", candid, providers)
    request = way.request("late", stream=True)
    short = Providers(
        providers.operator,
        providers.guarded,
        providers.egress,
        providers.litellm,
        providers.settings.model_copy(update={"first_token_s": 0.3}),
    )
    events = [one async for one in short.call(request, key=None, timeout_s=5)]
    assert isinstance(events[-1], Failure) and events[-1].kind is FailureKind.TIMEOUT
    assert events[-1].message == "The provider did not answer within 0.3 s."
    said = request.model_copy(update={"timeout_said": True})
    assert isinstance([one async for one in short.call(said, key=None, timeout_s=5)][-1], Answer), "who says how long gets it"


async def test_further_fields_reach_who_speaks_their_format_and_never_stand_in_for_ours(
    candid: CandidProvider, providers: Providers
) -> None:
    extra = {"top_k": 5, "model": "other", "messages": [], "max_tokens": 9, "chat_template_kwargs": {"enable_thinking": False}}
    way = way_to("vllm", candid, providers)
    await way.ask(way.request("plain").model_copy(update={"extra": extra}))
    body = candid.bodies[-1]
    assert (body["top_k"], body["chat_template_kwargs"]) == (5, {"enable_thinking": False})
    assert (body["model"], body["max_tokens"], len(body["messages"])) == ("plain", 200, 1)
    claude = way_to("anthropic", candid, providers)
    thinking = {"type": "enabled", "budget_tokens": 2000}
    request = claude.request("plain", reasoning_effort="low").model_copy(
        update={"extra": {"thinking": thinking, "top_k": 3, "max_tokens": 9}, "spoken": "anthropic", "beta": "context-1m-2025-08-07"}
    )
    await claude.ask(request)
    body = candid.bodies[-1]
    assert (body["thinking"], body["top_k"], body["max_tokens"]) == (thinking, 3, 200) and "output_config" not in body
    assert candid.headers[-1]["anthropic-beta"] == "context-1m-2025-08-07"
    await way.ask(way.request("plain").model_copy(update={"extra": {"top_k": 3}, "spoken": "anthropic", "beta": "x"}))
    assert candid.bodies[-1]["top_k"] == 3 and "anthropic-beta" not in candid.headers[-1], json.dumps(candid.bodies[-1])


async def test_a_provider_that_only_litellm_knows_is_asked_by_its_name(candid: CandidProvider, providers: Providers) -> None:
    """No line of ours names it: whatever LiteLLM speaks to is a provider of a model's row."""
    way = way_to("litellm-together_ai", candid, providers)
    answer = await way.ask(way.request("plain"), timeout_s=90)
    assert isinstance(answer, Answer) and answer.text, answer
    assert (candid.bodies[-1]["model"], candid.headers[-1]["authorization"].startswith("Bearer ")) == ("plain", True)
    strange = way_to("litellm-nobody_at_all", candid, providers)
    failure = await strange.ask(strange.request("plain"), timeout_s=90)
    assert isinstance(failure, Failure) and failure.kind is FailureKind.REFUSED, failure
