"""One stack for the tests of this folder, and OpenAI's own client, unmodified, at its gateway."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from openai import AsyncOpenAI

from tests.embedded.databases import Cluster
from tests.embedded.stack import Caller, Stack, running_stack
from tests.fakes.tool_caller import ToolCaller, calling_tools


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def stack(postgres: Cluster, nats_server: Any) -> AsyncIterator[Stack]:
    urls = await postgres.clone()
    async with running_stack(urls, nats_server) as running:
        yield running
    await postgres.drop(urls)


@pytest_asyncio.fixture(loop_scope="session")
async def caller(stack: Stack) -> Caller:
    return await stack.caller()


@pytest_asyncio.fixture(loop_scope="session")
async def client(caller: Caller) -> AsyncIterator[AsyncOpenAI]:
    """As an application would make it: base URL and key changed."""
    async with AsyncOpenAI(base_url=f"{caller.url}/v1", api_key=caller.key, max_retries=0) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def tool_caller(caller: Caller) -> AsyncIterator[ToolCaller]:
    """A provider that calls tools, known to the workspace as the model `own/tools`."""
    async with calling_tools() as provider:
        facts = {
            "model": "own/tools",
            "provider": "openai_compatible",
            "upstream_model": "tools-1",
            "base_url": provider.base_url,
            "context_tokens": 100_000,
            "output_tokens": 4096,
            "input_price_nusd_per_million": 1_000_000_000,
            "output_price_nusd_per_million": 2_000_000_000,
        }
        made = await caller("POST", "/v1/models", facts)
        assert made.status == 201, made.body
        yield provider
