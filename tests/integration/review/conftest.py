"""Gateway, executor, simulator and analytics in one process, on real PostgreSQL and NATS; prompts whose answers people review."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest_asyncio

from burnish_analytics import app
from burnish_shared.bus.connect import connect
from burnish_shared.db.session import Database
from tests.embedded.held_back import long_waits_for_locks
from tests.embedded.stack import Caller, Stack, running_stack
from tests.integration.analytics.traffic import settings


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: Any, nats_server: Any) -> AsyncIterator[Stack]:
    with long_waits_for_locks():  # Several decide at once about answers that go into one dataset.
        db = await Database.open(module_database_urls["analytics"], application_name="test-analytics")
        bus = await connect(nats_server.url("analytics"), service="analytics", replica="review")
        stop = asyncio.Event()
        async with running_stack(module_database_urls, nats_server) as running:
            analytics = asyncio.create_task(app.run(settings(erasure_interval_s=0.05), db=db, bus=bus, stop=stop))
            yield running
            stop.set()
            await analytics
        await bus.close()
        await db.close()


@dataclass(frozen=True, slots=True)
class Team:
    """Two reviewers, an admin and somebody who may only look, in a fresh workspace with a prompt `route`."""

    admin: Caller
    ann: Caller
    bob: Caller
    viewer: Caller

    async def answer(self, text: str) -> str:
        """Runs the prompt; the id of the execution."""
        made = await self.admin("POST", "/v1/executions", {"prompt": "route", "variables": {"text": text}})
        assert made.status == 200, made.body
        return str(made.body["id"])

    async def pick(self, text: str) -> str:
        """Runs the prompt and puts its answer into the queue; the id in the queue."""
        picked = await self.admin("POST", "/v1/review", {"execution_id": await self.answer(text)})
        assert picked.status == 201, picked.body
        return str(picked.body["id"])


@pytest_asyncio.fixture(loop_scope="session")
async def team(stack: Stack) -> Team:
    admin = await stack.caller()
    prompt = {"slug": "route", "messages": [{"role": "user", "content": "{{text}}"}], "model": "simulated/chat"}
    assert (await admin("POST", "/v1/prompts", prompt)).status == 201
    assert (await admin("PUT", "/v1/prompts/route/labels/production", {"version": 1})).status == 200
    ann, bob, viewer = [await stack.caller(role=role, workspace=admin.workspace) for role in ("editor", "editor", "viewer")]
    return Team(admin, ann, bob, viewer)
