"""One stack for the tests of this folder; each module that needs one has an optimizer, each test a workspace of its own."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from burnish_optimizer.app import main as run_optimizer
from burnish_optimizer.settings import OptimizerSettings
from tests.embedded.emitted_events import check_events
from tests.embedded.stack import FAST, Caller, Stack, running_stack

QUICK: dict[str, Any] = {
    "lease_s": 2, "renew_s": 0.5, "claim_interval_s": 0.1, "watch_interval_s": 0.05, "lost_after_s": 0.3, "batch_turn_s": 0.3,
    "batches_at_once": 2, "job_in_flight": 8,
}  # fmt: skip


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def stack(postgres: Any, nats_server: Any) -> AsyncIterator[Stack]:
    urls = await postgres.clone()
    async with running_stack(urls, nats_server) as running:
        yield running
    await check_events(urls)
    await postgres.drop(urls)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def optimizer(stack: Stack) -> AsyncIterator[None]:
    stop = asyncio.Event()
    settings = OptimizerSettings(database_url=stack.urls["optimizer"], nats_url=stack.nats.url("optimizer"), replica="o0", **(FAST | QUICK))
    task = asyncio.create_task(run_optimizer(stop, settings))
    yield
    stop.set()
    await asyncio.wait_for(task, 60)


@pytest_asyncio.fixture(loop_scope="session")
async def caller(stack: Stack) -> Caller:
    return await stack.caller()
