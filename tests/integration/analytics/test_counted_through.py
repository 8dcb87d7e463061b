"""Until when everything is counted: it goes on while analytics counts, and stands still while it is behind or away."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from burnish_analytics import app
from burnish_analytics.note_progress import CONSUMERS, MARGIN_S, ProgressKeeper
from burnish_gateway.insights.progress_store import counted_through
from burnish_shared import subjects
from burnish_shared.clock import SystemClock
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from tests.embedded.databases import DatabaseUrls
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.test_service import publish, until
from tests.integration.analytics.traffic import Analytics, execution, feedback, records, settings, thumb
from tests.integration.bus_parts import OwnNats, bus_of, own_nats

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A2")]


@pytest_asyncio.fixture(loop_scope="session")
async def nats(tmp_path: Path) -> AsyncIterator[OwnNats]:
    async with own_nats(tmp_path) as server:
        await server.provision()
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway_db(module_database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    db = await Database.open(module_database_urls["gateway"], application_name="test-gateway", max_size=2)
    yield db
    await db.close()


async def through(db: Database) -> datetime | None:
    async with db.unit_of_work(read_only=True) as tx:
        return await counted_through(tx)


async def behind(db: Database) -> timedelta:
    at = await through(db)
    assert at is not None
    return datetime.now(UTC) - at


@pytest.mark.parametrize("what", ["executions", "feedback"])
async def test_figures_that_are_not_counted_hold_it_back_until_they_are(
    nats: OwnNats, module_database_urls: DatabaseUrls, analytics: Analytics, gateway_db: Database, workspace: Workspace, what: str
) -> None:
    await analytics.rows("DELETE FROM counted_through")
    assert await through(gateway_db) is None, "nobody has said it yet"
    done = execution(workspace.workspace_id)
    async with bus_of(nats, "analytics") as bus:
        keeper = ProgressKeeper(analytics.db, bus, SystemClock(), 0.05)
        await keeper.note()
        assert await behind(gateway_db) < timedelta(seconds=MARGIN_S + 2), "nothing waits"

        if what == "executions":
            await publish(nats, user="executor", subject=subjects.EXECUTIONS_COMPLETED_BATCH, bodies=[records([done]).data])
        else:
            await analytics.count(done)
            await publish(nats, user="gateway", subject=subjects.FEEDBACK_RECORDED_BATCH, bodies=[feedback([thumb(done, 1)]).data])
        published_at = datetime.now(UTC)

        async def held_back() -> bool:
            await keeper.note()
            return await behind(gateway_db) > timedelta(seconds=4)

        await until(held_back)
        at = await through(gateway_db)
        assert at is not None and at <= published_at + timedelta(seconds=1), "what came then is not counted"

        stop = asyncio.Event()
        running = asyncio.create_task(app.run(settings(progress_interval_s=0.05), db=analytics.db, bus=bus, stop=stop))

        async def caught_up() -> bool:
            found = await through(gateway_db)
            return found is not None and found > published_at

        await until(caught_up)
        assert (await analytics.rollup(workspace.workspace_id))["executions"] == 1
        assert (await analytics.rollup(workspace.workspace_id))["reactions"] == (what == "feedback")
        stop.set()
        await running


async def test_it_stands_still_while_nats_is_away_and_never_goes_back(nats: OwnNats, analytics: Analytics, gateway_db: Database) -> None:
    async with bus_of(nats, "analytics") as bus:
        keeper = ProgressKeeper(analytics.db, bus, SystemClock(), 0.05)
        await keeper.note()
        before = await through(gateway_db)
        await nats.kill()
        with pytest.raises(Unavailable):
            await keeper.note()
        assert await through(gateway_db) == before
        stop = asyncio.Event()
        waiting = asyncio.create_task(keeper.run(stop))
        await nats.start()
        await nats.provision()

        async def goes_on() -> bool:
            return await through(gateway_db) != before

        await until(goes_on)
        stop.set()
        await waiting
        slow = ProgressKeeper(analytics.db, bus, _Earlier(), 0.05)
        latest = await through(gateway_db)
        await slow.note()
        assert await through(gateway_db) == latest, "an answer that was on its way for longer"
    assert len(await analytics.rows("SELECT FROM counted_through")) == len(CONSUMERS)


class _Earlier(SystemClock):
    def now(self) -> datetime:
        return super().now() - timedelta(minutes=5)
