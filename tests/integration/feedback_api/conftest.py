"""Gateway, executor, simulator and analytics in one process, on real PostgreSQL and NATS."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from burnish_analytics import app
from burnish_shared.bus.connect import connect
from burnish_shared.db.session import Database
from tests.embedded.stack import Caller, Stack, running_stack
from tests.integration.analytics.traffic import settings


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: Any, nats_server: Any) -> AsyncIterator[Stack]:
    db = await Database.open(module_database_urls["analytics"], application_name="test-analytics")
    bus = await connect(nats_server.url("analytics"), service="analytics", replica="feedback-api")
    stop = asyncio.Event()
    async with running_stack(module_database_urls, nats_server) as running:
        analytics = asyncio.create_task(app.run(settings(), db=db, bus=bus, stop=stop))
        yield running
        stop.set()
        await analytics
    await bus.close()
    await db.close()


@pytest_asyncio.fixture(loop_scope="session")
async def caller(stack: Stack) -> Caller:
    """An admin of a fresh workspace with a prompt `route`, whose version 1 is labelled `production`."""
    made = await stack.caller()
    prompt = {"slug": "route", "messages": [{"role": "user", "content": "{{text}}"}], "model": "simulated/chat"}
    assert (await made("POST", "/v1/prompts", prompt)).status == 201
    assert (await made("PUT", "/v1/prompts/route/labels/production", {"version": 1})).status == 200
    return made
