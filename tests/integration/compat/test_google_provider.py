"""A model of Google's behind the gateway: LiteLLM's process translates, and everything else is as with any model."""

from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from tests.embedded.stack import Caller
from tests.fakes.gemini_provider import KEY, GeminiProvider, serving_gemini
from tests.pdfs import data_url, pdf

pytestmark = pytest.mark.capability("E4")

SAFE = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}]

HELLO: Any = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Say hello to Ada."}]


async def add(caller: Caller, provider: GeminiProvider, *, key: str = KEY) -> None:
    added = await caller("POST", "/v1/provider-keys", {"provider": "google", "name": "ours", "key": key, "base_url": provider.base_url})
    assert added.status == 201, added.body
    facts = {
        "model": "own/gemini", "provider": "google", "upstream_model": "gemini-2.5-flash", "base_url": provider.base_url,
        "context_tokens": 100_000, "output_tokens": 4096, "input_price_nusd_per_million": 1_000_000_000,
        "cached_input_price_nusd_per_million": 100_000_000, "output_price_nusd_per_million": 2_000_000_000,
    }  # fmt: skip
    made = await caller("POST", "/v1/models", facts)
    assert made.status == 201, made.body


@pytest.mark.promise("E-14")
async def test_it_answers_and_streams_at_one_price(client: AsyncOpenAI, caller: Caller) -> None:
    async with serving_gemini() as provider:
        await add(caller, provider)
        answer = await client.chat.completions.create(
            model="own/gemini", messages=HELLO, temperature=0, max_tokens=50, extra_body={"top_k": 5, "safety_settings": SAFE}
        )
        stream = await client.chat.completions.create(
            model="own/gemini", messages=HELLO, temperature=0, max_tokens=50, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
    said = "Hello Ada, says Gemini."
    assert answer.choices[0].message.content == said and answer.choices[0].finish_reason == "stop"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == said
    asked = provider.bodies[0]
    assert asked["generationConfig"]["top_k"] == 5 and asked["safetySettings"] == SAFE, asked
    assert asked["contents"][0]["parts"][0]["text"] == "Say hello to Ada." and asked["generationConfig"]["max_output_tokens"] == 50
    booked = (await caller("GET", f"/v1/executions/{answer.id}")).body
    assert (booked["provider"], booked["key_source"], booked["usage"]["source"]) == ("google", "own", "provider")
    assert (booked["usage"]["input_tokens"], booked["usage"]["cached_input_tokens"], booked["usage"]["output_tokens"]) == (30, 10, 10)
    assert booked["cost_nusd"] == 20 * 1000 + 10 * 100 + 10 * 2000
    streamed = (await caller("GET", f"/v1/executions/{chunks[0].id}")).body
    assert (streamed["cost_nusd"], streamed["usage"]) == (booked["cost_nusd"], booked["usage"])


@pytest.mark.promise("E-10")
async def test_a_key_that_is_refused_is_told_nowhere(client: AsyncOpenAI, caller: Caller) -> None:
    wrong = "AIzaWrongKeyThatMustNotBeShown9876543210"
    async with serving_gemini() as provider:
        await add(caller, provider, key=wrong)
        with pytest.raises(openai.APIStatusError) as refused:
            await client.chat.completions.create(model="own/gemini", messages=HELLO)
    assert wrong not in str(refused.value.body) and wrong[:12] not in str(refused.value.body)


async def test_it_is_sent_a_pdf_as_its_own_format_has_it(client: AsyncOpenAI, caller: Caller) -> None:
    part = {"type": "file", "file": {"filename": "bill.pdf", "file_data": data_url(pdf(2))}}
    asked: Any = [{"role": "user", "content": [{"type": "text", "text": "Say hello to Ada."}, part]}]
    async with serving_gemini() as provider:
        await add(caller, provider)
        answer = await client.chat.completions.create(model="own/gemini", messages=asked, max_tokens=50)
    assert answer.choices[0].message.content == "Hello Ada, says Gemini."
    sent = provider.bodies[0]["contents"][0]["parts"][1]["inline_data"]
    assert sent == {"mime_type": "application/pdf", "data": data_url(pdf(2)).partition(",")[2]}
