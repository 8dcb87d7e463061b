"""One stack with two gateways and analytics for the tests of this folder, each test a workspace of its own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from tests.embedded.emitted_events import check_events
from tests.embedded.stack import Caller, Stack, running_stack


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def stack(postgres: Any, nats_server: Any) -> AsyncIterator[Stack]:
    urls = await postgres.clone()
    # Orders of the optimizer are carried out when a test says so, at the time that it says (crowd.py).
    async with running_stack(urls, nats_server, gateway={"experiment_orders_interval_s": 3600.0}) as running:
        yield running
    await check_events(urls)
    await postgres.drop(urls)


@pytest_asyncio.fixture(loop_scope="session")
async def caller(stack: Stack) -> Caller:
    return await stack.caller()
