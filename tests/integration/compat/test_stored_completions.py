"""Chat completions that were stored, by OpenAI's client as it is: read again from the record, listed, and what they were asked."""

import asyncio
from typing import Any
from uuid import UUID

import openai
import pytest
from openai import AsyncOpenAI

from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.compat.simulator import fault

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E2")]

ASKED: Any = {"model": "simulated/chat", "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Hi."}]}


async def test_what_is_read_later_is_what_was_answered(client: AsyncOpenAI) -> None:
    told = await client.chat.completions.create(**ASKED, store=True, n=2, metadata={"trip": "7"})
    read = await client.chat.completions.retrieve(told.id)
    assert read.to_dict() == told.to_dict() | {"metadata": {"trip": "7"}, "request_id": read.to_dict()["request_id"]}
    other = await client.responses.create(model="simulated/chat", input="Hi.")
    assert (await client.chat.completions.retrieve(other.id)).choices[0].message.content == other.output_text


async def test_what_was_asked_is_read_page_by_page(client: AsyncOpenAI) -> None:
    parts = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]
    told = await client.chat.completions.create(
        model="simulated/chat", messages=[*ASKED["messages"], {"role": "assistant", "content": "Yes?"}, {"role": "user", "content": parts}]  # type: ignore[list-item, misc]
    )  # fmt: skip
    read = [one async for one in client.chat.completions.messages.list(told.id, limit=2)]
    told_as = [(str(one.role), one.content) for one in read]
    assert told_as == [
        ("system", "Be short."),
        ("user", "Hi."),
        ("assistant", "Yes?"),
        ("user", None),
    ]
    assert [part.type for part in read[3].content_parts or []] == ["text", "image_url"]
    newest = (await client.chat.completions.messages.list(told.id, order="desc")).data
    assert [one.id for one in newest] == [one.id for one in reversed(read)]


async def test_a_list_is_narrowed_by_model_and_metadata(client: AsyncOpenAI) -> None:
    made = [(await client.chat.completions.create(**ASKED, metadata={"trip": str(number % 2), "who": "ada"})).id for number in range(5)]
    await client.embeddings.create(model="simulated/embed", input="Hi.")
    assert [one.id async for one in client.chat.completions.list(limit=2)] == made
    assert [one.id async for one in client.chat.completions.list(limit=2, order="desc")] == made[::-1]
    assert [one.id async for one in client.chat.completions.list(metadata={"trip": "1", "who": "ada"})] == [made[1], made[3]]
    assert [one.id async for one in client.chat.completions.list(metadata={"trip": "2"})] == []
    assert [one.id async for one in client.chat.completions.list(model="simulated/chat", after=made[2])] == made[3:]
    assert [one.id async for one in client.chat.completions.list(model="simulated/reader")] == []


async def test_a_search_that_ends_early_says_where_it_goes_on(client: AsyncOpenAI, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("burnish_gateway.compat.stored.store.LOOKED_AT_MOST", 2)
    made = [(await client.chat.completions.create(**ASKED, metadata={"trip": str(number)})).id for number in range(4)]
    page = (await caller("GET", "/v1/chat/completions?metadata[trip]=3")).body
    assert [one["id"] for one in page["data"]] == [made[3]]  # searched on: clients take an empty page for the end
    assert [one.id async for one in client.chat.completions.list(metadata={"trip": "3"})] == [made[3]]
    page = (await caller("GET", "/v1/chat/completions?limit=1&metadata[trip]=1")).body
    assert ([one["id"] for one in page["data"]], page["has_more"], page["last_id"]) == ([made[1]], True, made[1])
    monkeypatch.setattr("burnish_gateway.compat.stored.read.SEARCHES_MOST", 1)
    with pytest.raises(openai.UnprocessableEntityError, match=f"up to {made[1]}, and there are more"):
        await client.chat.completions.list(metadata={"trip": "3"})


async def test_a_list_begins_behind_what_was_forgotten(client: AsyncOpenAI, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("burnish_gateway.compat.stored.store.LOOKED_AT_MOST", 2)
    monkeypatch.setattr("burnish_gateway.compat.stored.read.SEARCHES_MOST", 1)
    made = [(await client.chat.completions.create(**ASKED)).id for _ in range(4)]
    async with as_superuser(stack.urls["superuser"]) as connection:
        for gone in made[:3]:
            await connection.execute("DELETE FROM execution_contents WHERE execution_id = $1", UUID(gone))
        await connection.execute(
            "INSERT INTO retention_progress (workspace_id, executions_through) "
            "SELECT workspace_id, execution_id FROM executions WHERE execution_id = $1",
            UUID(made[2]),
        )
    assert [one.id async for one in client.chat.completions.list()] == [made[3]]


@pytest.mark.promise("T-01")
async def test_what_is_not_there_or_not_the_callers_is_not_found(client: AsyncOpenAI, caller: Caller, stack: Stack) -> None:
    theirs = await stack.caller()
    other = (await theirs("POST", "/v1/chat/completions", ASKED)).body["id"]
    embedded = (await caller("POST", "/v1/embeddings", {"model": "simulated/embed", "input": "Hi."})).headers["x-execution-id"]
    for named in (other, embedded, "chatcmpl-1", "01a21fd3-40af-7590-9662-f11ae2dae9df"):
        for path in ("", "/messages"):
            assert (await caller("GET", f"/v1/chat/completions/{named}{path}")).status == 404, (named, path)
    assert (await caller("GET", "/v1/chat/completions")).body["data"] == []
    assert (await theirs("GET", f"/v1/chat/completions/{other}")).status == 200
    narrow = await caller("POST", "/v1/api-keys", {"name": "no texts", "role": "viewer", "scopes": ["executions:write"]})
    blind = Caller(caller.session, caller.url, narrow.body["key"], caller.workspace)
    mine = (await blind("POST", "/v1/chat/completions", ASKED)).body["id"]
    for path in ("", f"/{mine}", f"/{mine}/messages"):
        assert (await blind("GET", f"/v1/chat/completions{path}")).status == 403, path


async def test_what_keeps_no_text_or_failed_says_so(client: AsyncOpenAI, caller: Caller, stack: Stack) -> None:
    unstored = (await client.chat.completions.create(**ASKED, store=False)).id
    gone = (await client.chat.completions.create(**ASKED)).id
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("DELETE FROM execution_contents WHERE execution_id = $1", UUID(gone))
    for named in (unstored, gone):
        with pytest.raises(openai.NotFoundError, match="No text of this completion is kept"):
            await client.chat.completions.retrieve(named)
    async with fault(stack, "error,status=400"):
        failed = (await caller("POST", "/v1/chat/completions", ASKED)).headers["x-execution-id"]
    with pytest.raises(openai.NotFoundError, match="ended as error"):
        await client.chat.completions.retrieve(failed)
    async with fault(stack, "slow,s=600"), asyncio.timeout(60):
        running = (await caller("POST", "/v1/executions", ASKED | {"mode": "background"})).body["id"]
        with pytest.raises(openai.ConflictError):
            await client.chat.completions.retrieve(running)
        await caller("POST", f"/v1/executions/{running}/cancel")
    assert [one.id async for one in client.chat.completions.list()] == []


async def test_what_is_not_offered_says_what_is(client: AsyncOpenAI, caller: Caller) -> None:
    made = (await client.chat.completions.create(**ASKED)).id
    refused = await caller("PATCH", f"/v1/chat/completions/{made}", {"metadata": {"trip": "8"}})
    assert refused.status == 405 and "GET /v1/chat/completions/{id}" in refused.body["error"]["message"]
    assert set(refused.headers["allow"].split(", ")) >= {"DELETE", "GET", "POST"}
    for query, param in (
        ("metadata=7", "metadata"),
        ("metadata[a]=1&metadata[a]=2", "metadata[a]"),
        ("mode=7", "mode"),
        ("after=x", "after"),
    ):
        refused = await caller("GET", f"/v1/chat/completions?{query}")
        assert (refused.status, refused.body["error"]["param"]) == (422, param)
