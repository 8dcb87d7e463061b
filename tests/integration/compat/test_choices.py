"""Several answers of one call, and the probabilities of their tokens, through OpenAI's own client."""

from typing import Any

import openai
import pytest
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from tests.embedded.stack import Caller, Stack
from tests.integration.compat.simulator import counters

pytestmark = pytest.mark.capability("E2")

HELLO: Any = [{"role": "user", "content": "Say hello to Ada."}]


async def collected(stream: Any) -> tuple[dict[int, str], dict[int, str], Any]:
    """Text and reason to end by choice, and the usage."""
    texts: dict[int, str] = {}
    reasons: dict[int, str] = {}
    usage = None
    async for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
            if choice.finish_reason:
                assert choice.index not in reasons
                reasons[choice.index] = choice.finish_reason
    return texts, reasons, usage


async def test_three_answers_are_given_booked_and_paid(client: AsyncOpenAI, caller: Caller) -> None:
    one = await client.chat.completions.create(model="simulated/chat", messages=HELLO)
    three = await client.chat.completions.create(model="simulated/chat", messages=HELLO, n=3)
    assert [choice.index for choice in three.choices] == [0, 1, 2]
    assert {choice.message.content for choice in three.choices} == {one.choices[0].message.content}
    assert one.usage is not None and three.usage is not None and three.usage.completion_tokens == 3 * one.usage.completion_tokens
    booked = (await caller("GET", f"/v1/executions/{three.id}")).body
    assert [choice["output"] for choice in booked["choices"]] == [booked["output"]] * 3 and booked["settings"]["n"] == 3
    assert "choices" not in booked["settings"] and booked["cost_nusd"] == three.usage.model_extra["cost_nusd"]  # type: ignore[index]


async def test_streamed_answers_come_side_by_side_and_cost_the_same(client: AsyncOpenAI) -> None:
    buffered = await client.chat.completions.create(model="simulated/chat", messages=HELLO, n=2)
    stream = await client.chat.completions.create(
        model="simulated/chat", messages=HELLO, n=2, stream=True, stream_options={"include_usage": True}
    )
    texts, reasons, usage = await collected(stream)
    assert texts == {index: buffered.choices[index].message.content for index in (0, 1)} and reasons == {0: "stop", 1: "stop"}
    assert usage.model_extra["cost_nusd"] == buffered.usage.model_extra["cost_nusd"]  # type: ignore[union-attr,index]


async def test_every_streamed_answer_says_whose_it_is(client: AsyncOpenAI) -> None:
    """OpenAI's client puts chunks together by what they say: without a role, a further answer would be nobody's.

    What it takes for the first chunk of an answer has no tokens, or it counts them twice.
    """
    async with client.chat.completions.stream(model="simulated/chat", messages=HELLO, n=3, logprobs=True) as stream:
        whole = await stream.get_final_completion()
    assert [choice.message.role for choice in whole.choices] == ["assistant"] * 3
    assert len({choice.message.content for choice in whole.choices}) == 1
    tokens = {"".join(one.token for one in choice.logprobs.content or []) for choice in whole.choices if choice.logprobs}
    assert tokens == {whole.choices[0].message.content}


@pytest.mark.parametrize("streamed", [False, True])
async def test_the_probabilities_of_tokens_are_passed_on(client: AsyncOpenAI, streamed: bool) -> None:
    if streamed:
        stream = await client.chat.completions.create(model="simulated/chat", messages=HELLO, logprobs=True, stream=True)
        choices = [choice async for chunk in stream for choice in chunk.choices]
        text = "".join(choice.delta.content or "" for choice in choices)
        told = [one for choice in choices if choice.logprobs for one in choice.logprobs.content or []]
    else:
        answer = await client.chat.completions.create(model="simulated/chat", messages=HELLO, logprobs=True, top_logprobs=0)
        text = answer.choices[0].message.content or ""
        assert answer.choices[0].logprobs is not None
        told = answer.choices[0].logprobs.content or []
    assert text and "".join(one.token for one in told) == text and all(one.logprob == 0 for one in told)


@pytest.mark.promise("G-02")
@pytest.mark.parametrize("more", [{"logprobs": True}, {"n": 2}])
async def test_a_prompt_that_asks_for_more_than_text_is_streamed_in_every_format(
    client: AsyncOpenAI, caller: Caller, more: dict[str, Any]
) -> None:
    """Where a format has no word for probabilities and further answers, the text of the first one is told all the same."""
    spec = {"slug": "asks-for-more", "messages": [{"role": "system", "content": "Greet."}], "model": "simulated/chat", "max_tokens": 60}
    assert (await caller("POST", "/v1/prompts", spec | more)).status == 201
    model = "burnish::prompt::asks-for-more"
    async with client.responses.stream(model=model, input="Ada.") as responding:
        answered = await responding.get_final_response()
    deltas: list[str] = []
    async with AsyncAnthropic(base_url=caller.url, api_key=caller.key, max_retries=0) as claude:
        async with claude.messages.stream(model=model, max_tokens=60, messages=HELLO) as messaging:
            deltas = [one async for one in messaging.text_stream]
            message = await messaging.get_final_message()
    own = [data async for name, data in caller.stream("/v1/executions", {"prompt": "asks-for-more", "stream": True}) if name == "delta"]
    for execution_id, told in (
        (answered.id, answered.output_text),
        (message.id, "".join(deltas)),
        (None, "".join(one["text"] for one in own)),
    ):
        kept = None if execution_id is None else (await caller("GET", f"/v1/executions/{execution_id}")).body["output"]
        assert told and told == (kept or told)
    if "logprobs" in more:
        assert all("choices" in one["delta"] for one in own if one["text"]), "all of it stands beside the text"


async def test_a_repeat_gets_all_of_them_again(client: AsyncOpenAI, stack: Stack) -> None:
    before = await counters(stack)
    ask, key = client.chat.completions.with_raw_response.create, {"Idempotency-Key": "several"}
    first, again = [await ask(model="simulated/chat", messages=HELLO, n=2, logprobs=True, extra_headers=key) for _ in range(2)]
    assert first.content == again.content

    async def streamed() -> dict[int, str]:
        stream = await client.chat.completions.create(
            model="simulated/chat", messages=HELLO, n=2, stream=True, extra_headers={"Idempotency-Key": "several-streamed"}
        )
        return (await collected(stream))[0]

    assert await streamed() == await streamed()
    assert (await counters(stack))["total"] == before["total"] + 2


async def test_the_hold_is_for_all_of_them(stack: Stack) -> None:
    poor = await stack.caller(credit_nusd=5_000_000)
    body = {"model": "simulated/chat", "messages": HELLO, "max_tokens": 4096}
    assert (await poor("POST", "/v1/chat/completions", body)).status == 200
    assert (await poor("POST", "/v1/chat/completions", body | {"n": 32})).status == 402


@pytest.mark.parametrize(("given", "param"), [({"n": 0}, "n"), ({"n": 33}, "n"), ({"n": True}, "n"), ({"top_logprobs": 2}, "top_logprobs")])
async def test_what_makes_no_sense_is_refused_by_its_name(client: AsyncOpenAI, given: Any, param: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        await client.chat.completions.create(model="simulated/chat", messages=HELLO, **given)
    assert refused.value.param == param
