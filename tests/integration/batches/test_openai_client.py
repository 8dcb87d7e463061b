"""Batches as OpenAI's own package makes them, unmodified."""

import json

import openai
import pytest

from burnish_shared.books.finished import VECTORS_MOST_CHARACTERS
from tests.embedded.stack import Caller, Stack
from tests.integration.batches.batches import until

pytestmark = pytest.mark.usefixtures("optimizer")


@pytest.mark.capability("E15", "E2")
async def test_openais_client_makes_polls_reads_and_cancels_batches(stack: Stack, caller: Caller) -> None:
    def line(name: str, text: str) -> str:
        body = {"model": "simulated/chat", "messages": [{"role": "user", "content": text}], "max_tokens": 30}
        return json.dumps({"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body})

    content = "\n".join(line(f"r{number}", f"Say hello to Ada {number}.") for number in range(5)).encode()
    async with openai.AsyncOpenAI(api_key=caller.key, base_url=f"{caller.url}/v1") as client:
        file = await client.files.create(file=("calls.jsonl", content), purpose="batch")
        assert (file.object, file.bytes, file.filename, file.purpose) == ("file", len(content), "calls.jsonl", "batch")
        batch = await client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"night": "1"}
        )
        assert batch.object == "batch" and batch.status in ("validating", "in_progress") and batch.metadata == {"night": "1"}
        assert batch.expires_at == batch.created_at + 24 * 3600
        done = await until(caller, batch.id)
        batch = await client.batches.retrieve(batch.id)
        assert batch.status == "completed" and batch.request_counts is not None and batch.request_counts.completed == 5
        assert batch.output_file_id is not None and batch.error_file_id is None
        output = await client.files.content(batch.output_file_id)
        entry = await client.files.retrieve(batch.output_file_id)
        assert (entry.id, entry.purpose, entry.bytes) == (batch.output_file_id, "batch_output", len(output.content))
        with pytest.raises(openai.ConflictError):
            await client.files.delete(batch.output_file_id)
        answers = [json.loads(one) for one in output.text.splitlines()]
        assert [one["custom_id"] for one in answers] == [f"r{number}" for number in range(5)]
        assert {one["response"]["body"]["object"] for one in answers} == {"chat.completion"}
        assert all(one["response"]["body"]["choices"][0]["message"]["content"] for one in answers)
        waiting = await client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
        cancelled = await client.batches.cancel(waiting.id)
        assert cancelled.status in ("cancelling", "completed", "cancelled")
        assert [one.id async for one in client.batches.list(limit=1)] == [waiting.id, batch.id]
        assert [one.id async for one in client.files.list()] == [file.id]
        assert (await client.files.delete(file.id)).deleted is True
        with pytest.raises(openai.NotFoundError):
            await client.files.retrieve(file.id)
        await until(caller, waiting.id)
    assert done["cost_nusd"] == sum(one["response"]["body"]["usage"]["cost_nusd"] for one in answers)
    assert (await caller("GET", f"/v1/batches/{batch.id}")).status == 200


@pytest.mark.capability("E15", "E2")
async def test_a_wrong_line_is_named_as_its_file_counts_lines_and_an_unknown_id_is_not_found(caller: Caller) -> None:
    call = {"custom_id": "good", "method": "POST", "url": "/v1/chat/completions"}
    good = call | {"body": {"model": "simulated/chat", "messages": [{"role": "user", "content": "Hi"}]}}
    wrong = call | {"custom_id": "wrong", "body": {"model": "absent", "messages": [{"role": "user", "content": "Hi"}]}}
    content = f"{json.dumps(good)}\n{json.dumps(wrong)}".encode()
    async with openai.AsyncOpenAI(api_key=caller.key, base_url=f"{caller.url}/v1") as client:
        file = await client.files.create(file=("calls.jsonl", content), purpose="batch")
        batch = await client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
        assert batch.errors is not None and batch.errors.data is not None
        assert [(one.line, one.custom_id) for one in batch.errors.data] == [(2, "wrong")]  # type: ignore[attr-defined]
        for unknown in ("file-abc", f"{file.id}.output"):
            with pytest.raises(openai.NotFoundError):
                await client.files.retrieve(unknown)
        await until(caller, batch.id)


def lines_of(endpoint: str, bodies: list[dict[str, object]]) -> bytes:
    whole = [{"custom_id": f"r{at}", "method": "POST", "url": endpoint, "body": body} for at, body in enumerate(bodies)]
    return "\n".join(json.dumps(one) for one in whole).encode()


@pytest.mark.capability("E15", "E2")
async def test_responses_are_answered_as_their_own_route_would(caller: Caller) -> None:
    asked = {"model": "simulated/chat", "instructions": "Be short.", "metadata": {"night": "1"}, "max_output_tokens": 40}
    bodies = [asked | {"input": f"Hello {at}."} for at in range(3)]
    async with openai.AsyncOpenAI(api_key=caller.key, base_url=f"{caller.url}/v1") as client:
        file = await client.files.create(file=("calls.jsonl", lines_of("/v1/responses", bodies)), purpose="batch")
        batch = await client.batches.create(input_file_id=file.id, endpoint="/v1/responses", completion_window="24h")
        await until(caller, batch.id)
        batch = await client.batches.retrieve(batch.id)
        assert (batch.status, batch.endpoint, batch.output_file_id is not None) == ("completed", "/v1/responses", True)
        answers = [json.loads(one) for one in (await client.files.content(batch.output_file_id or "")).text.splitlines()]
        for at, one in enumerate(answers):
            read = await client.responses.retrieve(one["response"]["body"]["id"])
            assert one["response"]["body"] == read.to_dict() and f"Hello {at}." in read.output_text
            assert (read.status, read.metadata) == ("completed", {"night": "1"})


@pytest.mark.capability("E15", "E2")
async def test_embeddings_are_the_vectors_that_their_own_route_gives(caller: Caller) -> None:
    """More of them than the record of a single call keeps, and than are read at once."""
    long, short = {"model": "simulated/embed", "dimensions": 3072}, {"model": "simulated/embed", "dimensions": 8}
    bodies = [{**long, "input": [f"text {number}" for number in range(32)]}, *({**short, "input": [f"text {at}"]} for at in range(11))]
    async with openai.AsyncOpenAI(api_key=caller.key, base_url=f"{caller.url}/v1") as client:
        file = await client.files.create(file=("calls.jsonl", lines_of("/v1/embeddings", [*bodies])), purpose="batch")
        batch = await client.batches.create(input_file_id=file.id, endpoint="/v1/embeddings", completion_window="24h")
        done = await until(caller, batch.id)
        batch = await client.batches.retrieve(batch.id)
        assert batch.status == "completed" and batch.output_file_id is not None
        assert (await client.files.retrieve(batch.output_file_id)).bytes is None
        answers = [json.loads(one)["response"]["body"] for one in (await client.files.content(batch.output_file_id)).text.splitlines()]
        for body, told in zip(bodies, answers, strict=True):
            alone = await client.embeddings.create(**body, encoding_format="float")  # type: ignore[arg-type]
            assert [one["embedding"] for one in told["data"]] == [one.embedding for one in alone.data]
    assert done["cost_nusd"] == sum(one["usage"]["cost_nusd"] for one in answers) > 0
    assert len(json.dumps(answers[0]["data"])) > VECTORS_MOST_CHARACTERS


@pytest.mark.capability("E15")
@pytest.mark.parametrize(
    ("endpoint", "body", "named"),
    [
        ("/v1/responses", {"input": "x", "background": True}, "background"),
        ("/v1/responses", {"input": "x", "stream": True}, "stream"),
        ("/v1/responses", {"input": "x", "store": False}, "store"),
        ("/v1/responses", {"input": "x", "previous_response_id": "01a21fd3-40af-7590-9662-f11ae2dae9df"}, "previous_response_id"),
        ("/v1/embeddings", {"model": "simulated/embed", "input": ["x"] * 33}, "input"),
        ("/v1/embeddings", {"model": "simulated/embed", "input": ["x"] * 32, "dimensions": 4200}, "dimensions"),
        ("/v1/embeddings", {"model": "simulated/embed", "input": "x", "encoding_format": "base64"}, "encoding_format"),
        ("/v1/embeddings", {"model": "simulated/chat", "input": "x"}, "model"),
    ],
)
async def test_what_a_line_cannot_be_is_named(caller: Caller, endpoint: str, body: dict[str, object], named: str) -> None:
    line = {"custom_id": "a", "url": endpoint, "body": {"model": "simulated/chat"} | body}
    refused = await caller("POST", "/v1/batches", {"requests": [line], "endpoint": endpoint})
    assert (refused.status, refused.body["error"]["param"]) == (422, named), refused.body
