"""`store: false` of OpenAI's clients: figures are kept of such a call, and no text."""

import json
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E2")]

HELLO = [{"role": "user", "content": "Hello."}]

CODE = "wolpertinger"
"""Of letters that no id is made of."""

SECRET = f"The code is {CODE}."


async def contents_of(stack: Stack, execution_id: str) -> int:
    async with as_superuser(stack.urls["superuser"]) as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM execution_contents WHERE execution_id = $1", execution_id)
    return count


async def assert_figures_alone(stack: Stack, caller: Caller, execution_id: str) -> None:
    kept = (await caller("GET", f"/v1/executions/{execution_id}")).body
    assert (kept["status"], kept["messages"], kept["output"]) == ("success", None, None)
    assert kept["usage"]["output_tokens"] > 0 and kept["cost_nusd"] >= 0 and kept["user_id"] == "ada"
    assert CODE not in json.dumps(kept) and await contents_of(stack, execution_id) == 0


async def test_a_response_that_is_not_to_be_stored_leaves_figures_alone(stack: Stack, client: AsyncOpenAI, caller: Caller) -> None:
    told = await client.responses.create(model="simulated/chat", input=SECRET, store=False, user="ada")
    assert CODE in told.output_text and told.model_dump()["store"] is False
    await assert_figures_alone(stack, caller, told.id)
    async with client.responses.stream(model="simulated/chat", input=SECRET, store=False, user="ada") as stream:
        streamed = await stream.get_final_response()
    assert CODE in streamed.output_text
    await assert_figures_alone(stack, caller, streamed.id)
    with pytest.raises(openai.BadRequestError) as refused:
        await client.responses.create(model="simulated/chat", input="And now?", previous_response_id=told.id)
    assert refused.value.param == "previous_response_id" and "store: false" in refused.value.message


async def test_an_answer_says_whether_it_is_stored(client: AsyncOpenAI, caller: Caller) -> None:
    for told in (
        await client.responses.create(model="simulated/chat", input="Hi."),
        await client.responses.create(model="simulated/chat", input="Hi.", store=True),
    ):
        assert told.model_dump()["store"] is True
    assert (await caller("PATCH", f"/v1/workspaces/{caller.workspace.workspace_id}", {"store_content": False})).status == 200
    assert (await client.responses.create(model="simulated/chat", input="Hi.", store=True)).model_dump()["store"] is False


async def test_a_chat_that_is_not_to_be_stored_leaves_figures_alone_and_nothing_in_the_cache(
    stack: Stack, client: AsyncOpenAI, caller: Caller
) -> None:
    asked: dict[str, Any] = {"model": "simulated/chat", "messages": [{"role": "user", "content": SECRET}], "store": False, "user": "ada"}
    answers = [await client.chat.completions.create(**asked, extra_body={"cache": True}) for _ in range(2)]
    assert [one.model_dump()["burnish"]["cached"] for one in answers] == [False, False]
    for one in answers:
        await assert_figures_alone(stack, caller, one.id)
    native = {name: asked[name] for name in ("model", "messages")} | {"user_id": "ada", "overrides": {"extra": {"store": False}}}
    answer = await caller("POST", "/v1/executions", native)
    assert answer.status == 200, answer.body
    await assert_figures_alone(stack, caller, answer.body["id"])


async def test_a_batch_that_could_not_keep_its_answers_says_so(caller: Caller) -> None:
    line = {"custom_id": "1", "body": {"model": "simulated/chat", "messages": HELLO, "store": False}}
    refused = await caller("POST", "/v1/batches", {"endpoint": "/v1/chat/completions", "requests": [line]})
    assert (refused.status, refused.body["error"]["param"]) == (422, "store")
    assert "keeps its answers" in refused.body["error"]["message"]


async def test_a_background_execution_that_could_not_be_read_says_so(caller: Caller) -> None:
    body = {"model": "simulated/chat", "messages": HELLO, "mode": "background", "overrides": {"extra": {"store": False}}}
    refused = await caller("POST", "/v1/executions", body)
    assert (refused.status, refused.body["error"]["param"]) == (422, "overrides.extra.store")


@pytest.mark.parametrize("said", ["false", 0, "no"])
async def test_what_is_no_boolean_is_refused_by_its_name(caller: Caller, said: Any) -> None:
    """It went on to the provider, and the text was kept."""
    refused = await caller("POST", "/v1/chat/completions", {"model": "simulated/chat", "messages": HELLO, "store": said})
    assert (refused.status, refused.body["error"]["param"]) == (400, "store"), refused.body
