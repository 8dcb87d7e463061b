"""Analytics on a fresh database."""

from collections.abc import AsyncIterator

import pytest_asyncio

from burnish_shared.db.session import Database
from tests.embedded.databases import DatabaseUrls
from tests.integration.analytics.traffic import Analytics, analytics_on


@pytest_asyncio.fixture(loop_scope="session")
async def analytics(database_urls: DatabaseUrls) -> AsyncIterator[Analytics]:
    db = await Database.open(database_urls["analytics"], application_name="test-analytics", max_size=6)
    yield analytics_on(db, database_urls["superuser"])
    await db.close()
