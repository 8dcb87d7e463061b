"""One stack for the tests of this folder, with optimizers on top; each test has a workspace of its own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from burnish_gateway.alerts.start_by_policy import PolicyStarter
from burnish_gateway.model_migrations.advance import MigrationRunner
from burnish_gateway.schedules.start_due import ScheduleStarter
from burnish_optimizer.app import main as run_optimizer
from burnish_optimizer.settings import OptimizerSettings
from tests.embedded.held_back import long_waits_for_locks
from tests.embedded.stack import FAST, Caller, Stack, running_stack
from tests.integration.optimization.tickets import WEAK, tickets

QUICK: dict[str, Any] = {
    "lease_s": 20,
    "renew_s": 0.5,
    "claim_interval_s": 0.2,
    "watch_interval_s": 0.1,
    "progress_interval_s": 0.1,
    "lost_after_s": 0.3,
    "jobs_at_once": 4,
}
"""The lease outlasts a machine that stands still: else one optimizer takes the work of another, and begins it again. Tests that let one die
shorten what is left of it (`crash`)."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: Any, nats_server: Any) -> AsyncIterator[Stack]:
    with pytest.MonkeyPatch.context() as patch, long_waits_for_locks():
        for rounds in (MigrationRunner, PolicyStarter, ScheduleStarter):  # The tests take these rounds themselves, and count what each did.
            patch.setattr(rounds, "interval_s", 3600.0)
        async with running_stack(module_database_urls, nats_server) as running:
            yield running


@pytest_asyncio.fixture(loop_scope="session")
async def caller(stack: Stack) -> Caller:
    return await stack.caller()


class Optimizer:
    """One optimizer in this process. `kill` ends it as a crash would: nothing is given back, nothing is finished."""

    def __init__(self, task: "asyncio.Task[None]", stop: asyncio.Event) -> None:
        self.task = task
        self.stop = stop

    async def end(self) -> None:
        self.stop.set()
        await asyncio.wait_for(self.task, 60)

    async def kill(self) -> None:
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await self.task


@pytest_asyncio.fixture(loop_scope="session")
async def start_optimizer(stack: Stack) -> AsyncIterator[Callable[..., Any]]:
    """`await start_optimizer(replica="a")`; ended after the test."""
    started: list[Optimizer] = []

    async def start(*, replica: str = "o0", **settings: Any) -> Optimizer:
        stop = asyncio.Event()
        made = OptimizerSettings(
            database_url=stack.urls["optimizer"], nats_url=stack.nats.url("optimizer"), replica=replica, **(FAST | QUICK | settings)
        )
        one = Optimizer(asyncio.create_task(run_optimizer(stop, made)), stop)
        started.append(one)
        return one

    yield start
    for one in started:
        if not one.task.done():
            await one.end()


class Desk:
    """A prompt and a dataset of one caller, and what a test does with them."""

    def __init__(self, caller: Caller, dataset_id: str) -> None:
        self.caller = caller
        self.dataset_id = dataset_id

    async def until(self, path: str, *, statuses: tuple[str, ...] = ("completed", "failed", "cancelled"), timeout_s: float = 100) -> Any:
        """The object at `path`, once its status is one of these."""
        async with asyncio.timeout(timeout_s):
            while True:
                body = (await self.caller("GET", path)).body
                if body["status"] in statuses:
                    return body
                await asyncio.sleep(0.05)

    async def proposals(self, job_id: str, *, limit: int = 200, **asked: str) -> list[dict[str, Any]]:
        """All that `GET /v1/optimizations/{id}/proposals` lists, page by page."""
        found: list[dict[str, Any]] = []
        query = {"limit": str(limit), **asked}
        while True:
            page = await self.caller("GET", f"/v1/optimizations/{job_id}/proposals?{urlencode(query)}")
            assert page.status == 200, page.body
            found += page.body["data"]
            if page.body["next_cursor"] is None:
                return found
            assert len(page.body["data"]) == limit
            query["cursor"] = page.body["next_cursor"]


@pytest_asyncio.fixture(loop_scope="session")
async def desk(caller: Caller) -> Desk:
    """The weak prompt, labelled production, and its tickets."""
    return await make_desk(caller)


async def make_desk(caller: Caller, *, prompt: str = WEAK, items: list[dict[str, Any]] | None = None) -> Desk:
    content = {"messages": [{"role": "system", "content": prompt}], "model": "simulated/reader", "temperature": 0.0, "max_tokens": 50}
    made = await caller("POST", "/v1/prompts", {"slug": "tickets"} | content)
    assert made.status == 201, made.body
    moved = await caller("PUT", "/v1/prompts/tickets/labels/production", {"version": 1})
    assert moved.status == 200, moved.body
    dataset = await caller("POST", "/v1/datasets", {"name": "tickets", "items": items or tickets()})
    assert dataset.status == 201, dataset.body
    return Desk(caller, dataset.body["id"])
