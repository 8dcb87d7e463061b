"""A database of the module's own, as analytics sees it and as a superuser does."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from burnish_shared.db.session import Database
from tests.embedded.databases import DatabaseUrls
from tests.embedded.workspaces import Workspace, make_workspace
from tests.integration.privacy.past import Past


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def superuser(module_database_urls: DatabaseUrls) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(module_database_urls["superuser"], server_settings={"search_path": "burnish"})
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
def past(superuser: asyncpg.Connection) -> Past:
    return Past(superuser)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def db(module_database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    database = await Database.open(module_database_urls["analytics"], application_name="test-analytics", max_size=4)
    yield database
    await database.close()


@pytest.fixture
def workspace_with(module_database_urls: DatabaseUrls, superuser: asyncpg.Connection) -> Callable[..., Awaitable[Workspace]]:
    """`await workspace_with(retention_days=7, legal_hold=True, …)`."""

    async def make(**settings: Any) -> Workspace:
        workspace = await make_workspace(module_database_urls["superuser"], credit_nusd=0)
        for name, value in settings.items():
            await superuser.execute(f"UPDATE workspaces SET {name} = $2 WHERE workspace_id = $1", workspace.workspace_id, value)
        return workspace

    return make
