"""Two gateways for the tests of what open pages are told."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from tests.embedded.stack import Caller, Stack, running_stack


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: Any, nats_server: Any) -> AsyncIterator[Stack]:
    async with running_stack(module_database_urls, nats_server, gateways=2, executors=0) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def caller(stack: Stack) -> Caller:
    return await stack.caller()
