"""The provisioner on a real NATS: makes, corrects, refuses, and never deletes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from burnish_shared import streams
from burnish_shared.bus.api import ApiError
from burnish_shared.bus.connect import Bus, connect
from burnish_shared.bus.lag import consumer_lags, watch_lag
from burnish_shared.bus.provision import keep_provisioned, provision
from burnish_shared.bus.pull import PullReader
from burnish_shared.errors import Unavailable
from tests.integration.bus_parts import BusDatabase, OwnNats, bus_of, database, own_nats, stored, until

__all__ = ["database"]  # a fixture


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[OwnNats]:
    async with own_nats(tmp_path) as server:
        yield server


async def ask(bus: Bus, subject: str, body: object = None) -> Any:
    answer = json.loads((await bus.nc.request(f"$JS.API.{subject}", json.dumps(body).encode() if body else b"", timeout=30)).data)
    assert "error" not in answer, answer
    return answer


@pytest.mark.promise("M-10")
async def test_everything_is_made_once_with_the_chosen_settings(server: OwnNats) -> None:
    async with bus_of(server, "provisioner") as bus:
        first, second = await provision(bus), await provision(bus)
        records = (await ask(bus, "STREAM.INFO.RECORDS"))["config"]
        feedback = (await ask(bus, "STREAM.INFO.FEEDBACK"))["config"]
        consumer = (await ask(bus, "CONSUMER.INFO.EXECUTIONS.executor_background"))["config"]
    assert len(first.created) == len(streams.STREAMS) + len(streams.CONSUMERS) and first.is_clean
    assert (second.created, second.corrected, second.refused) == ([], [], [])
    assert (records["retention"], records["persist_mode"], records["discard"]) == ("workqueue", "async", "new")
    assert records["max_age"] == 7 * 86_400 * 10**9
    assert "persist_mode" not in feedback  # fsynced before the acknowledgement
    assert (consumer["max_deliver"], consumer["ack_wait"]) == (3 + streams.STOPS_MOST, 30 * 10**9)


@pytest.mark.promise("M-10")
async def test_drift_that_can_be_corrected_is_and_nothing_is_lost_by_it(server: OwnNats) -> None:
    async with bus_of(server, "provisioner") as bus, bus_of(server, "gateway") as gateway:
        await provision(bus)
        await gateway.publish(streams.FEEDBACK.subjects[0], b"{}", message_id="kept")
        config = {**streams.ANALYTICS_FEEDBACK.config(), "max_ack_pending": 7}
        await ask(bus, "CONSUMER.CREATE.FEEDBACK.analytics_feedback", {"stream_name": "FEEDBACK", "config": config, "action": "update"})
        await ask(bus, "STREAM.UPDATE.FEEDBACK", {**streams.FEEDBACK.config(), "max_age": 3_600 * 10**9})
        report = await provision(bus)
        corrected = [one.partition(" was")[0] for one in report.corrected]
        assert corrected == ["FEEDBACK: max_age", "FEEDBACK/analytics_feedback: max_ack_pending"]
        assert (await ask(bus, "CONSUMER.INFO.FEEDBACK.analytics_feedback"))["config"]["max_ack_pending"] == 5_000
        assert (await ask(bus, "STREAM.INFO.FEEDBACK"))["state"]["messages"] == 1


@pytest.mark.promise("M-10", "M-12")
async def test_a_consumer_of_an_older_release_gets_the_deliveries_for_stops(server: OwnNats) -> None:
    old = {**streams.EXECUTOR_BATCH.config(), "max_deliver": streams.EXECUTOR_BATCH.max_deliver}
    async with bus_of(server, "provisioner") as bus:
        await ask(bus, "STREAM.CREATE.EXECUTIONS", streams.EXECUTIONS.config())
        subject = f"CONSUMER.CREATE.EXECUTIONS.executor_batch.{streams.BATCH_REQUESTS}"
        await ask(bus, subject, {"stream_name": "EXECUTIONS", "config": old, "action": "create"})
        report = await provision(bus)
        assert report.corrected == ["EXECUTIONS/executor_batch: max_deliver was 3, should be 6"] and report.is_clean
        assert (await ask(bus, "CONSUMER.INFO.EXECUTIONS.executor_batch"))["config"]["max_deliver"] == 6


@pytest.mark.promise("M-10")
async def test_drift_that_cannot_be_corrected_is_reported_and_left_alone(server: OwnNats) -> None:
    async with bus_of(server, "provisioner") as bus:
        other = {key: value for key, value in streams.RECORDS.config().items() if key != "persist_mode"}
        await ask(bus, "STREAM.CREATE.RECORDS", other)
        report = await provision(bus)
        assert report.refused == ["RECORDS: persist_mode was None, should be 'async'"]
        assert "RECORDS/analytics_records" in report.created
        assert "persist_mode" not in (await ask(bus, "STREAM.INFO.RECORDS"))["config"]


async def test_many_provisioners_at_once_do_no_harm(server: OwnNats, database: BusDatabase) -> None:
    db = await database.open("gateway")
    async with bus_of(server, "provisioner") as bus:
        reports = await asyncio.gather(*(provision(bus, db) for _ in range(4)))
    assert sorted(len(one.created) for one in reports) == [0, 0, 0, len(streams.STREAMS) + len(streams.CONSUMERS)]


@pytest.mark.promise("M-10")
async def test_a_wiped_store_is_provisioned_again_as_soon_as_the_server_is_back(server: OwnNats) -> None:
    stop = asyncio.Event()
    async with bus_of(server, "provisioner") as bus:
        keeping = asyncio.create_task(keep_provisioned(bus, None, stop))
        await until(lambda: has_everything(server))
        await server.kill()
        server.restore_store(None)
        await server.start()
        await until(lambda: has_everything(server))
        stop.set()
        await asyncio.wait_for(keeping, 60)


async def test_a_service_that_starts_before_nats_connects_when_nats_is_there(server: OwnNats) -> None:
    await server.kill()
    connecting = asyncio.create_task(connect(server.url("gateway"), service="gateway", replica="0"))
    await asyncio.sleep(0.3)
    assert not connecting.done()
    await server.start()
    await (await asyncio.wait_for(connecting, 60)).close()


async def test_lag_tells_what_waits_and_what_is_in_hand(server: OwnNats) -> None:
    async with bus_of(server, "provisioner") as bus, bus_of(server, "gateway") as gateway, bus_of(server, "analytics") as analytics:
        await provision(bus)
        assert all(one.is_idle for one in await consumer_lags(bus))
        for number in range(3):
            await gateway.publish(streams.FEEDBACK.subjects[0], b"{}", message_id=f"m{number}")
        reader = PullReader(analytics, streams.ANALYTICS_FEEDBACK)
        await reader.open()
        (message, *_) = await reader.next_batch(at_most=1)
        (lag,) = [one for one in await consumer_lags(bus) if not one.is_idle]
        assert (lag.durable, lag.pending, lag.unacknowledged) == ("analytics_feedback", 2, 1)
        await message.ack_sync()


def shown(name: str, consumer: str = streams.ANALYTICS_FEEDBACK.durable) -> float:
    return REGISTRY.get_sample_value(f"burnish_consumer_{name}", {"consumer": consumer}) or 0.0


@asynccontextmanager
async def watched(bus: Bus) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(watch_lag(bus, stop, interval_s=0.05))
    try:
        yield
    finally:
        stop.set()
        await task


@pytest.mark.capability("I1")
@pytest.mark.promise("M-15")
async def test_the_age_of_what_waits_and_of_what_is_not_finished_is_shown(server: OwnNats) -> None:
    async def is_so(held: Callable[[], bool]) -> None:
        async def now() -> bool:
            return held()

        await until(now)

    async with bus_of(server, "provisioner") as bus, bus_of(server, "gateway") as gateway, bus_of(server, "analytics") as analytics:
        await provision(bus)
        for number in range(2):
            await gateway.publish(streams.FEEDBACK.subjects[0], b"{}", message_id=f"m{number}")
        async with watched(bus):
            await is_so(lambda: shown("pending_oldest_seconds") >= 1 <= shown("unfinished_oldest_seconds"))
            reader = PullReader(analytics, streams.ANALYTICS_FEEDBACK)
            await reader.open()
            messages = [*await reader.next_batch(at_most=1), *await reader.next_batch(at_most=1)]
            await is_so(lambda: shown("pending_oldest_seconds") == 0 and shown("unfinished_oldest_seconds") >= 2)
            await messages[1].ack_sync()  # the second one: the floor stays below the first
            await is_so(lambda: shown("unacknowledged") == 1)
            assert shown("unfinished_oldest_seconds") >= 2
            await messages[0].ack_sync()
            await is_so(lambda: shown("unfinished_oldest_seconds") == 0)


@pytest.mark.promise("M-15")
async def test_the_age_of_the_largest_request_is_known_and_of_the_oldest_of_several_subjects(server: OwnNats) -> None:
    workspace, events = str(uuid4()), streams.ANALYTICS_EVENTS.filter_subjects
    async with bus_of(server, "provisioner") as bus, bus_of(server, "gateway") as gateway:
        await provision(bus)
        largest = b"x" * (streams.REQUEST_MAX_BYTES - 1_000)
        await gateway.publish(f"{streams.BATCH_REQUESTS.removesuffix('*')}{workspace}", largest, message_id="large")
        await gateway.publish(f"{events[-2].removesuffix('*')}{workspace}", b"{}", message_id="event")
        async with watched(bus):
            for durable in (streams.EXECUTOR_BATCH.durable, streams.ANALYTICS_EVENTS.durable):

                async def waits(durable: str = durable) -> bool:
                    return shown("pending_oldest_seconds", durable) >= 1

                await until(waits)
            assert shown("pending_oldest_seconds", streams.EXECUTOR_BACKGROUND.durable) == 0


@pytest.mark.capability("I1")
@pytest.mark.promise("M-15")
async def test_it_is_seen_how_full_a_stream_is_before_it_takes_nothing_more(server: OwnNats) -> None:
    async def is_nearly_full() -> bool:
        return (REGISTRY.get_sample_value("burnish_stream_full_ratio", {"stream": "FEEDBACK"}) or 0) > 0.7

    async with bus_of(server, "provisioner") as bus, bus_of(server, "gateway") as gateway:
        await provision(bus)
        await ask(bus, "STREAM.UPDATE.FEEDBACK", {**streams.FEEDBACK.config(), "max_bytes": 4_096})
        await gateway.publish(streams.FEEDBACK.subjects[0], b"x" * 3_000, message_id="first")
        async with watched(bus):
            await until(is_nearly_full)


@pytest.mark.promise("M-11")
async def test_a_publish_that_outlives_a_frozen_server_stores_its_message_once(server: OwnNats) -> None:
    async with bus_of(server, "provisioner") as bus, bus_of(server, "gateway") as gateway:
        await provision(bus)
        subject = streams.FEEDBACK.subjects[0]
        await server.freeze()
        try:
            with pytest.raises(Unavailable):
                await gateway.publish(subject, b"{}", message_id="given-up", timeout_s=0.1, tries=2)
            patient = asyncio.create_task(gateway.publish(subject, b"{}", message_id="patient", timeout_s=0.1, tries=500))
            await asyncio.sleep(0.3)
        finally:
            server.thaw()
        assert (await patient).stream == "FEEDBACK"
        assert not (await gateway.publish(subject, b"{}", message_id="new")).duplicate
    assert await stored(server, "FEEDBACK") == ["given-up", "patient", "new"]


@pytest.mark.promise("M-15")
async def test_a_full_stream_is_told_at_once_and_keeps_what_it_has(server: OwnNats) -> None:
    async with bus_of(server, "provisioner") as bus, bus_of(server, "gateway") as gateway:
        await provision(bus)
        await ask(bus, "STREAM.UPDATE.FEEDBACK", {**streams.FEEDBACK.config(), "max_bytes": 4_096})
        subject = streams.FEEDBACK.subjects[0]
        await gateway.publish(subject, b"x" * 3_000, message_id="first")
        with pytest.raises(Unavailable) as raised:
            await gateway.publish(subject, b"x" * 3_000, message_id="second")
        assert raised.value.details == {"nats_code": 10077}
        assert (await ask(bus, "STREAM.INFO.FEEDBACK"))["state"]["messages"] == 1


async def has_everything(server: OwnNats) -> bool:
    async with bus_of(server, "provisioner") as bus:
        try:
            return len(await consumer_lags(bus)) == len(streams.CONSUMERS)
        except ApiError:
            return False
