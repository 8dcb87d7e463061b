"""Dead letters for messages that nobody was there to bury (PROMISES M-09)."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from burnish_shared import streams, subjects
from burnish_shared.bus.advisories import index_advisories, index_one, parse
from burnish_shared.bus.batch import Delivered, Poison, consume
from burnish_shared.bus.connect import Bus
from burnish_shared.bus.pull import PullReader
from burnish_shared.db.session import Database
from tests.integration.bus_parts import BusDatabase, OwnNats, bus_of, database, fetch, own_nats, until

__all__ = ["database"]  # a fixture

FEEDBACK = streams.ANALYTICS_FEEDBACK


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[OwnNats]:
    async with own_nats(tmp_path) as server:
        await server.provision()
        yield server


@asynccontextmanager
async def indexing(bus: Bus, db: Database) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(index_advisories(bus, db=db, stop=stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 60)


async def letters(data: BusDatabase) -> list[tuple[str, int, bytes | None, str]]:
    rows = await fetch(data.superuser_url, "SELECT consumer, stream_seq, payload, reason FROM dead_letters ORDER BY at")
    return [(row["consumer"], row["stream_seq"], row["payload"], row["reason"]) for row in rows]


async def advisories(server: OwnNats) -> list[bytes]:
    """What the ADVISORY stream holds."""
    async with bus_of(server, "provisioner") as bus:
        state = json.loads((await bus.nc.request("$JS.API.STREAM.INFO.ADVISORY", timeout=30)).data)["state"]
    return [b""] * int(state["messages"])


def dropped(reason: str) -> float:
    return REGISTRY.get_sample_value("burnish_events_dropped_total", {"consumer": FEEDBACK.durable, "reason": reason}) or 0.0


@pytest.mark.promise("A-08", "M-09")
async def test_a_message_that_ran_out_of_deliveries_gets_its_letter_though_the_indexer_was_away(
    server: OwnNats, database: BusDatabase
) -> None:
    db = await database.open("analytics")
    async with bus_of(server, "provisioner") as provisioner, bus_of(server, "gateway") as gateway, bus_of(server, "analytics") as analytics:
        config = {**FEEDBACK.config(ack_wait_s=0.1), "max_deliver": 1}
        body = json.dumps({"stream_name": "FEEDBACK", "config": config, "action": "update"}).encode()
        await provisioner.nc.request("$JS.API.CONSUMER.CREATE.FEEDBACK.analytics_feedback", body, timeout=30)
        await gateway.publish(subjects.FEEDBACK_RECORDED_BATCH, b"never handled", message_id="lost-one")
        reader = PullReader(analytics, FEEDBACK)
        await reader.open()
        assert len(await reader.next_batch(at_most=1)) == 1  # and the process dies here, without a word
        await until(lambda: _has(server, 1))
        await reader.close()
        counted = dropped("deliveries_spent")
        for _ in range(2):  # The second indexer finds everything done.
            async with indexing(analytics, db):
                await until(lambda: _has_letters(database, 1))
    assert await letters(database) == [(FEEDBACK.durable, 1, b"never handled", "deliveries spent")]
    assert dropped("deliveries_spent") == counted + 1, "what is dropped is counted, once (A-08)"


@pytest.mark.promise("M-09")
async def test_a_message_buried_by_its_consumer_gets_no_second_letter(server: OwnNats, database: BusDatabase) -> None:
    db = await database.open("analytics")
    stop = asyncio.Event()

    async def bury(batch: Sequence[Delivered]) -> None:
        raise Poison("no good")

    async with bus_of(server, "gateway") as gateway, bus_of(server, "analytics") as analytics:
        consuming = asyncio.create_task(consume(analytics, FEEDBACK, bury, db=db, stop=stop))
        await gateway.publish(subjects.FEEDBACK_RECORDED_BATCH, b"bad", message_id="bad-one")
        await until(lambda: _has(server, 1))
        stop.set()
        await consuming
        async with indexing(analytics, db):
            await until(lambda: _acknowledged(server))
    assert [(one[0], one[3]) for one in await letters(database)] == [(FEEDBACK.durable, "no good")]


@pytest.mark.promise("M-09")
async def test_a_message_terminated_without_a_letter_gets_one_however_often_it_is_told(server: OwnNats, database: BusDatabase) -> None:
    db = await database.open("analytics")
    advisory = {
        "type": "io.nats.jetstream.advisory.v1.terminated",
        "id": "one",
        "timestamp": "2026-11-20T08:00:00.123456789Z",
        "stream": "FEEDBACK",
        "consumer": FEEDBACK.durable,
        "consumer_seq": 1,
        "stream_seq": 12,
        "deliveries": 3,
    }
    async with bus_of(server, "analytics") as analytics:
        for _ in range(2):
            await index_one(json.dumps(advisory).encode(), bus=analytics, db=db)
        await index_one(json.dumps(advisory | {"consumer": "somebody_else"}).encode(), bus=analytics, db=db)
        acknowledged = {"id": "two", "stream_seq": 13, "reason": "Unacknowledged message was deleted"}
        await index_one(json.dumps(advisory | acknowledged).encode(), bus=analytics, db=db)
        await index_one(b"{not json", bus=analytics, db=db)
    assert await letters(database) == [(FEEDBACK.durable, 12, None, "terminated by its consumer without a letter")]


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b'{"type": "io.nats.jetstream.advisory.v1.api_audit"}', b'{"type": 1}', b"\xff"])
def test_what_is_no_advisory_is_none(data: bytes) -> None:
    assert parse(data) is None


async def _has(server: OwnNats, count: int) -> bool:
    return len(await advisories(server)) >= count


async def _has_letters(data: BusDatabase, count: int) -> bool:
    return len(await letters(data)) >= count


async def _acknowledged(server: OwnNats) -> bool:
    async with bus_of(server, "provisioner") as bus:
        info = json.loads((await bus.nc.request("$JS.API.CONSUMER.INFO.ADVISORY.advisory_index", timeout=30)).data)
    return bool(info["ack_floor"]["stream_seq"] >= 1)
