"""Two gateways and an executor for the tests of this folder; each test has workspaces of its own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from tests.embedded.stack import Caller, Stack, running_stack
from tests.integration.billing.money import operator_of


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: Any, nats_server: Any) -> AsyncIterator[Stack]:
    async with running_stack(module_database_urls, nats_server, gateways=2) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def caller(stack: Stack) -> Caller:
    return await stack.caller()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def operator(stack: Stack) -> Caller:
    return await operator_of(stack)
