"""The pull loop on a real NATS and a real PostgreSQL: prompt, exact, and unhurt by poison and outages."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from burnish_shared import streams, subjects
from burnish_shared.bus import batch, pull
from burnish_shared.bus.batch import Delivered, Poison, consume
from burnish_shared.bus.connect import Bus
from burnish_shared.db.once import claim_events
from burnish_shared.db.session import Database
from burnish_shared.errors import Busy, Unavailable
from burnish_shared.streams import ConsumerSpec
from tests.integration.bus_parts import bus_of, database, database_away, fetch, own_nats, until
from tests.pace import undisturbed, within

__all__ = ["database"]  # a fixture

FEEDBACK = streams.ANALYTICS_FEEDBACK
SUBJECT = subjects.FEEDBACK_RECORDED_BATCH
BATCH_OF_SOMEBODY = subjects.executions_requested_batch(uuid4())


@asynccontextmanager
async def consuming(
    bus: Bus, handle: Callable[[Sequence[Delivered]], Awaitable[None]], *, db: Database, spec: ConsumerSpec = FEEDBACK, **options: Any
) -> AsyncIterator[asyncio.Event]:
    """The loop runs inside the block and is stopped at its end."""
    stop = asyncio.Event()
    task = asyncio.create_task(consume(bus, spec, handle, db=db, stop=stop, **options))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 60)


async def publish(bus: Bus, bodies: Sequence[bytes]) -> list[str]:
    """In order, one after the other. Returns the message ids, which no other test has (the stream remembers them)."""
    ids = [uuid4().hex for _ in bodies]
    for message_id, body in zip(ids, bodies, strict=True):
        await bus.publish(SUBJECT, body, message_id=message_id)
    return ids


async def publish_at_once(bus: Bus, bodies: Sequence[bytes]) -> None:
    await asyncio.gather(*(bus.publish(SUBJECT, body, message_id=uuid4().hex) for body in bodies))


class Recorder:
    """A handler that notes what it got, when, and in which batches. Bodies that start with `bad` are poison, `broken` ones just fail."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.seen: dict[bytes, float] = {}
        self.batches: list[int] = []
        self.calls = 0

    async def __call__(self, batch: Sequence[Delivered]) -> None:
        self.calls += 1
        for one in batch:
            if one.data.startswith(b"bad"):
                raise Poison("it is bad")
            if one.data.startswith(b"broken"):
                raise ValueError("it broke")
        self.batches.append(len(batch))
        for one in batch:
            self.seen.setdefault(one.data, self.now())

    async def has(self, count: int) -> bool:
        return len(self.seen) >= count


async def some(things: Sequence[object]) -> bool:
    return bool(things)


async def test_a_lone_message_arrives_at_once_and_a_burst_in_few_batches(
    bus_for: Any, database: Any, spare_now: Callable[[], float]
) -> None:
    gateway, analytics, db = await bus_for("gateway"), await bus_for("analytics"), await database.open("analytics")
    recorder, waits = Recorder(), []
    async with consuming(analytics, recorder, db=db):
        for number in range(10):  # Sparse: each is waited for before the next is sent.
            sent_at = spare_now()
            await publish(gateway, [b"lone%d" % number])
            await until(lambda n=number: recorder.has(n + 1))  # type: ignore[misc]
            waits.append(spare_now() - sent_at)
        await publish_at_once(gateway, [b"burst%d" % n for n in range(300)])
        await until(lambda: recorder.has(310))
    assert sorted(waits)[5] < 0.3 and max(waits) < 1.0
    assert len(recorder.batches) < 10 + 100 and sum(recorder.batches) == 310


async def test_what_comes_together_is_one_batch_however_many_loops_could_read_it(bus_for: Any, database: Any) -> None:
    gateway, analytics, db = await bus_for("gateway"), await bus_for("analytics"), await database.open("analytics")
    recorder = Recorder()
    patient = replace(FEEDBACK, batch_messages=20, gather_ms=20_000)  # ends with the twentieth message, however slow the machine is
    async with consuming(analytics, recorder, db=db, spec=patient, concurrency=2):
        await publish_at_once(gateway, [b"together%d" % n for n in range(20)])
        await until(lambda: recorder.has(20))
    assert recorder.batches == [20]


async def test_the_next_batch_is_read_while_one_is_in_work(bus_for: Any, database: Any) -> None:
    gateway, analytics, db = await bus_for("gateway"), await bus_for("analytics"), await database.open("analytics")
    in_work: list[bytes] = []
    both = asyncio.Event()

    async def handle(batch: Sequence[Delivered]) -> None:
        in_work.extend(one.data for one in batch)
        if len(in_work) == 2:
            both.set()
        await asyncio.wait_for(both.wait(), 20)

    async with consuming(analytics, handle, db=db, spec=replace(FEEDBACK, gather_ms=0), concurrency=2):
        await publish(gateway, [b"first"])
        await until(lambda: some(in_work))
        await publish(gateway, [b"second"])
        await asyncio.wait_for(both.wait(), 20)
    assert in_work == [b"first", b"second"]


async def test_what_comes_behind_a_reconnect_waits_for_no_other_however_many_loops_read(
    database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It interrupts who reads, but what that one asked for may still stand with the server: what comes for it is read by the next one."""
    monkeypatch.setattr(pull, "IDLE_EXPIRES_S", 600.0)  # nothing but another message would free what is stranded
    recorder, db = Recorder(), await database.open("analytics")
    async with own_nats(tmp_path) as server:
        await server.provision()
        async with bus_of(server, "gateway") as gateway, bus_of(server, "analytics") as analytics:
            async with consuming(analytics, recorder, db=db, concurrency=2):
                await publish(gateway, [b"before"])
                await until(lambda: recorder.has(1))
                await server.kill()
                await until(lambda: some([] if analytics.is_connected else [True]))
                await server.start()
                await until(lambda: some([True] if analytics.is_connected and gateway.is_connected else []))
                for number in range(3):
                    await publish(gateway, [b"behind%d" % number])
                    await until(partial(recorder.has, number + 2))
    assert recorder.batches == [1] * 4


@pytest.mark.promise("M-02")
async def test_a_message_delivered_twice_has_one_effect(bus_for: Any, database: Any) -> None:
    """The first delivery is handled and not acknowledged, as when the process dies in between."""
    gateway, analytics, db = await bus_for("gateway"), await bus_for("analytics"), await database.open("analytics")
    deliveries: list[int] = []
    effects: list[str] = []

    async def handle(batch: Sequence[Delivered]) -> None:
        async with db.unit_of_work() as tx:
            new = await claim_events(tx, consumer="test", event_ids=[one.message_id for one in batch])
        effects.extend(new)
        deliveries.extend(one.num_delivered for one in batch)
        if max(deliveries) == 1:
            raise ConnectionError("died after the commit")

    async with consuming(analytics, handle, db=db, spec=replace(FEEDBACK, retry_delays_s=(0.05,))):
        (message_id,) = await publish(gateway, [b"x"])
        await until(lambda: _reached(deliveries, 2))
    assert deliveries == [1, 2] and effects == [message_id]


@pytest.mark.promise("M-06")
async def test_poison_goes_to_the_dead_letters_and_does_not_delay_its_neighbours(
    bus_for: Any, database: Any, spare_now: Callable[[], float]
) -> None:
    gateway, analytics, db = await bus_for("gateway"), await bus_for("analytics"), await database.open("analytics")
    recorder = Recorder(spare_now)
    bodies = [b"good%d" % n for n in range(200)]
    bodies[70:70] = [b"bad one", b"broken one"]
    await publish_at_once(gateway, bodies)
    started = spare_now()
    spec = replace(FEEDBACK, max_deliver=2, retry_delays_s=(0.05,))
    async with consuming(analytics, recorder, db=db, spec=spec):
        await until(lambda: recorder.has(200))
        assert max(recorder.seen.values()) - started < 1.0
        await until(lambda: _letters(database.superuser_url, 2))
    letters = {row["payload"]: row for row in await fetch(database.superuser_url, "SELECT * FROM dead_letters")}
    assert set(letters) == {b"bad one", b"broken one"}
    bad, broken = letters[b"bad one"], letters[b"broken one"]
    assert (bad["consumer"], bad["stream"], bad["subject"]) == (FEEDBACK.durable, "FEEDBACK", SUBJECT)
    assert (bad["reason"], bad["deliveries"]) == ("it is bad", 1)
    assert (broken["reason"], broken["deliveries"]) == ("ValueError: it broke", 2)
    assert bad["stream_seq"] > 0 and json.loads(bad["headers"])["Nats-Msg-Id"] == bad["message_id"]
    assert recorder.calls < 60  # Halving finds 2 of 202 in about 2 × 2 × log2(202) calls, not in 202.


async def test_a_handler_that_names_the_bad_message_is_called_only_once_more(bus_for: Any, database: Any) -> None:
    gateway, analytics, db = await bus_for("gateway"), await bus_for("analytics"), await database.open("analytics")
    sizes: list[int] = []

    async def handle(batch: Sequence[Delivered]) -> None:
        sizes.append(len(batch))
        for one in batch:
            if one.data == b"bad":
                raise Poison("named", stream_seq=one.stream_seq)

    await publish(gateway, [b"a", b"bad", b"c", b"d"])
    async with consuming(analytics, handle, db=db):
        await until(lambda: _letters(database.superuser_url, 1))
    assert sizes == [4, 3, 1]


@pytest.mark.promise("M-08")
async def test_a_consumer_pauses_instead_of_draining_into_the_dead_letters(bus_for: Any, database: Any) -> None:
    gateway, analytics, db = await bus_for("gateway"), await bus_for("analytics"), await database.open("analytics")
    recorder = Recorder()
    await publish_at_once(gateway, [b"bad%d" % n for n in range(120)])
    async with consuming(analytics, recorder, db=db, pause_s=30):
        await until(lambda: _letters(database.superuser_url, 51))
        calls = recorder.calls
        await asyncio.sleep(0.3)
        assert recorder.calls == calls
    assert len(await fetch(database.superuser_url, "SELECT FROM dead_letters")) == 51


@pytest.mark.promise("M-08")
async def test_a_paused_consumer_goes_on_by_itself_once_messages_succeed_again(bus_for: Any, database: Any) -> None:
    gateway, analytics, db = await bus_for("gateway"), await bus_for("analytics"), await database.open("analytics")
    is_repaired = False
    seen: set[bytes] = set()

    async def handle(batch: Sequence[Delivered]) -> None:
        if not is_repaired:
            raise Poison("everything is bad today")
        seen.update(one.data for one in batch)

    await publish_at_once(gateway, [b"%d" % n for n in range(80)])
    async with consuming(analytics, handle, db=db, pause_s=3):
        await until(lambda: _letters(database.superuser_url, 51))
        is_repaired = True
        await until(lambda: _reached(seen, 29 - 1))
    letters = len(await fetch(database.superuser_url, "SELECT FROM dead_letters"))
    assert letters + len(seen) == 80 and letters <= 52


async def test_while_the_database_is_away_messages_wait_and_no_delivery_is_used_up(bus_for: Any, database: Any) -> None:
    gateway, analytics, db = await bus_for("gateway"), await bus_for("analytics"), await database.open("analytics")
    done: dict[bytes, int] = {}
    tries = 0

    async def handle(batch: Sequence[Delivered]) -> None:
        nonlocal tries
        tries += 1
        async with db.unit_of_work() as tx:
            await tx.fetchval("SELECT 1")
        done.update({one.data: one.num_delivered for one in batch})

    async with consuming(analytics, handle, db=db):
        async with database_away(database.superuser_url):
            await publish(gateway, [b"a", b"b"])
            await until(lambda: _true(tries >= 2))
            assert not done
            assert tries < 10
        await until(lambda: _reached(done, 2))
    assert set(done.values()) == {1}
    assert not await fetch(database.superuser_url, "SELECT FROM dead_letters")


async def test_an_unavailable_of_another_kind_is_an_ordinary_failure(bus_for: Any, database: Any) -> None:
    gateway, analytics, db = await bus_for("gateway"), await bus_for("analytics"), await database.open("analytics")
    deliveries: list[int] = []

    async def handle(batch: Sequence[Delivered]) -> None:
        deliveries.append(batch[0].num_delivered)
        if len(deliveries) == 1:
            raise Unavailable("a provider is away", retry_after_s=0.05)

    async with consuming(analytics, handle, db=db, spec=replace(FEEDBACK, retry_delays_s=(0.01,))):
        await publish(gateway, [b"x"])
        await until(lambda: _reached(deliveries, 2))
    assert deliveries == [1, 2]


@pytest.mark.parametrize(("batch_messages", "deliveries_seen"), [(1, {1}), (100, {1, 2, 3, 4})])
@pytest.mark.parametrize("away", [Busy, Unavailable])
async def test_what_others_hold_or_is_away_for_a_moment_costs_a_single_message_no_delivery(
    bus_for: Any, database: Any, away: type[Unavailable], batch_messages: int, deliveries_seen: set[int]
) -> None:
    """Of work that has few deliveries, none is spent on a lock, or on a database that was away a moment ago (a process that stood still
    cannot tell); a batch is told apart instead, so that its neighbours need not wait."""
    gateway, analytics, db = await bus_for("gateway"), await bus_for("analytics"), await database.open("analytics")
    deliveries: list[int] = []

    async def handle(batch: Sequence[Delivered]) -> None:
        deliveries.append(batch[0].num_delivered)
        if len(deliveries) < 4:
            raise away("The books cannot be reached at the moment; try again.", retry_after_s=0.05)

    spec = replace(FEEDBACK, retry_delays_s=(0.01,), batch_messages=batch_messages)
    async with consuming(analytics, handle, db=db, spec=spec):
        await publish(gateway, [b"x"])
        await until(lambda: _reached(deliveries, 4))
    assert set(deliveries) == deliveries_seen


async def test_what_stays_away_beside_an_answering_database_fails_in_the_end(
    bus_for: Any, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "PATIENCE_S", 0.2)
    gateway, analytics, db = await bus_for("gateway"), await bus_for("analytics"), await database.open("analytics")
    deliveries: list[int] = []

    async def handle(messages: Sequence[Delivered]) -> None:
        deliveries.append(messages[0].num_delivered)
        raise Unavailable("The guardrails of this workspace cannot be read.")

    async def letters() -> bool:
        return bool(await fetch(database.superuser_url, "SELECT FROM dead_letters"))

    async with consuming(analytics, handle, db=db, spec=replace(FEEDBACK, retry_delays_s=(0.01,), batch_messages=1, max_deliver=2)):
        await publish(gateway, [b"x"])
        await until(letters)
    assert set(deliveries) == {1, 2}
    assert deliveries.count(1) > 1


async def test_a_stopping_consumer_finishes_its_batch_and_gives_nothing_away_half_done(bus_for: Any, database: Any) -> None:
    gateway, analytics, db = await bus_for("gateway"), await bus_for("analytics"), await database.open("analytics")
    entered, release = asyncio.Event(), asyncio.Event()
    done: list[bytes] = []

    async def handle(batch: Sequence[Delivered]) -> None:
        entered.set()
        await release.wait()
        done.extend(one.data for one in batch)

    async with consuming(analytics, handle, db=db) as stop:
        await publish(gateway, [b"x"])
        await entered.wait()
        stop.set()
        await asyncio.sleep(0)
        release.set()
    assert done == [b"x"]
    recorder = Recorder()
    async with consuming(analytics, recorder, db=db):
        await publish(gateway, [b"y"])
        await until(lambda: recorder.has(1))
    assert set(recorder.seen) == {b"y"}


async def test_what_cannot_be_finished_in_time_goes_back_at_once(bus_for: Any, database: Any) -> None:
    gateway, analytics, db = await bus_for("gateway"), await bus_for("analytics"), await database.open("analytics")
    entered = asyncio.Event()

    async def hang(batch: Sequence[Delivered]) -> None:
        entered.set()
        await asyncio.Event().wait()

    async with consuming(analytics, hang, db=db, drain_s=0.05):
        await publish(gateway, [b"x"])
        await entered.wait()
    recorder = Recorder()
    async with consuming(analytics, recorder, db=db):
        await until(lambda: recorder.has(1), within_s=45)  # ack_wait is 60 s: it was put back.


@pytest.mark.promise("M-01", "M-09")
async def test_loops_that_stop_do_not_hand_each_other_what_comes_meanwhile(tmp_path: Path, database: Any) -> None:
    """One that came while many loops of one process stopped used up three deliveries within milliseconds."""
    db = await database.open("executor")
    spec, handled, deliveries = streams.EXECUTOR_BATCH, set[bytes](), dict[bytes, int]()

    async def note(batch: Sequence[Delivered]) -> None:
        handled.update(one.data for one in batch)

    async def count(batch: Sequence[Delivered]) -> None:
        deliveries.update((one.data, one.num_delivered) for one in batch)

    async with own_nats(tmp_path) as server:
        await server.provision()
        async with bus_of(server, "gateway") as gateway, bus_of(server, "executor") as executor:
            sent = set[bytes]()
            for moment in range(12):
                async with consuming(executor, note, db=db, spec=spec, concurrency=48) as stop:
                    await asyncio.wait_for(until_waiting(executor, spec, batch.ASKING_MOST), 60)
                    bodies = [b"%d/%d" % (moment, n) for n in range(16)]
                    for body in bodies:
                        await gateway.nc.publish(BATCH_OF_SOMEBODY, body)
                    await gateway.nc.flush()
                    for _ in range(moment):
                        await asyncio.sleep(0)
                    stop.set()
                sent.update(bodies)
            async with consuming(executor, count, db=db, spec=spec, concurrency=8):
                await until(lambda: _reached(handled | deliveries.keys(), len(sent)))
    assert handled | deliveries.keys() == sent
    assert set(deliveries.values()) <= {1, 2}


@pytest.mark.promise("M-01", "M-09", "G-18")
async def test_what_graceful_stops_give_back_in_a_row_is_delivered_until_it_is_done(
    tmp_path: Path, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three stops used up the three deliveries of a message that never failed, and it lay among the dead letters."""
    monkeypatch.setattr(batch, "STOPPING_S", 0.05)
    db, spec = await database.open("executor"), streams.EXECUTOR_BATCH
    deliveries = list[int]()

    async with own_nats(tmp_path) as server:
        await server.provision()
        async with bus_of(server, "gateway") as gateway, bus_of(server, "executor") as executor:
            await gateway.nc.publish(BATCH_OF_SOMEBODY, b"x")
            for stops in range(spec.max_deliver + streams.STOPS_MOST - 1):
                hanging = _Hanging(deliveries)
                async with consuming(executor, hanging, db=db, spec=spec, drain_s=0.01):
                    await until(partial(_reached, deliveries, stops + 1))
            recorder = Recorder()
            async with consuming(executor, recorder, db=db, spec=spec):
                await until(lambda: recorder.has(1))
        assert deliveries == [1, 2, 3, 4, 5] and set(recorder.seen) == {b"x"}
        async with bus_of(server, "provisioner") as provisioner:
            told = json.loads((await provisioner.nc.request("$JS.API.STREAM.INFO.ADVISORY", timeout=30)).data)
    assert told["state"]["messages"] == 0
    assert not await fetch(database.superuser_url, "SELECT FROM dead_letters")


async def test_a_message_that_fails_is_tried_three_times_however_often_it_could_be_delivered(tmp_path: Path, database: Any) -> None:
    db, spec = await database.open("executor"), replace(streams.EXECUTOR_BATCH, retry_delays_s=(0.01,))
    deliveries = list[int]()

    async def fail(messages: Sequence[Delivered]) -> None:
        deliveries.append(messages[0].num_delivered)
        raise ValueError("it broke")

    async with own_nats(tmp_path) as server:
        await server.provision()
        async with bus_of(server, "gateway") as gateway, bus_of(server, "executor") as executor:
            async with consuming(executor, fail, db=db, spec=spec):
                await gateway.nc.publish(BATCH_OF_SOMEBODY, b"x")
                await until(lambda: _letters(database.superuser_url, 1))
    assert deliveries == [1, 2, 3]


class _Hanging:
    """A handler that never comes to an end; it notes the number of each delivery."""

    def __init__(self, deliveries: list[int]) -> None:
        self._deliveries = deliveries

    async def __call__(self, messages: Sequence[Delivered]) -> None:
        self._deliveries.append(messages[0].num_delivered)
        await asyncio.Event().wait()


@pytest.mark.promise("G-18")
async def test_a_consumer_that_stops_while_nats_is_slow_leaves_its_connection_hearing(tmp_path: Path, database: Any) -> None:
    """What else the service has to end needs answers of NATS: the acknowledgements of its events above all."""
    db = await database.open("executor")

    async def nothing(_: Sequence[Delivered]) -> None:
        return

    async with own_nats(tmp_path) as server:
        await server.provision()
        async with bus_of(server, "executor") as executor:
            async with consuming(executor, nothing, db=db, spec=streams.EXECUTOR_BATCH, concurrency=3):
                await asyncio.wait_for(until_waiting(executor, streams.EXECUTOR_BATCH, 3), 60)
                await server.freeze()
            server.thaw()
            assert await executor.answers(timeout_s=60)


@pytest.mark.promise("M-01")
async def test_few_requests_wait_at_the_server_however_many_messages_may_be_in_hand(tmp_path: Path, database: Any) -> None:
    """A process that stood still took a message along for each of its loops, and nobody else got one of them for half a minute."""
    db, spec, deliveries = await database.open("executor"), streams.EXECUTOR_BATCH, list[int]()
    async with own_nats(tmp_path) as server:
        await server.provision()
        async with bus_of(server, "gateway") as gateway, bus_of(server, "executor") as executor:
            async with consuming(executor, _Hanging(deliveries), db=db, spec=spec, concurrency=16, drain_s=0.01):
                await asyncio.wait_for(until_waiting(executor, spec, batch.ASKING_MOST), 60)
                for number in range(16):
                    assert await waiting(executor, spec) <= batch.ASKING_MOST
                    await gateway.nc.publish(BATCH_OF_SOMEBODY, b"x%d" % number)
                await until(partial(_reached, deliveries, 16))
                assert await waiting(executor, spec) == 0


async def until_waiting(bus: Bus, spec: ConsumerSpec, count: int) -> None:
    """Until so many requests for a message lie at the server."""
    while await waiting(bus, spec) < count:
        pass


async def waiting(bus: Bus, spec: ConsumerSpec) -> int:
    answer = await bus.nc.request(f"$JS.API.CONSUMER.INFO.{spec.stream}.{spec.durable}", timeout=30)
    return int(json.loads(answer.data)["num_waiting"])


async def test_a_slow_handler_keeps_its_message_beyond_ack_wait(tmp_path: Path, database: Any) -> None:
    db = await database.open("analytics")

    async with own_nats(tmp_path) as server:
        await server.provision(ack_wait_s=0.5)
        async with bus_of(server, "gateway") as gateway, bus_of(server, "analytics") as analytics:

            async def is_kept() -> None:
                deliveries: list[int] = []

                async def slow(batch: Sequence[Delivered]) -> None:
                    deliveries.extend(one.num_delivered for one in batch)
                    await asyncio.sleep(1.3)

                async with consuming(analytics, slow, db=db), consuming(analytics, slow, db=db):
                    await publish(gateway, [b"x"])
                    await until(lambda: _reached(deliveries, 1))
                    await asyncio.sleep(0.9)
                assert deliveries == [1]

            await undisturbed(is_kept, still_most_s=0.15)


@pytest.mark.promise("M-11")
async def test_a_consumer_survives_a_killed_nats_and_loses_nothing(tmp_path: Path, database: Any) -> None:
    db = await database.open("analytics")
    recorder = Recorder()
    async with own_nats(tmp_path) as server:
        await server.provision(ack_wait_s=1)
        async with bus_of(server, "gateway") as gateway, bus_of(server, "analytics") as analytics:
            async with consuming(analytics, recorder, db=db):
                await publish(gateway, [b"before"])
                await until(lambda: recorder.has(1))
                await server.kill()
                with pytest.raises(Unavailable):
                    await gateway.publish(SUBJECT, b"meanwhile", message_id=uuid4().hex)
                await server.start()
                with within(5):
                    assert await gateway.wait_connected(timeout_s=60)
                    await publish(gateway, [b"meanwhile", b"after"])
                    await until(lambda: recorder.has(3))
    assert set(recorder.seen) == {b"before", b"meanwhile", b"after"}


async def _true(value: bool) -> bool:
    return value


async def _reached(items: Any, count: int) -> bool:
    return len(items) >= count


async def _letters(url: str, count: int) -> bool:
    return len(await fetch(url, "SELECT FROM dead_letters")) >= count
