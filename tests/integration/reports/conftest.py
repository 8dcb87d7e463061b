"""A gateway over a database into which analytics counts what the tests bring; each test has a workspace of its own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from burnish_shared.db.session import Database
from tests.embedded.databases import DatabaseUrls
from tests.embedded.stack import Caller, Stack, running_stack
from tests.integration.analytics.traffic import Analytics, analytics_on


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: Any, nats_server: Any) -> AsyncIterator[Stack]:
    async with running_stack(module_database_urls, nats_server, executors=0) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def analytics(module_database_urls: DatabaseUrls) -> AsyncIterator[Analytics]:
    db = await Database.open(module_database_urls["analytics"], application_name="test-analytics", max_size=4)
    yield analytics_on(db, module_database_urls["superuser"])
    await db.close()


@pytest_asyncio.fixture(loop_scope="session")
async def caller(stack: Stack) -> Caller:
    return await stack.caller()
