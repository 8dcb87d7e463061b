"""Analytics as a service on a NATS of its own: killed between commit and acknowledgement, in two replicas, and with NATS away."""

import asyncio
import base64
import json
import os
import random
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from burnish_analytics import app
from burnish_analytics.recount import recount
from burnish_gateway.feedback import publish as publishing
from burnish_gateway.feedback.publish import FeedbackPublisher
from burnish_shared import subjects
from burnish_shared.bus.connect import Bus
from burnish_shared.bus.relay import Relay
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from tests.embedded.databases import DatabaseUrls
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.traffic import NOON, Analytics, execution, feedback, records, settings, thumb
from tests.integration.bus_parts import OwnNats, bus_of, database_away, own_nats, stored

pytestmark = pytest.mark.asyncio(loop_scope="session")

SERVICE = "from burnish_shared.process import run_service; from burnish_analytics.app import main; run_service(main, service='analytics')"


@pytest_asyncio.fixture(loop_scope="session")
async def nats(tmp_path: Path) -> AsyncIterator[OwnNats]:
    """A server whose consumers wait half a second for an acknowledgement."""
    async with own_nats(tmp_path) as server:
        await server.provision(ack_wait_s=0.5)
        yield server


async def until(condition: Callable[[], Awaitable[bool]], *, within_s: float = 60) -> None:
    async with asyncio.timeout(within_s):
        while not await condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def service(nats: OwnNats, urls: DatabaseUrls, *, failpoints: str = "") -> AsyncIterator[Process]:
    """Analytics in a process of its own."""
    environment = {
        **os.environ,
        "DATABASE_URL": urls["analytics"],
        "NATS_URL": nats.url("analytics"),
        "BURNISH_KEK": base64.b64encode(bytes(32)).decode(),
        "BURNISH_FP": failpoints,
        "BURNISH_PERIOD_MS": "50",
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SERVICE, env=environment)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@contextmanager
def patiently() -> Iterator[None]:
    """A NATS that answers is taken for one that does, also where the machine stands still for longer than the gateway waits for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publishing, "TRIES", 30)
        yield


async def publish(nats: OwnNats, *, user: str, subject: str, bodies: list[bytes]) -> None:
    async with bus_of(nats, user) as bus:
        for number, body in enumerate(bodies):
            await bus.publish(subject, body, message_id=f"{user}-{number}-{random.random()}")


@pytest.mark.promise("A-01", "M-02")
async def test_killed_after_the_commit_and_before_the_acknowledgement_each_item_counts_once(
    nats: OwnNats, module_database_urls: DatabaseUrls, analytics: Analytics, workspace: Workspace
) -> None:
    done = [execution(workspace.workspace_id) for _ in range(20)]
    reactions = [thumb(one, 1) for one in done]
    await publish(nats, user="executor", subject=subjects.EXECUTIONS_COMPLETED_BATCH, bodies=[records(done).data])
    async with service(nats, module_database_urls, failpoints="analytics.records.committed:exit") as process:
        assert await process.wait() == 137
    assert (await analytics.rollup(workspace.workspace_id))["executions"] == 20
    await publish(nats, user="gateway", subject=subjects.FEEDBACK_RECORDED_BATCH, bodies=[feedback(reactions).data])
    async with service(nats, module_database_urls, failpoints="analytics.feedback.committed:exit") as process:
        assert await process.wait() == 137
    async with service(nats, module_database_urls):
        await until(lambda: _emptied(nats))
    counted = await analytics.rollup(workspace.workspace_id)
    assert (counted["executions"], counted["up"], counted["reactions"]) == (20, 20, 20)


@pytest.mark.promise("A-01")
async def test_two_replicas_share_the_streams_and_count_everything_once(
    nats: OwnNats, module_database_urls: DatabaseUrls, analytics: Analytics, workspace: Workspace
) -> None:
    done = [execution(workspace.workspace_id) for _ in range(400)]
    reactions = [thumb(one, n % 2) for n, one in enumerate(done)]
    batches = [records(done[n : n + 20]).data for n in range(0, 400, 20)]
    reports = [feedback(reactions[n : n + 20]).data for n in range(0, 400, 20)]
    stop = asyncio.Event()
    async with bus_of(nats, "analytics") as one, bus_of(nats, "analytics") as other, _replicas(module_database_urls) as databases:
        async with asyncio.TaskGroup() as group:
            for db, bus in zip(databases, (one, other), strict=True):
                group.create_task(app.run(settings(), db=db, bus=bus, stop=stop))
            await asyncio.gather(
                publish(nats, user="executor", subject=subjects.EXECUTIONS_COMPLETED_BATCH, bodies=batches + batches[:10]),
                publish(nats, user="gateway", subject=subjects.FEEDBACK_RECORDED_BATCH, bodies=reports + reports[:10]),
            )
            await until(lambda: _emptied(nats))
            await until(lambda: _joined(analytics, workspace.workspace_id, 400))
            stop.set()
    result = await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=1))
    assert result.differences == []
    counted = await analytics.rollup(workspace.workspace_id)
    assert (counted["executions"], counted["up"], counted["down"]) == (400, 200, 200)


@pytest.mark.promise("G-01", "G-09")
async def test_feedback_with_nats_away_goes_to_the_outbox_and_counts_once_later(
    nats: OwnNats, module_database_urls: DatabaseUrls, analytics: Analytics, workspace: Workspace
) -> None:
    done = execution(workspace.workspace_id)
    await analytics.count(done)
    gateway_db = await Database.open(module_database_urls["gateway"], application_name="test-gateway")
    async with bus_of(nats, "gateway") as bus:
        publisher, before = FeedbackPublisher(bus=bus, db=gateway_db), bus.connections
        await nats.kill()
        await asyncio.gather(*[publisher.record([thumb(done, 1, user_id=f"user-{n}")]) for n in range(30)])
        waiting = await analytics.rows("SELECT message_id FROM outbox WHERE service = 'gateway' AND sent_at IS NULL")
        assert 1 <= len(waiting) <= 3
        await nats.start()
        await nats.provision(ack_wait_s=0.5)
        await until(lambda: _connected_anew(bus, before))
        assert await Relay(gateway_db, bus, service="gateway").send_due() == len(waiting)
    async with service(nats, module_database_urls):
        await until(lambda: _joined(analytics, workspace.workspace_id, 30))
    assert (await analytics.rollup(workspace.workspace_id))["up"] == 30
    await gateway_db.close()


@pytest.mark.promise("G-01", "G-09")
async def test_while_nats_was_silent_just_now_nobody_waits_for_it(
    nats: OwnNats, module_database_urls: DatabaseUrls, analytics: Analytics, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers again when the second reaction comes, which goes to the outbox all the same, until there is a new connection."""
    monkeypatch.setattr(publishing, "DOUBT_S", 3600.0)  # "Just now" lasts as long as this test takes.
    gateway_db = await Database.open(module_database_urls["gateway"], application_name="test-gateway")
    done = execution(workspace.workspace_id)

    async def in_outbox() -> int:
        ours = "SELECT count(*) AS n FROM outbox WHERE service = 'gateway' AND position($1 IN convert_from(body, 'UTF8')) > 0"
        [row] = await analytics.rows(ours, str(workspace.workspace_id))
        return int(row["n"])

    async with bus_of(nats, "gateway") as bus:
        publisher = FeedbackPublisher(bus=bus, db=gateway_db)
        with patiently():
            await publisher.record([thumb(done, 1)])
        assert await in_outbox() == 0
        await nats.freeze()
        try:
            await publisher.record([thumb(done, 1)])
        finally:
            nats.thaw()
        await bus.nc.flush(timeout=60)
        await publisher.record([thumb(done, 1)])
        assert await in_outbox() == 2
        with patiently():
            async with database_away(module_database_urls["superuser"]):
                await publisher.record([thumb(done, 1)])
        await nats.freeze()
        try:
            await publisher.record([thumb(done, 1)])
        finally:
            nats.thaw()
        assert await in_outbox() == 3
        before = bus.connections
        await nats.kill()
        await nats.start()
        await until(lambda: _connected_anew(bus, before))
        with patiently():
            await publisher.record([thumb(done, 1)])
        assert await in_outbox() == 3
        await publisher.close()
    await gateway_db.close()


@pytest.mark.promise("G-01")
async def test_what_came_while_one_message_was_on_its_way_travels_as_the_next_one(
    nats: OwnNats, module_database_urls: DatabaseUrls, workspace: Workspace
) -> None:
    gateway_db = await Database.open(module_database_urls["gateway"], application_name="test-gateway")
    async with bus_of(nats, "gateway") as bus:
        publisher = FeedbackPublisher(bus=bus, db=gateway_db)
        done = execution(workspace.workspace_id)
        first = asyncio.create_task(publisher.record([thumb(done, 1)]))
        await asyncio.sleep(0)
        await asyncio.gather(first, *[publisher.record([thumb(done, 0)]) for _ in range(200)])
        kept = await stored(nats, "FEEDBACK")
        assert 1 <= len(kept) <= 3
        await nats.kill()
        await nats.start()
    assert await stored(nats, "FEEDBACK") == kept
    await gateway_db.close()


async def test_with_nats_and_postgresql_away_the_caller_hears_that_it_was_not_kept(
    nats: OwnNats, module_database_urls: DatabaseUrls, workspace: Workspace
) -> None:
    gateway_db = await Database.open(module_database_urls["gateway"], application_name="test-gateway")
    async with bus_of(nats, "gateway") as bus, database_away(module_database_urls["superuser"]):
        await nats.kill()
        with pytest.raises(Unavailable):
            await FeedbackPublisher(bus=bus, db=gateway_db).record([thumb(execution(workspace.workspace_id), 1)])
    await gateway_db.close()


@asynccontextmanager
async def _replicas(urls: DatabaseUrls) -> AsyncIterator[list[Database]]:
    databases = [await Database.open(urls["analytics"], application_name=f"replica-{n}") for n in range(2)]
    yield databases
    for one in databases:
        await one.close()


async def _emptied(nats: OwnNats) -> bool:
    async with bus_of(nats, "provisioner") as bus:
        answers = [await bus.nc.request(f"$JS.API.STREAM.INFO.{stream}", timeout=60) for stream in ("RECORDS", "FEEDBACK")]
    return all(json.loads(one.data)["state"]["messages"] == 0 for one in answers)


async def _joined(analytics: Analytics, workspace_id: UUID, count: int) -> bool:
    return (await analytics.rollup(workspace_id))["reactions"] == count


async def _connected_anew(bus: Bus, before: int) -> bool:
    """Not `is_connected`: a connection that has just broken does not know yet."""
    return bus.connections > before
