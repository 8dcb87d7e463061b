"""Analytics on one database for each module; every test keeps to workspaces of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from burnish_analytics import housework
from burnish_shared.db.session import Database
from tests.embedded.databases import DatabaseUrls
from tests.embedded.held_back import long_waits_for_locks
from tests.embedded.workspaces import Workspace, make_workspace
from tests.integration.analytics.traffic import Analytics, analytics_on


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def analytics(module_database_urls: DatabaseUrls) -> AsyncIterator[Analytics]:
    with long_waits_for_locks(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(housework, "WATCH_MOST_S", 3600.0)  # A round looks at all that came, however slow the machine is.
        db = await Database.open(module_database_urls["analytics"], application_name="test-analytics", max_size=6)
        yield analytics_on(db, module_database_urls["superuser"])
        await db.close()


@pytest_asyncio.fixture(loop_scope="session")
async def workspace(module_database_urls: DatabaseUrls) -> Workspace:
    return await make_workspace(module_database_urls["superuser"])


@pytest.fixture
def new_workspace(module_database_urls: DatabaseUrls) -> Callable[..., Awaitable[Workspace]]:
    async def make(**options: Any) -> Workspace:
        return await make_workspace(module_database_urls["superuser"], **options)

    return make
