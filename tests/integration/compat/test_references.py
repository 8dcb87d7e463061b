"""Items that a call of the Responses API names by their ids: how much they may come to, and what a repeat needs of them."""

import pytest
from openai import AsyncOpenAI

from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.fakes.tool_caller import ToolCaller
from tests.integration.compat.test_responses import TOOL

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E2")]


@pytest.mark.promise("G-15")
async def test_named_items_count_as_if_they_had_been_sent(
    client: AsyncOpenAI, caller: Caller, tool_caller: ToolCaller, stack: Stack
) -> None:
    """A body of 150 kB that names one call again and again became 40 MB before anything looked at its size."""
    told = await client.responses.create(model="own/tools", input="Hi.", tools=[TOOL])  # type: ignore[list-item]
    call = told.output[0].id
    long = '[{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "' + "x" * 20_000 + '"}}]'
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("UPDATE execution_contents SET tool_calls = $2::jsonb WHERE execution_id = $1::uuid", told.id, long)
    asked = len(tool_caller.bodies)
    body = {"model": "own/tools", "input": [{"type": "item_reference", "id": call}] * 2000}
    refused = await caller("POST", "/v1/responses", body)
    counted = await caller("POST", "/v1/responses/input_tokens", body)
    assert (refused.status, refused.body["error"]["code"], counted.status) == (413, "payload_too_large", 413)
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute(
            "UPDATE execution_contents SET output = repeat('x', 9 * 1024 * 1024) WHERE execution_id = $1::uuid", told.id
        )
    refused = await caller("POST", "/v1/responses", body | {"input": [{"type": "item_reference", "id": call}]})
    assert (refused.status, refused.body["error"]["param"]) == (413, "input") and len(tool_caller.bodies) == asked


@pytest.mark.promise("G-02")
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_repeat_needs_no_text_that_was_erased_since(client: AsyncOpenAI, caller: Caller, stack: Stack, streamed: bool) -> None:
    said = (await client.responses.create(model="simulated/chat", input="Say hello.")).output[0].id
    body = {"model": "simulated/chat", "input": [{"type": "item_reference", "id": said}], "metadata": {"order": "7"}, "stream": streamed}
    headers = {"idempotency-key": f"named-{streamed}"}
    first = await caller("POST", "/v1/responses", body, headers=headers)
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("DELETE FROM execution_contents WHERE execution_id = $1::uuid", said.removeprefix("msg_"))
    again = await caller("POST", "/v1/responses", body, headers=headers)
    assert (first.status, again.status) == (200, 200) and again.headers["idempotent-replayed"] == "true"
    assert again.headers["x-execution-id"] == first.headers["x-execution-id"]
    if not streamed:
        assert again.raw == first.raw
    assert (await caller("POST", "/v1/responses", body)).status == 400
    other = await caller("POST", "/v1/responses", body | {"metadata": {"order": "8"}}, headers=headers)
    assert (other.status, other.body["error"]["code"]) == (422, "idempotency_mismatch")
