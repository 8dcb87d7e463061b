"""A response is read again, made in the background, and ended, by OpenAI's client as it is."""

import asyncio
from typing import Any
from uuid import UUID

import openai
import pytest
from openai import AsyncOpenAI
from openai.types.responses import Response

from burnish_gateway.compat.responses.read import find_response
from burnish_gateway.execution.ends import EndWatch
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.fakes.tool_caller import ToolCaller
from tests.integration.compat.simulator import fault
from tests.integration.compat.test_responses import TOOL

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E2")]


async def until_ended(client: AsyncOpenAI, response_id: str) -> Response:
    """As OpenAI's guide to background mode polls."""
    async with asyncio.timeout(60):
        while (read := await client.responses.retrieve(response_id)).status in ("queued", "in_progress"):
            await asyncio.sleep(0.05)
    return read


async def test_what_is_read_later_is_what_was_answered(client: AsyncOpenAI) -> None:
    told = await client.responses.create(
        model="simulated/chat", instructions="Be short.", input="Hi.", metadata={"trip": "7"}, temperature=0.3, top_p=0.5,
        max_output_tokens=200, user="ada", prompt_cache_key="k", text={"verbosity": "low"},
    )  # fmt: skip
    read = await client.responses.retrieve(told.id, include=["message.output_text.logprobs"])
    assert read.output_text == told.output_text != ""
    assert read.to_dict() == told.to_dict()
    assert (await client.responses.retrieve(f"resp_{told.id}")).id == told.id
    ahead = await client.responses.create(model="simulated/chat", input="And?", previous_response_id=told.id)
    assert (await client.responses.retrieve(ahead.id)).previous_response_id == told.id
    chat = await client.chat.completions.create(model="simulated/chat", messages=[{"role": "user", "content": "Hi."}])
    assert (await client.responses.retrieve(chat.id)).output_text == chat.choices[0].message.content


async def test_what_was_asked_is_read_as_items_page_by_page(client: AsyncOpenAI, tool_caller: ToolCaller) -> None:
    first = await client.responses.create(model="own/tools", instructions="Look.", input="Where?", tools=[TOOL])  # type: ignore[list-item]
    [call] = [item for item in first.output if item.type == "function_call"]
    output = [{"type": "function_call_output", "call_id": call.call_id, "output": "21 degrees"}]
    last = await client.responses.create(model="own/tools", input=output, tools=[TOOL], previous_response_id=first.id)  # type: ignore[arg-type, list-item]
    items = [item async for item in client.responses.input_items.list(last.id, order="asc", limit=2)]
    told = [(item.type, getattr(item, "role", None)) for item in items]
    assert told == [("message", "system"), ("message", "user"), ("function_call", None), ("function_call_output", None)]
    assert items[1].content[0].text == "Where?"  # type: ignore[union-attr]
    assert items[2].call_id == items[3].call_id == call.call_id and items[3].output == "21 degrees"  # type: ignore[union-attr]
    assert [one.id for one in (await client.responses.input_items.list(last.id)).data] == [one.id for one in reversed(items)]
    with pytest.raises(openai.UnprocessableEntityError):
        await client.responses.input_items.list(last.id, after="in_nothing")


@pytest.mark.capability("E15")
async def test_a_response_in_the_background_is_queued_and_read(client: AsyncOpenAI, caller: Caller) -> None:
    queued = await client.responses.create(model="simulated/chat", input="Hi.", background=True, metadata={"trip": "8"})
    assert (queued.status, queued.background, queued.model, queued.output) == ("queued", True, "simulated/chat", [])
    read = await until_ended(client, queued.id)
    assert (read.status, read.background, read.metadata) == ("completed", True, {"trip": "8"})
    assert read.output_text and read.usage and read.usage.output_tokens > 0
    assert (await caller("GET", f"/v1/executions/{queued.id}")).body["lane"] == "background"
    on = await client.responses.create(model="simulated/chat", input="And?", background=True, previous_response_id=queued.id)
    assert len([item async for item in client.responses.input_items.list((await until_ended(client, on.id)).id)]) == 3


@pytest.mark.promise("G-02")
async def test_a_repeat_of_one_in_the_background_hears_what_it_has_come_to(client: AsyncOpenAI, caller: Caller) -> None:
    body, headers = {"model": "simulated/chat", "input": "Hi.", "background": True}, {"idempotency-key": "later"}
    queued = await caller("POST", "/v1/responses", body, headers=headers)
    assert queued.status == 200 and queued.body["status"] == "queued"
    read = await until_ended(client, queued.body["id"])
    again = await caller("POST", "/v1/responses", body, headers=headers)
    assert (again.status, again.headers["idempotent-replayed"], again.body["id"]) == (200, "true", queued.body["id"])
    assert again.body == read.to_dict()


@pytest.mark.promise("G-11")
async def test_one_in_the_background_is_ended(client: AsyncOpenAI, stack: Stack) -> None:
    async with fault(stack, "slow,s=600"):
        queued = await client.responses.create(model="simulated/chat", input="Hi.", background=True)
        async with asyncio.timeout(60):
            while (await client.responses.retrieve(queued.id)).status != "in_progress":
                await asyncio.sleep(0.05)
        with pytest.raises(openai.ConflictError):
            await client.responses.input_items.list(queued.id)
        await client.responses.cancel(queued.id)
        read = await until_ended(client, queued.id)
    assert (read.status, read.error, read.output) == ("cancelled", None, [])
    assert (await client.responses.cancel(queued.id)).status == "cancelled"


async def test_one_that_failed_says_why(client: AsyncOpenAI, stack: Stack) -> None:
    async with fault(stack, "error,status=400"):
        queued = await client.responses.create(model="simulated/chat", input="Hi.", background=True)
        read = await until_ended(client, queued.id)
    assert read.status == "failed" and read.error is not None and read.error.code == "provider_refused" and read.error.message


@pytest.mark.promise("G-04")
async def test_a_key_of_another_request_ends_nothing(client: AsyncOpenAI, caller: Caller, stack: Stack) -> None:
    ended = await client.responses.create(model="simulated/chat", input="Hi.")
    headers = {"idempotency-key": "end"}
    assert (await caller("POST", f"/v1/responses/{ended.id}/cancel", headers=headers)).status == 200
    assert (await caller("POST", f"/v1/executions/{ended.id}/cancel", headers=headers)).status == 200
    async with fault(stack, "slow,s=600"):
        other = await client.responses.create(model="simulated/chat", input="Hi.", background=True)
        for path in ("responses", "executions"):
            refused = await caller("POST", f"/v1/{path}/{other.id}/cancel", headers=headers)
            assert (refused.status, refused.body["error"]["code"]) == (422, "idempotency_mismatch")
        assert (await client.responses.retrieve(other.id)).status in ("queued", "in_progress")
        again = await caller("POST", f"/v1/responses/{ended.id}/cancel", headers=headers)
        assert again.headers["idempotent-replayed"] == "true" and again.body["status"] == "completed"
        await client.responses.cancel(other.id)


@pytest.mark.promise("G-08")
async def test_what_would_leave_nothing_to_read_is_refused(caller: Caller) -> None:
    for more, named in (({"stream": True, "store": False}, "store"), ({"store": False}, "store")):
        refused = await caller("POST", "/v1/responses", {"model": "simulated/chat", "input": "x", "background": True, **more})
        assert (refused.status, refused.body["error"]["param"]) == (400, named), refused.body
    assert (await caller("PATCH", f"/v1/workspaces/{caller.workspace.workspace_id}", {"store_content": False})).status == 200
    async with asyncio.timeout(60):
        while (await caller("POST", "/v1/responses", {"model": "simulated/chat", "input": "x"})).body["store"]:
            await asyncio.sleep(0.02)
    refused = await caller("POST", "/v1/responses", {"model": "simulated/chat", "input": "x", "background": True})
    assert (refused.status, refused.body["error"]["param"]) == (400, "background")
    native = {"messages": [{"role": "user", "content": "x"}], "model": "simulated/chat", "mode": "background"}
    refused = await caller("POST", "/v1/executions", native)
    assert (refused.status, refused.body["error"]["param"]) == (422, "mode")


@pytest.mark.promise("T-01")
async def test_another_workspaces_is_nothing_that_there_is(client: AsyncOpenAI, caller: Caller, stack: Stack) -> None:
    theirs = await stack.caller()
    other = (await theirs("POST", "/v1/responses", {"model": "simulated/chat", "input": "Hi."})).body["id"]
    embedded = (await caller("POST", "/v1/embeddings", {"model": "simulated/embed", "input": "Hi."})).headers["x-execution-id"]
    for named in (other, embedded, "resp_1", "01a21fd3-40af-7590-9662-f11ae2dae9df"):
        for method, path in (("GET", ""), ("GET", "/input_items"), ("POST", "/cancel")):
            assert (await caller(method, f"/v1/responses/{named}{path}")).status == 404, (named, path)
    assert (await theirs("GET", f"/v1/responses/{other}")).body["status"] == "completed"
    narrow = await caller("POST", "/v1/api-keys", {"name": "no texts", "role": "viewer", "scopes": ["executions:write"]})
    blind = Caller(caller.session, caller.url, narrow.body["key"], caller.workspace)
    mine = (await blind("POST", "/v1/responses", {"model": "simulated/chat", "input": "Hi."})).body["id"]
    for path in ("", "/input_items"):
        assert (await blind("GET", f"/v1/responses/{mine}{path}")).status == 403, path
    ended = await blind("POST", f"/v1/responses/{mine}/cancel")
    assert (ended.status, ended.body["status"], ended.body["output"]) == (200, "completed", [])
    assert (await caller("POST", f"/v1/responses/{mine}/cancel")).body["output"] != []


async def test_of_texts_that_are_gone_the_figures_are_left(client: AsyncOpenAI, stack: Stack) -> None:
    told = await client.responses.create(model="simulated/chat", input="Hi.")
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("DELETE FROM execution_contents WHERE execution_id = $1", UUID(told.id))
    read = await client.responses.retrieve(told.id)
    assert (read.status, read.output, read.to_dict()["store"]) == ("completed", [], False)
    assert read.usage and told.usage and read.usage.output_tokens == told.usage.output_tokens
    with pytest.raises(openai.NotFoundError):
        await client.responses.input_items.list(told.id)


async def test_what_is_not_offered_says_what_is(caller: Caller) -> None:
    told = (await caller("POST", "/v1/responses", {"model": "simulated/chat", "input": "Hi."})).body["id"]
    refused = await caller("POST", "/v1/responses/compact", {"model": "simulated/chat", "input": "Hi."})
    assert refused.status == 405 and "GET /v1/responses/{id}" in refused.body["error"]["message"]
    refused = await caller("GET", f"/v1/responses/{told}?starting_after=1")
    assert refused.status == 422 and refused.body["error"]["param"] == "starting_after"


async def test_a_kept_response_is_streamed_and_goes_on_where_it_was_left(client: AsyncOpenAI) -> None:
    told = await client.responses.create(model="simulated/chat", input="Hi.", metadata={"trip": "7"})
    events = [event async for event in await client.responses.retrieve(told.id, stream=True)]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[0].type == "response.created" and events[-1].type == "response.completed"
    assert events[-1].response.to_dict() == (await client.responses.retrieve(told.id)).to_dict()
    rest = [event async for event in await client.responses.retrieve(told.id, stream=True, starting_after=3)]
    assert [one.to_dict() for one in rest] == [one.to_dict() for one in events[4:]]
    beyond = [event async for event in await client.responses.retrieve(told.id, stream=True, starting_after=99)]
    assert [one.to_dict() for one in beyond] == [events[-1].to_dict()]  # who counted the shorter pieces of the call itself
    async with client.responses.stream(response_id=told.id) as stream:
        assert (await stream.get_final_response()).output_text == told.output_text


async def test_one_that_runs_is_streamed_until_it_has_ended(client: AsyncOpenAI, stack: Stack) -> None:
    async with fault(stack, "slow,s=600"), asyncio.timeout(60):
        queued = await client.responses.create(model="simulated/chat", input="Hi.", background=True)
        stream = aiter(await client.responses.retrieve(queued.id, stream=True))
        begun = [(await anext(stream)).type for _ in range(2)]
        await client.responses.cancel(queued.id)
        [last] = [event async for event in stream]
    assert begun == ["response.created", "response.in_progress"] and last.sequence_number == 2
    assert last.type == "response.failed" and last.response.status == "cancelled"
    async with fault(stack, "error,status=400"):
        failed = await client.responses.create(model="simulated/chat", input="Hi.", background=True)
        events = [event async for event in await client.responses.retrieve(failed.id, stream=True)]
    assert events[-1].type == "response.failed" and events[-1].response.error is not None
    assert events[-1].response.error.code == "provider_refused"
    with pytest.raises(openai.NotFoundError):
        await client.responses.retrieve("resp_1", stream=True)


async def test_one_in_the_background_is_streamed_from_the_start_and_goes_on_without_its_listener(client: AsyncOpenAI, stack: Stack) -> None:
    """OpenAI's clients send `background` and `stream` together, and read on by the number of the last event that they had."""
    stream = await client.responses.create(model="simulated/chat", input="Hi.", background=True, stream=True, metadata={"trip": "7"})
    events = [event async for event in stream]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[0].type == "response.created" and events[-1].type == "response.completed"
    whole = events[-1].response
    assert stream.response.headers["x-execution-id"] == whole.id and whole.background and whole.output_text
    assert whole.to_dict() == (await client.responses.retrieve(whole.id)).to_dict()
    rest = [event async for event in await client.responses.retrieve(whole.id, stream=True, starting_after=3)]
    assert [one.to_dict() for one in rest] == [one.to_dict() for one in events[4:]]
    async with fault(stack, "slow,s=2"), asyncio.timeout(60):
        left = await client.responses.create(model="simulated/chat", input="Hi again.", background=True, stream=True)
        first = await anext(aiter(left))
        assert first.type == "response.created" and first.response.status == "in_progress"
        await left.close()
        assert (await until_ended(client, first.response.id)).status == "completed"


@pytest.mark.promise("G-02")
async def test_a_repeat_of_one_that_is_streamed_in_the_background_hears_the_same(client: AsyncOpenAI) -> None:
    asked: dict[str, Any] = {"model": "simulated/chat", "input": "Hi.", "background": True, "stream": True}
    told = []
    for _ in range(2):
        stream = await client.responses.create(**asked, extra_headers={"Idempotency-Key": "follow"})
        told.append([event async for event in stream][-1])
    assert stream.response.headers["idempotent-replayed"] == "true"
    assert told[0].to_dict() == told[1].to_dict()


async def test_one_that_fails_in_the_background_ends_its_stream_with_why(client: AsyncOpenAI, stack: Stack) -> None:
    async with fault(stack, "error,status=400"):
        stream = await client.responses.create(model="simulated/chat", input="Hi.", background=True, stream=True)
        last = [event async for event in stream][-1]
    assert last.type == "response.failed" and last.response.error is not None and last.response.error.code == "provider_refused"
    with pytest.raises(openai.NotFoundError):
        await client.responses.create(model="burnish::prompt::absent", input="Hi.", background=True, stream=True)


async def test_a_stream_of_one_that_runs_follows_the_bus_and_seldom_asks_the_database(
    client: AsyncOpenAI, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    async def counted(gateway: Any, principal: Any, response_id: str) -> Any:
        looked.append(response_id)
        return await find_response(gateway, principal, response_id)

    monkeypatch.setattr("burnish_gateway.compat.responses.replay.find_response", counted)
    monkeypatch.setattr("burnish_gateway.compat.responses.replay.FIRST_LOOK_S", 600.0)
    async with fault(stack, "slow,s=600"), asyncio.timeout(60):
        ids = [(await client.responses.create(model="simulated/chat", input="Hi.", background=True)).id for _ in range(3)]
        streams = [aiter(await client.responses.retrieve(one, stream=True)) for one in ids for _ in range(10)]
        for stream in streams:
            assert (await anext(stream)).type == "response.created"
        await asyncio.sleep(1.5)  # longer than between two looks of before
        assert len(looked) == len(streams), "one look each, before anything was told"
        for one in ids:
            await client.responses.cancel(one)
        ended = [[event.type async for event in stream][-1] for stream in streams]
    assert set(ended) == {"response.failed"} and len(looked) <= 2 * len(streams) + 5


async def test_a_stream_whose_word_from_the_bus_is_lost_still_ends(
    client: AsyncOpenAI, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deaf(_: EndWatch, __: Any) -> None:
        return

    monkeypatch.setattr(EndWatch, "_on_records", deaf)
    async with fault(stack, "slow,s=600"), asyncio.timeout(60):
        queued = await client.responses.create(model="simulated/chat", input="Hi.", background=True)
        stream = aiter(await client.responses.retrieve(queued.id, stream=True))
        assert (await anext(stream)).type == "response.created"
        await client.responses.cancel(queued.id)
        assert [event.type async for event in stream][-1] == "response.failed"
