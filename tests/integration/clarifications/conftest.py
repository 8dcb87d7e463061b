"""One stack with two gateways for the tests of this folder, each test a workspace of its own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from tests.embedded.emitted_events import check_events
from tests.embedded.stack import Caller, Stack, running_stack

QUICK: dict[str, Any] = {"assistant_lease_s": 10, "assistant_look_interval_s": 0.1}
"""Both gateways live on one event loop. Where that stands still for longer than a lease lasts, one takes what the other works on, and asks
its model once more. What was put off waits for the end of its lease, so it is not as long as in production either."""


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def stack(postgres: Any, nats_server: Any) -> AsyncIterator[Stack]:
    urls = await postgres.clone()
    async with running_stack(urls, nats_server, gateways=2, gateway=QUICK) as running:
        yield running
    await check_events(urls)
    await postgres.drop(urls)


@pytest_asyncio.fixture(loop_scope="session")
async def caller(stack: Stack) -> Caller:
    return await stack.caller()
