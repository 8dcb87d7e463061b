"""A gateway over a database into which analytics counts what the tests bring; each test has a workspace of its own."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from burnish_gateway.reports.send_digests import DigestSender
from burnish_shared.db.session import Database
from tests.embedded.databases import DatabaseUrls
from tests.embedded.stack import Caller, Stack, running_stack
from tests.integration.analytics.traffic import Analytics, analytics_on

LAST_OF_A_DAY = timedelta(minutes=2)


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def one_day() -> None:
    """What is yesterday, the month, or so many days ago is the same at the begin and at the end of a test: the last minutes of a day are
    waited for."""
    now = datetime.now(UTC)
    ends = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    if ends - now < LAST_OF_A_DAY:
        await asyncio.sleep((ends - now).total_seconds() + 1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: Any, nats_server: Any) -> AsyncIterator[Stack]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DigestSender, "interval_s", 3600.0)  # The tests take its rounds themselves, and count what each did.
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
