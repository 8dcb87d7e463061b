"""Several texts in one call of OpenAI's older format, through its own client: an execution each, held for all or none."""

import asyncio
import json
from typing import Any
from uuid import UUID

import openai
import pytest
from openai import AsyncOpenAI

from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.compat.simulator import fault

pytestmark = pytest.mark.capability("E2")

TEXTS = ["Say hello to Ada.", "Say hello to Grace.", "Say hello to Joan."]
ASKED: Any = {"model": "simulated/chat", "prompt": TEXTS, "temperature": 0}


async def kept_of(caller: Caller, told: Any) -> list[Any]:
    return [(await caller("GET", f"/v1/executions/{one['id']}")).body for one in told.model_extra["burnish"]["executions"]]


async def test_each_text_has_its_answer_its_record_and_its_bill(client: AsyncOpenAI, caller: Caller) -> None:
    told = await client.completions.create(**ASKED, n=2, user="u1")
    kept = await kept_of(caller, told)
    assert [choice.index for choice in told.choices] == list(range(6)) and told.id == kept[0]["id"]
    assert [one["messages"] for one in kept] == [[{"role": "user", "content": text}] for text in TEXTS]
    assert [choice.text for choice in told.choices] == [choice["output"] for one in kept for choice in one["choices"]]
    assert {one["user_id"] for one in kept} == {"u1"} and told.usage is not None and told.usage.model_extra is not None
    assert told.usage.prompt_tokens == sum(one["usage"]["input_tokens"] for one in kept)
    assert told.usage.completion_tokens == sum(one["usage"]["output_tokens"] for one in kept)
    assert told.usage.model_extra["cost_nusd"] == sum(one["cost_nusd"] for one in kept) > 0


@pytest.mark.parametrize("n", [None, 2])
async def test_a_stream_tells_each_choice_under_its_index(client: AsyncOpenAI, n: int | None) -> None:
    asked = ASKED | ({"n": n} if n else {})
    whole = await client.completions.create(**asked)
    stream = await client.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    chunks = [chunk async for chunk in stream]
    texts = [""] * len(whole.choices)
    for choice in (choice for chunk in chunks for choice in chunk.choices):
        texts[choice.index] += choice.text
    assert texts == [choice.text for choice in whole.choices] and all(texts)
    ends = sorted(choice.index for chunk in chunks for choice in chunk.choices if choice.finish_reason == "stop")
    assert ends == list(range(len(texts))) and len({chunk.id for chunk in chunks}) == 1
    assert chunks[-1].usage is not None and whole.usage is not None
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens
    assert len(chunks[-1].model_extra["burnish"]["executions"]) == len(TEXTS)  # type: ignore[index]


@pytest.mark.promise("G-02")
async def test_a_repeat_gets_the_same_bytes_and_asks_no_model(client: AsyncOpenAI, caller: Caller) -> None:
    key = {"Idempotency-Key": "several"}
    first = await client.completions.with_raw_response.create(**ASKED, extra_headers=key)
    again = await client.completions.with_raw_response.create(**ASKED, extra_headers=key)
    assert first.content == again.content and again.headers["idempotent-replayed"] == "true"
    streamed = ASKED | {"stream": True}
    told = [await caller("POST", "/v1/completions", streamed, headers={"idempotency-key": "streamed"}) for _ in range(2)]
    assert [_texts(one.raw.decode()) for one in told] == [_texts(told[0].raw.decode())] * 2
    assert told[1].headers["idempotent-replayed"] == "true" and all(one.raw.endswith(b"data: [DONE]\n\n") for one in told)
    assert len((await caller("GET", "/v1/executions")).body["data"]) == 2 * len(TEXTS)


@pytest.mark.promise("G-02")
async def test_a_repeat_is_answered_though_the_same_texts_would_be_refused_by_now(caller: Caller, stack: Stack) -> None:
    model = {
        "model": "own/writer", "provider": "lab", "upstream_model": "chat", "base_url": stack.simulator + "/v1", "context_tokens": 1_000,
        "output_tokens": 100, "input_price_nusd_per_million": 1, "output_price_nusd_per_million": 1,
    }  # fmt: skip
    assert (await caller("POST", "/v1/models", model)).status == 201
    asked = ASKED | {"model": "own/writer"}
    first = await caller("POST", "/v1/completions", asked, headers={"idempotency-key": "lost"})
    assert first.status == 200, first.body
    assert (await caller("DELETE", "/v1/models/own/writer")).status == 200
    refused = await caller("POST", "/v1/completions", asked, headers={"idempotency-key": "another"})
    assert refused.status == 404, refused.body
    again = await caller("POST", "/v1/completions", asked, headers={"idempotency-key": "lost"})
    assert (again.status, again.raw, again.headers.get("idempotent-replayed")) == (200, first.raw, "true"), again.body


@pytest.mark.promise("G-04")
async def test_a_key_of_one_text_is_none_of_several(caller: Caller) -> None:
    one, several = ASKED | {"prompt": "Hi"}, ASKED
    for key, bodies in (("a", (one, several)), ("b", (several, one)), ("c", (several, ASKED | {"prompt": TEXTS[:2]}))):
        told = [await caller("POST", "/v1/completions", body, headers={"idempotency-key": key}) for body in bodies]
        assert [one.status for one in told] == [200, 422] and told[1].body["error"]["code"] == "idempotency_mismatch"


@pytest.mark.promise("G-03")
async def test_a_repeat_of_a_stream_under_way_hears_so_at_once(caller: Caller, stack: Stack) -> None:
    asked, key = ASKED | {"stream": True}, {"Idempotency-Key": "under-way"}
    async with fault(stack, "slow,s=600"), asyncio.timeout(60):
        first = asyncio.create_task(caller("POST", "/v1/completions", asked, headers=key))
        while len(await books(stack, "SELECT 1 FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id)) < len(TEXTS):
            assert not first.done(), first.result()
        again = await caller("POST", "/v1/completions", asked, headers=key)
        assert (again.status, again.body["error"]["code"]) == (409, "idempotency_in_progress"), again.body
        first.cancel()


def _texts(body: str) -> dict[int, str]:
    texts: dict[int, str] = {}
    for event in body.split("\n\n"):
        for choice in json.loads(event.removeprefix("data: "))["choices"] if event.startswith("data: {") else []:
            texts[choice["index"]] = texts.get(choice["index"], "") + choice["text"]
    return texts


async def test_all_are_held_for_or_none(client: AsyncOpenAI, caller: Caller, stack: Stack) -> None:
    made = await caller("POST", "/v1/api-keys", {"name": "narrow", "role": "viewer", "rate_limit_per_minute": 2})
    narrow = Caller(caller.session, caller.url, made.body["key"], caller.workspace)
    refused = await narrow("POST", "/v1/completions", ASKED)
    assert (refused.status, refused.body["error"]["param"]) == (400, "prompt") and "at once" in refused.body["error"]["message"]
    async with fault(stack, "slow,s=600"), asyncio.timeout(60):
        waiting = asyncio.create_task(client.completions.create(**ASKED | {"prompt": TEXTS[0]}))
        held: list[Any] = []
        while not held:
            held = await books(stack, "SELECT amount_nusd FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id)
        waiting.cancel()
    poor = await stack.caller(credit_nusd=held[0]["amount_nusd"] * 5 // 2)
    without = await poor("POST", "/v1/completions", ASKED)
    assert (without.status, without.body["error"]["code"]) == (402, "out_of_credit"), without.body
    assert (await poor("GET", "/v1/executions")).body["data"] == []
    assert await books(stack, "SELECT 1 FROM holds WHERE workspace_id = $1", poor.workspace.workspace_id) == []
    assert (await poor("POST", "/v1/completions", ASKED | {"prompt": TEXTS[:2]})).status == 200  # nothing held is in its way


async def books(stack: Stack, sql: str, workspace_id: UUID) -> list[Any]:
    async with as_superuser(stack.urls["superuser"]) as connection:
        return list(await connection.fetch(sql, workspace_id))


async def test_one_that_fails_fails_the_call_and_names_them_all(stack: Stack, caller: Caller) -> None:
    async with fault(stack, "error,status=400"):
        told = [await caller("POST", "/v1/completions", ASKED | {"stream": stream}) for stream in (False, True)]
    for one in told:
        error = one.body["error"] if one.body else json.loads(one.raw)["error"]
        assert (one.status, error["code"], len(error["details"]["executions"])) == (400, "provider_refused", len(TEXTS))
    async with fault(stack, "cut"):
        cut = await caller("POST", "/v1/completions", ASKED | {"stream": True, "fallback_models": []})
    assert cut.status == 200 and b"[DONE]" not in cut.raw and b'"error"' in cut.raw.split(b"\n\n")[-2]


@pytest.mark.promise("G-11")
async def test_who_leaves_ends_them_all(client: AsyncOpenAI, caller: Caller, stack: Stack) -> None:
    async with fault(stack, "slow,s=600"):
        with pytest.raises(openai.APITimeoutError):
            await client.with_options(timeout=1.0).completions.create(**ASKED)
        async with asyncio.timeout(60):
            while len(kept := (await caller("GET", "/v1/executions")).body["data"]) < len(TEXTS):
                await asyncio.sleep(0.05)
    assert {one["status"] for one in kept} == {"cancelled"}
