"""One stack with an optimizer for the tests of this folder, each test a workspace of its own."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from burnish_optimizer.app import main as run_optimizer
from burnish_optimizer.settings import OptimizerSettings
from tests.embedded.emitted_events import check_events
from tests.embedded.stack import FAST, Caller, Stack, running_stack
from tests.integration.clarifications.conftest import QUICK
from tests.integration.optimization.conftest import QUICK as QUICK_OPTIMIZER


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def stack(postgres: Any, nats_server: Any) -> AsyncIterator[Stack]:
    urls = await postgres.clone()
    async with running_stack(urls, nats_server, gateway=QUICK) as running:
        stop = asyncio.Event()
        where = {"database_url": urls["optimizer"], "nats_url": nats_server.url("optimizer"), "replica": "source"}
        optimizer = asyncio.create_task(run_optimizer(stop, OptimizerSettings(**(where | FAST | QUICK_OPTIMIZER))))
        yield running
        stop.set()
        await asyncio.wait_for(optimizer, 60)
    await check_events(urls)
    await postgres.drop(urls)


@pytest_asyncio.fixture(loop_scope="session")
async def caller(stack: Stack) -> Caller:
    return await stack.caller()
