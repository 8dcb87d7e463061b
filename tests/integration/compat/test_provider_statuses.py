"""What a provider's status becomes in each of the three formats, as the clients' own exceptions, and what their clients do then."""

from collections.abc import AsyncIterator

import anthropic
import openai
import pytest
import pytest_asyncio
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from tests.embedded.stack import Caller
from tests.fakes.keyed_provider import KeyedProvider, Manner, serving_by_key

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E2"), pytest.mark.promise("G-08")]

BECOMES = {
    400: (400, 400, False, "invalid_request_error"),
    401: (502, 502, False, "api_error"),
    402: (502, 502, False, "api_error"),
    403: (502, 502, False, "api_error"),
    404: (400, 400, False, "invalid_request_error"),
    408: (504, 504, True, "timeout_error"),
    409: (502, 502, True, "api_error"),
    413: (413, 413, False, "request_too_large"),
    422: (400, 400, False, "invalid_request_error"),
    429: (429, 429, True, "rate_limit_error"),
    500: (502, 502, True, "api_error"),
    503: (503, 529, True, "overloaded_error"),
    504: (504, 504, True, "timeout_error"),
    529: (503, 529, True, "overloaded_error"),
}
"""A provider's status → ours, ours for Anthropic's clients, whether a client may repeat it, and its type in Anthropic's words."""


@pytest_asyncio.fixture(loop_scope="session")
async def provider(caller: Caller) -> AsyncIterator[KeyedProvider]:
    """Known to the workspace as `lab/STATUS`: a provider of its own each, so that none is left alone for what another said."""
    async with serving_by_key() as serving:
        for status in BECOMES:
            facts = {
                "model": f"lab/{status}", "provider": f"lab_{status}", "base_url": serving.base_url, "context_tokens": 10_000,
                "output_tokens": 100, "input_price_nusd_per_million": 1, "output_price_nusd_per_million": 1,
            }  # fmt: skip
            assert (await caller("POST", "/v1/models", facts)).status == 201
        yield serving


@pytest.mark.parametrize("status", BECOMES)
async def test_a_status_of_the_provider_is_told_so_that_clients_repeat_what_may_pass(
    client: AsyncOpenAI, caller: Caller, provider: KeyedProvider, status: int
) -> None:
    provider.manners[""] = Manner(status=status, says="No.")
    ours, to_anthropics, may_pass, kind = BECOMES[status]
    said = {"model": f"lab/{status}", "max_tokens": 5}
    with pytest.raises(openai.APIStatusError) as chat:
        await client.chat.completions.create(messages=[{"role": "user", "content": "Hm?"}], **said)  # type: ignore[call-overload]
    async with AsyncAnthropic(base_url=caller.url, api_key=caller.key, max_retries=0) as claude:
        with pytest.raises(anthropic.APIStatusError) as message:
            await claude.messages.create(messages=[{"role": "user", "content": "Hm?"}], **said)  # type: ignore[call-overload]
    told = [(chat.value.status_code, chat.value.response), (message.value.status_code, message.value.response)]
    assert [one for one, _ in told] == [ours, to_anthropics], message.value
    assert [one.headers["x-should-retry"] for _, one in told] == [str(may_pass).lower()] * 2
    assert message.value.body["error"]["type"] == kind  # type: ignore[index]
    assert ("retry-after" in message.value.response.headers) is (ours in (429, 503))
    if kind == "overloaded_error":
        assert type(message.value) is anthropic._exceptions.OverloadedError


async def test_anthropics_client_waits_for_a_provider_that_is_overloaded_and_is_answered(caller: Caller, provider: KeyedProvider) -> None:
    provider.manners[""] = Manner(status=529, says="Overloaded")
    heard: list[int] = []

    async def relent(response: object) -> None:
        heard.append(response.status_code)  # type: ignore[attr-defined]
        provider.manners.pop("", None)

    made = anthropic.DefaultAsyncHttpxClient(event_hooks={"response": [relent]})
    async with AsyncAnthropic(base_url=caller.url, api_key=caller.key, max_retries=2, http_client=made) as claude:
        told = await claude.messages.create(model="lab/529", max_tokens=5, messages=[{"role": "user", "content": "Hm?"}])
    assert told.content and heard == [529, 200]
