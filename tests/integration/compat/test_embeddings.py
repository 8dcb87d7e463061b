"""Embeddings through OpenAI's own client, unmodified."""

import base64
import math
from array import array
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from tests.embedded.stack import Caller, Stack
from tests.integration.compat.simulator import counters

pytestmark = pytest.mark.capability("E2")

EMBED = "simulated/embed"


def likeness(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


async def test_one_text_becomes_a_vector_that_is_booked_by_its_input(client: AsyncOpenAI, caller: Caller) -> None:
    raw = await client.embeddings.with_raw_response.create(model=EMBED, input="Where is my parcel?", user="u1")
    answer = raw.parse()
    assert answer.object == "list" and answer.model == EMBED and [one.index for one in answer.data] == [0]
    vector = answer.data[0].embedding
    assert len(vector) == 64 and math.isclose(likeness(vector, vector), 1, rel_tol=1e-5)
    booked = (await caller("GET", f"/v1/executions/{raw.headers['x-execution-id']}")).body
    assert booked["status"] == "success" and booked["settings"]["kind"] == "embedding" and booked["user_id"] == "u1"
    assert booked["messages"] == [{"role": "user", "content": "Where is my parcel?"}]
    assert (
        booked["usage"]["input_tokens"] == answer.usage.prompt_tokens == answer.usage.total_tokens and booked["usage"]["output_tokens"] == 0
    )
    assert answer.usage.model_extra is not None
    assert answer.usage.model_extra["cost_nusd"] == booked["cost_nusd"] == answer.usage.prompt_tokens * 20
    assert answer.model_extra is not None and answer.model_extra["simulated"] is True


async def test_a_batch_keeps_its_order_in_both_encodings(client: AsyncOpenAI) -> None:
    texts = [f"text number {number} of a batch" for number in range(40)]
    coded = await client.embeddings.create(model=EMBED, input=texts, dimensions=96)
    plain = await client.embeddings.create(model=EMBED, input=texts, dimensions=96, encoding_format="float")
    assert [one.index for one in plain.data] == list(range(40)) and len(plain.data[0].embedding) == 96
    alone = await client.embeddings.create(model=EMBED, input=texts[7], dimensions=96)
    for one in (coded, plain):
        assert likeness(one.data[7].embedding, alone.data[0].embedding) > 0.9999 > likeness(one.data[8].embedding, alone.data[0].embedding)


async def test_base64_and_lists_of_tokens_are_taken_as_they_come(client: AsyncOpenAI) -> None:
    coded: Any = await client.embeddings.create(model=EMBED, input="hello", encoding_format="base64")
    assert len(array("f", base64.b64decode(coded.data[0].embedding))) == 64
    tokens = await client.embeddings.create(model=EMBED, input=[[1, 2, 3], [4]])
    assert len(tokens.data) == 2 and tokens.usage.prompt_tokens == 4
    one = await client.embeddings.create(model=EMBED, input=[1, 2, 3])
    assert one.data[0].embedding == pytest.approx(tokens.data[0].embedding)


@pytest.mark.promise("M-13")
async def test_a_thousand_vectors_are_too_big_for_a_message_and_come_all_the_same(client: AsyncOpenAI, caller: Caller) -> None:
    raw = await client.embeddings.with_raw_response.create(model=EMBED, input=[f"line {number}" for number in range(1000)], dimensions=512)
    answer = raw.parse()
    assert len(answer.data) == 1000 and len(answer.data[-1].embedding) == 512
    booked = (await caller("GET", f"/v1/executions/{raw.headers['x-execution-id']}")).body
    assert booked["status"] == "success" and booked["output"] is None and len(booked["messages"]) == 1000


@pytest.mark.promise("G-02")
async def test_a_repeat_gets_the_same_bytes_of_a_few_and_is_told_when_they_are_not_kept(client: AsyncOpenAI, stack: Stack) -> None:
    before = await counters(stack)
    ask = client.embeddings.with_raw_response.create
    first, again = [await ask(model=EMBED, input="once", extra_headers={"Idempotency-Key": "e1"}) for _ in range(2)]
    assert first.content == again.content and again.headers["idempotent-replayed"] == "true"
    many = [f"text {number}" for number in range(600)]
    await ask(model=EMBED, input=many, extra_headers={"Idempotency-Key": "e2"})
    with pytest.raises(openai.ConflictError) as refused:
        await ask(model=EMBED, input=many, extra_headers={"Idempotency-Key": "e2"})
    assert refused.value.code == "answer_not_kept"
    assert (await counters(stack))["total"] == before["total"] + 2


@pytest.mark.parametrize("given", ["", [], [""], [[]], {"a": 1}, 7, ["x"] * 2049, [1.5]])
async def test_an_input_that_is_none_is_refused_by_its_name(client: AsyncOpenAI, given: Any) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        await client.embeddings.create(model=EMBED, input=given)
    assert (refused.value.param or "").partition("[")[0] == "input"


async def test_what_a_call_says_besides_is_kept_with_it_and_what_belongs_to_chats_is_refused(client: AsyncOpenAI, caller: Caller) -> None:
    raw = await client.embeddings.with_raw_response.create(model=EMBED, input="x", extra_body={"input_type": "query", "deadline_s": 5})
    booked = (await caller("GET", f"/v1/executions/{raw.headers['x-execution-id']}")).body
    assert booked["settings"]["extra"] == {"input_type": "query"}
    for name, value in {"variables": {"a": "b"}, "models": ["other"], "n": 2}.items():
        with pytest.raises(openai.BadRequestError) as refused:
            await client.embeddings.create(model=EMBED, input="x", extra_body={name: value})
        assert refused.value.param == name


async def test_a_model_that_does_not_embed_says_so(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        await client.embeddings.create(model="simulated/chat", input="hello")
    assert refused.value.status_code in (400, 404)
    with pytest.raises(openai.NotFoundError):
        await client.embeddings.create(model="absent", input="hello")
