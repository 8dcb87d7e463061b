"""Clients that name their session in a header, as opencode does."""

import pytest
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from tests.embedded.stack import Caller

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E2")]

SAID = {"x-session-affinity": "ses_1", "x-session-id": "ses_1"}


async def session_of(caller: Caller, execution_id: str) -> str | None:
    session: str | None = (await caller("GET", f"/v1/executions/{execution_id}")).body["session_id"]
    return session


async def test_each_format_takes_the_session_of_the_header(caller: Caller, client: AsyncOpenAI) -> None:
    chat = await client.chat.completions.create(
        model="simulated/chat", messages=[{"role": "user", "content": "Hello."}], extra_headers=SAID
    )
    response = await client.responses.create(model="simulated/chat", input="Hello.", extra_headers=SAID)
    async with AsyncAnthropic(base_url=caller.url, api_key=caller.key, max_retries=0) as anthropic:
        message = await anthropic.messages.create(
            model="simulated/chat", max_tokens=50, messages=[{"role": "user", "content": "Hello."}], extra_headers=SAID
        )
    assert [await session_of(caller, told) for told in (chat.id, response.id, message.id)] == ["ses_1"] * 3


async def test_what_the_body_says_goes_before(caller: Caller, client: AsyncOpenAI) -> None:
    told = await client.chat.completions.create(
        model="simulated/chat", messages=[{"role": "user", "content": "Hello."}], metadata={"session_id": "mine"}, extra_headers=SAID
    )
    assert await session_of(caller, told.id) == "mine"


@pytest.mark.parametrize("named", ["", "s" * 201])
async def test_a_header_that_names_none_changes_nothing(caller: Caller, client: AsyncOpenAI, named: str) -> None:
    told = await client.chat.completions.create(
        model="simulated/chat", messages=[{"role": "user", "content": "Hello."}], extra_headers={"x-session-id": named}
    )
    assert await session_of(caller, told.id) is None
