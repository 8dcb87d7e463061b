"""What people do first with a model of their own: ask, stream, JSON, too much, vectors, a batch; and the books afterwards."""

import asyncio
import json
import math
from typing import Any

import openai
import pytest

from tests.local_model.conftest import Place

pytestmark = pytest.mark.capability("E4")

CITY = {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False,
}  # fmt: skip
FORMATS: dict[str, Any] = {
    "json_object": {"type": "json_object"},
    "json_schema": {"type": "json_schema", "json_schema": {"name": "place", "schema": CITY, "strict": True}},
}


def assert_priced(row: Any) -> None:
    """A thousandth of a nano-dollar a token would be rounded: one in and two out are exact."""
    usage = row["usage"]
    assert usage["input_tokens"] > 0 and row["cost_nusd"] == usage["input_tokens"] + 2 * usage["output_tokens"], row


async def test_a_call_is_answered_counted_and_kept(place: Place) -> None:
    answer = await place.execute("Say hello to Ada in one short sentence.")
    assert answer.status == 200 and answer.body["output"].strip(), answer.body
    assert (answer.body["status"], answer.body["provider"]) == ("success", "local")
    assert_priced(answer.body)
    kept = await place.row(answer.body["id"])
    assert (kept["output"], kept["cost_nusd"]) == (answer.body["output"], answer.body["cost_nusd"])
    print(f"usage by {answer.body['usage']['source']}: {answer.body['usage']}, {answer.body['latency_ms']} ms")


async def test_a_stream_brings_pieces_that_are_the_answer(place: Place) -> None:
    asked = "Count from one to ten in words."
    body = {"model": "local/chat", "messages": [{"role": "user", "content": asked}], "stream": True}
    body |= {"overrides": {"temperature": 0, "max_tokens": 64}, "deadline_s": 600}
    events = [one async for one in place.ask.stream("/v1/executions", body)]
    assert events[-1][0] == "done", events[-1]
    told = "".join(data["text"] for name, data in events if name == "delta")
    assert told == events[-1][1]["output"] != ""
    pieces = [name for name, _ in events].count("delta")
    if pieces == 1:
        assert not await place.server.takes_its_time(asked), "it came in one piece, though the server sends several with time between them"
        print("the server says all at once, so its stream is one piece")
    assert_priced(events[-1][1])


async def test_an_openai_client_is_streamed_to(place: Place) -> None:
    async with openai.AsyncOpenAI(base_url=f"{place.ask.url}/v1", api_key=place.ask.key, max_retries=0, timeout=900) as client:
        stream = await client.chat.completions.create(
            model="local/chat", messages=[{"role": "user", "content": "Say hello."}], max_tokens=32, stream=True,
            stream_options={"include_usage": True},
        )  # fmt: skip
        chunks = [chunk async for chunk in stream]
    text = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
    usage = chunks[-1].usage
    kept = await place.row(chunks[0].id)
    assert text == kept["output"] and usage is not None and usage.completion_tokens == kept["usage"]["output_tokens"]


@pytest.mark.parametrize("kind", FORMATS)
async def test_json_comes_as_json(place: Place, kind: str) -> None:
    asked = 'Which city is the capital of France? Answer in JSON: {"city": "…"}'
    answer = await place.execute(asked, overrides={"temperature": 0, "max_tokens": 256, "response_format": FORMATS[kind]})
    if answer.status != 200 and answer.body["error"]["code"] == "provider_refused":
        pytest.skip(f"the server refuses {kind}: {answer.body['error']['message']}")
    assert answer.status == 200, answer.body
    read = json.loads(answer.body["output"])
    assert isinstance(read, dict) and (kind == "json_object" or isinstance(read["city"], str)), read


async def test_what_the_context_does_not_hold_ends_once_and_is_paid_for_as_it_was_used(place: Place) -> None:
    """Some servers refuse, others cut the beginning off and answer: neither may hang, be asked again and again, or be charged wrongly."""
    words = "parcel " * (place.server.context_tokens + 1_000)
    answer = await place.execute(f"{words}\nWhat is this about?")
    if answer.status == 200:
        print(f"the server cut {place.server.context_tokens + 1_000} words down to {answer.body['usage']['input_tokens']} tokens")
        assert_priced(answer.body)
        return
    error = answer.body["error"]
    print(f"the server said: {error['message']}")
    assert error["code"] in ("provider_refused", "provider_failed"), answer.body
    kept = await place.row(error["details"]["execution_id"])
    assert (kept["status"], kept["cost_nusd"]) == ("error", 0), kept
    assert len(kept["attempts"]) == 1 or error["code"] == "provider_failed", "what was refused once was asked again"
    after = await place.execute("Say hello.")
    assert after.status == 200, "one refusal must not shut the model for others"


async def test_texts_become_vectors(place: Place) -> None:
    if place.server.embedding_model is None:
        pytest.skip("the server offers no embeddings; name a model in BURNISH_TEST_OPENAI_EMBEDDING_MODEL")
    async with openai.AsyncOpenAI(base_url=f"{place.ask.url}/v1", api_key=place.ask.key, max_retries=0, timeout=900) as client:
        texts = ["Where is my parcel?", "I was charged twice.", "Where is my parcel?"]
        found = await client.embeddings.create(model="local/embed", input=texts)
    one, two, three = (each.embedding for each in found.data)
    assert len(one) == len(two) and alike(one, three) > 0.999 > alike(one, two)


def alike(one: list[float], two: list[float]) -> float:
    """Cosine."""
    return sum(a * b for a, b in zip(one, two, strict=True)) / (math.hypot(*one) * math.hypot(*two))


async def test_a_batch_answers_every_line_in_its_order(place: Place) -> None:
    texts = ["Say red.", "Say green.", "Say blue.", "Say white."]
    request = {
        "model": "local/chat",
        "overrides": {"temperature": 0, "max_tokens": 16},
        "messages": [{"role": "system", "content": "Be brief."}],
    }
    lines = [{"custom_id": text, "messages": [{"role": "user", "content": text}]} for text in texts]
    made = await place.ask("POST", "/v1/batches", {"request": request, "inputs": lines})
    assert made.status == 200, made.body
    while (batch := (await place.ask("GET", f"/v1/batches/{made.body['id']}")).body)["status"] in ("validating", "in_progress"):
        await asyncio.sleep(0.3)
    assert batch["status"] == "completed" and batch["request_counts"]["completed"] == len(texts), batch
    told = await place.ask("GET", f"/v1/batches/{batch['id']}/results")
    results = [json.loads(line) for line in told.raw.splitlines()]
    assert [one["custom_id"] for one in results] == texts and all(one["response"]["body"]["output"] for one in results)


async def test_afterwards_the_books_are_right(place: Place) -> None:
    audit = await asyncio.to_thread(place.installation.run, "doctor", "--audit", "--json", timeout_s=180)
    assert audit.returncode == 0, audit.stdout + audit.stderr
