"""A gateway and an executor on a database of the module's own; every test makes its workspaces."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest_asyncio

from tests.embedded.databases import DatabaseUrls
from tests.embedded.held_back import long_waits_for_locks
from tests.embedded.stack import Caller, Stack, running_stack


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: DatabaseUrls, nats_server: Any) -> AsyncIterator[Stack]:
    with long_waits_for_locks():
        async with running_stack(module_database_urls, nats_server) as running:
            yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def superuser(module_database_urls: DatabaseUrls) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(module_database_urls["superuser"], server_settings={"search_path": "burnish"})
    yield connection
    await connection.close()


@pytest_asyncio.fixture(loop_scope="session")
async def call(stack: Stack) -> Caller:
    """An admin of a fresh workspace."""
    return await stack.caller()
