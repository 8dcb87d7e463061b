"""One stack for the tests of this folder; each test has a workspace of its own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from tests.embedded.stack import Caller, Stack, running_stack
from tests.fakes.keyed_provider import KeyedProvider, serving_by_key


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: Any, nats_server: Any) -> AsyncIterator[Stack]:
    async with running_stack(module_database_urls, nats_server) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def provider() -> AsyncIterator[KeyedProvider]:
    """Answers everybody who asks."""
    async with serving_by_key() as one:
        yield one


@pytest_asyncio.fixture(loop_scope="session")
async def caller(stack: Stack) -> Caller:
    return await stack.caller()


def described(provider: KeyedProvider, name: str, **more: Any) -> dict[str, Any]:
    """A model that costs 1000 nano-dollars a token of input and 4000 one of output."""
    return {
        "model": name, "provider": "lab", "upstream_model": name, "base_url": provider.base_url, "context_tokens": 100_000,
        "output_tokens": 1_000, "input_price_nusd_per_million": 1_000_000_000, "output_price_nusd_per_million": 4_000_000_000,
        "capabilities": ["chat", "streaming"],
    } | more  # fmt: skip


async def made(caller: Caller, facts: dict[str, Any]) -> dict[str, Any]:
    answer = await caller("POST", "/v1/models", facts)
    assert answer.status == 201, answer.body
    return dict(answer.body)
