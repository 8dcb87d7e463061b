"""A gateway on a database of the module's own; every test makes its workspaces."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tests.embedded.databases import DatabaseUrls
from tests.embedded.stack import Caller, Stack, running_stack
from tests.embedded.superuser import as_superuser
from tests.embedded.workspaces import Workspace, make_workspace


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: DatabaseUrls, nats_server: Any) -> AsyncIterator[Stack]:
    async with running_stack(module_database_urls, nats_server, executors=0) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def superuser(module_database_urls: DatabaseUrls) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(module_database_urls["superuser"], server_settings={"search_path": "burnish"})
    yield connection
    await connection.close()


Admins = Callable[..., Awaitable[Caller]]


@pytest.fixture
def admin_of(stack: Stack) -> Admins:
    """`await admin_of("acme")`: an admin of a fresh workspace; `beside=caller` puts it into that caller's organization."""

    async def make(name: str = "acme", *, beside: Caller | None = None, role: str = "admin") -> Caller:
        workspace = await make_workspace(stack.urls["superuser"], name=name)
        if beside is not None:
            async with as_superuser(stack.urls["superuser"]) as connection:
                await connection.execute(
                    "UPDATE workspaces SET organization_id = $2 WHERE workspace_id = $1",
                    workspace.workspace_id,
                    beside.workspace.organization_id,
                )
            workspace = Workspace(workspace.workspace_id, beside.workspace.organization_id, workspace.credit_account_id)
        return await stack.caller(workspace=workspace, role=role)

    return make
