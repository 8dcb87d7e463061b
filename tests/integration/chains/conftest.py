"""One stack for the tests of this folder, each test a workspace of its own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest_asyncio

from tests.embedded.emitted_events import check_events
from tests.embedded.stack import Caller, Stack, running_stack

QUICK: dict[str, Any] = {"chain_lease_s": 10, "chain_look_interval_s": 0.1, "dispatch_give_up_s": 15.0}
"""A machine that stands still for longer than a lease lasts makes a run that is worked on somebody else's."""


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def around(postgres: Any, nats_server: Any) -> AsyncIterator[Stack]:
    """Everything but an executor."""
    urls = await postgres.clone()
    async with running_stack(urls, nats_server, executors=0, gateway=QUICK) as running:
        yield running
    await check_events(urls)
    await postgres.drop(urls)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def stack(around: Stack) -> AsyncIterator[Stack]:
    """`exit` ends its executor and nothing else."""
    whole = replace(around, exit=AsyncExitStack())
    await whole.start_executor()
    yield whole
    await whole.exit.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def bare(stack: Stack) -> AsyncIterator[Stack]:
    """Without its executor, for as long as the test takes."""
    await stack.exit.aclose()
    yield stack
    await stack.start_executor()


@pytest_asyncio.fixture(loop_scope="session")
async def caller(stack: Stack) -> Caller:
    return await stack.caller()
