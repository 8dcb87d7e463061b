"""Until when everything is counted: it goes on while analytics counts, and stands still while it is behind or away."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from burnish_analytics import app
from burnish_analytics.io import progress_store
from burnish_analytics.note_progress import MARGIN_S, ProgressKeeper
from burnish_gateway.insights.progress_store import CONSUMERS, counted_through
from burnish_shared import subjects
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
        return (await counted_through(tx))[0]


async def behind(db: Database) -> timedelta:
    async with db.unit_of_work(read_only=True) as tx:
        _, behind_s = await counted_through(tx)
    assert behind_s is not None
    return timedelta(seconds=behind_s)


@pytest.mark.parametrize("what", ["executions", "feedback"])
async def test_figures_that_are_not_counted_hold_it_back_until_they_are(
    nats: OwnNats, module_database_urls: DatabaseUrls, analytics: Analytics, gateway_db: Database, workspace: Workspace, what: str
) -> None:
    await analytics.rows("DELETE FROM counted_through")
    assert await through(gateway_db) is None, "nobody has said it yet"
    done = execution(workspace.workspace_id)
    async with bus_of(nats, "analytics") as bus:
        keeper = ProgressKeeper(analytics.db, bus, 0.05)
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


async def test_it_stands_still_while_nats_is_away(nats: OwnNats, analytics: Analytics, gateway_db: Database) -> None:
    async with bus_of(nats, "analytics") as bus:
        keeper = ProgressKeeper(analytics.db, bus, 0.05)
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
    assert len(await analytics.rows("SELECT FROM counted_through")) == len(CONSUMERS)


@pytest.mark.parametrize(
    ("service", "subject"), [("executor", subjects.EXECUTIONS_COMPLETED_BATCH), ("gateway", subjects.FEEDBACK_RECORDED_BATCH)]
)
async def test_what_is_not_published_yet_is_not_counted(
    nats: OwnNats, analytics: Analytics, gateway_db: Database, service: str, subject: str
) -> None:
    """As just after NATS was away: the consumers have nothing to do, while relays still publish."""
    async with bus_of(nats, "analytics") as bus:
        keeper = ProgressKeeper(analytics.db, bus, 0.05)
        await keeper.note()
        [row] = await analytics.rows(
            """INSERT INTO outbox (service, subject, message_id, body, created_at)
               VALUES ($1, $2, 'late', '', clock_timestamp() - interval '10 minutes') RETURNING outbox_id, created_at""",
            service,
            subject,
        )
        try:
            await keeper.note()
            assert await through(gateway_db) == row["created_at"]
            await analytics.rows("UPDATE outbox SET subject = 'burnish.v1.of.another' WHERE outbox_id = $1", row["outbox_id"])
            await keeper.note()
            assert await behind(gateway_db) < timedelta(seconds=MARGIN_S + 2), "others' messages hold nothing back"
            await analytics.rows("UPDATE outbox SET subject = $2, sent_at = now() WHERE outbox_id = $1", row["outbox_id"], subject)
            await keeper.note()
            assert await behind(gateway_db) < timedelta(seconds=MARGIN_S + 2)
        finally:
            await analytics.rows("DELETE FROM outbox WHERE outbox_id = $1", row["outbox_id"])


async def test_the_newest_reading_stands_and_none_is_of_a_moment_to_come(analytics: Analytics, gateway_db: Database) -> None:
    await analytics.rows("DELETE FROM counted_through")
    [row] = await analytics.rows("SELECT clock_timestamp() AS now")
    now: datetime = row["now"]

    async def say(at: datetime, *, asked_at: datetime) -> datetime | None:
        async with analytics.db.unit_of_work() as tx:
            await progress_store.note_through(tx, dict.fromkeys(CONSUMERS, at), asked_at=asked_at)
        return await through(gateway_db)

    minute = timedelta(minutes=1)
    told = await say(now + 60 * minute, asked_at=now + 60 * minute)
    assert told is not None and told < now + minute, "by a clock that is ahead"
    assert await behind(gateway_db) >= timedelta(0)
    await analytics.rows("UPDATE counted_through SET through = $1, said_at = $1", now + 60 * minute)
    assert await say(now - 9 * minute, asked_at=now - minute) == now - 9 * minute, "what a release before wrote by such a clock"
    assert await say(now - 8 * minute, asked_at=now - 2 * minute) == now - 9 * minute, "an answer that was on its way for longer"
    assert await say(now - 20 * minute, asked_at=now) == now - 20 * minute, "published again, so it is to be counted again"


async def test_only_the_consumers_of_figures_count(analytics: Analytics, gateway_db: Database) -> None:
    await analytics.rows("DELETE FROM counted_through")
    say = "INSERT INTO counted_through (consumer, through, said_at) VALUES ($1, now() - $2 * interval '1 minute', now())"
    await analytics.rows(say, "of_another", 50)
    await analytics.rows(say, CONSUMERS[0], 5)
    assert await through(gateway_db) is None, "one of the two has not been told"
    await analytics.rows(say, CONSUMERS[1], 2)
    try:
        assert timedelta(minutes=5) <= await behind(gateway_db) < timedelta(minutes=6)
    finally:
        await analytics.rows("DELETE FROM counted_through")


@pytest.mark.parametrize("seconds", [0, 21])
async def test_how_often_it_is_told_has_bounds(seconds: int) -> None:
    with pytest.raises(ValueError, match="progress_interval_s"):
        settings(progress_interval_s=seconds)
