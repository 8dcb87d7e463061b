"""The outbox relay on a real NATS and a real PostgreSQL: nothing lost, nothing twice, whoever is killed."""

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from burnish_shared import failpoints, metrics, subjects
from burnish_shared.books.event_parts import joined_events
from burnish_shared.bus import outbox_store, stream_loss
from burnish_shared.bus import relay as relays
from burnish_shared.bus.connect import Bus
from burnish_shared.bus.outbox_store import Sent
from burnish_shared.bus.provision import keep_provisioned
from burnish_shared.bus.relay import Relay
from burnish_shared.db import outbox
from burnish_shared.db.session import Database, DurableConnection, Tx
from burnish_shared.errors import Unavailable
from tests.integration.bus_parts import BusDatabase, OwnNats, bus_of, database, database_away, fetch, own_nats, stored, until

__all__ = ["database"]  # a fixture

WORKSPACE = UUID(int=7)
SUBJECT = subjects.event("alert.raised", WORKSPACE)
RECORDS = subjects.EXECUTIONS_COMPLETED_BATCH


@asynccontextmanager
async def relaying(db: Database, bus: Bus, **options: Any) -> AsyncIterator[Relay]:
    relay, stop = Relay(db, bus, service="analytics", **{"poll_s": 0.05, "wait_ms": 0, **options}), asyncio.Event()
    task = asyncio.create_task(relay.run(stop))
    try:
        yield relay
    finally:
        stop.set()
        await asyncio.wait_for(task, 60)


async def write(db: Database, *message_ids: str, subject: str = SUBJECT, body: bytes = b"{}", service: str = "analytics") -> None:
    async with db.unit_of_work() as tx:
        for one in message_ids:
            await outbox.put(tx, service=service, subject=subject, message_id=one, body=body)


async def all_sent(data: BusDatabase) -> bool:
    return not await fetch(data.superuser_url, "SELECT FROM outbox WHERE sent_at IS NULL")


async def have_looked(*relays: Relay) -> bool:
    """Whether each has compared the streams with their marks."""
    return all(relay._checked_connection for relay in relays)


def fresh(count: int) -> list[str]:
    return [uuid4().hex for _ in range(count)]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[OwnNats]:
    async with own_nats(tmp_path) as server:
        await server.provision()
        yield server


async def test_what_was_committed_is_published_in_order_and_what_was_rolled_back_is_not(server: OwnNats, database: BusDatabase) -> None:
    db = await database.open("analytics")
    ids = fresh(20)
    async with bus_of(server, "analytics") as bus, relaying(db, bus, poll_s=600) as relay:
        with pytest.raises(ZeroDivisionError):
            async with db.unit_of_work() as tx:
                await outbox.put(tx, service="analytics", subject=SUBJECT, message_id="never", body=b"{}")
                raise ZeroDivisionError
        await write(db, *ids)
        relay.wake()
        await until(lambda: all_sent(database))
    assert await stored(server, "EVENTS") == ids
    rows = await fetch(database.superuser_url, "SELECT message_id, stream, stream_seq FROM outbox ORDER BY outbox_id")
    assert [(row["message_id"], row["stream"], row["stream_seq"]) for row in rows] == [(one, "EVENTS", n) for n, one in enumerate(ids, 1)]


@pytest.mark.promise("M-04")
async def test_a_row_that_commits_after_a_younger_one_is_sent_all_the_same(server: OwnNats, database: BusDatabase) -> None:
    db = await database.open("analytics")
    older, younger = fresh(2)
    async with bus_of(server, "analytics") as bus, relaying(db, bus):
        async with db.unit_of_work() as tx:
            await outbox.put(tx, service="analytics", subject=SUBJECT, message_id=older, body=b"{}")
            await write(db, younger)
            await until(lambda: _count(database, "sent_at IS NOT NULL", 1))
        await until(lambda: _count(database, "sent_at IS NOT NULL", 2))
    assert await stored(server, "EVENTS") == [younger, older]


async def test_a_row_of_an_asynchronous_commit_is_on_disk_before_anybody_hears_of_it(
    server: OwnNats, database: BusDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = await database.open("analytics")
    writer = DurableConnection(database.urls["executor"], application_name="writer", asynchronous=True)
    told: list[bool] = []
    async with bus_of(server, "analytics") as bus:
        relay = Relay(db, bus, service="analytics")
        await relay.send_due()
        publish = bus.js.publish_async

        async def watched(*args: Any, **options: Any) -> Any:
            (row,) = await fetch(database.superuser_url, "SELECT pg_current_wal_flush_lsn() >= $1::text::pg_lsn AS is_safe", written)
            told.append(row["is_safe"])
            return await publish(*args, **options)

        monkeypatch.setattr(bus.js, "publish_async", watched)
        for one in fresh(5):
            await writer.fetchrow(
                "INSERT INTO outbox (service, subject, message_id, body) VALUES ('analytics', $1, $2, '') RETURNING outbox_id", SUBJECT, one
            )
            row = await writer.fetchrow("SELECT pg_current_wal_insert_lsn()::text AS lsn")
            assert row is not None
            written = row["lsn"]
            await relay.send_due()
    await writer.close()
    assert told == [True] * 5


async def test_a_claim_passes_over_rows_that_another_relay_is_just_claiming(database: BusDatabase) -> None:
    one, other = await database.open("analytics"), await database.open("analytics")
    ids = fresh(6)
    await write(one, *ids)

    async def claim(tx: Tx) -> list[str]:
        rows = await outbox_store.claim(tx, service="analytics", lease_s=5, most_rows=4, most_bytes=1 << 20)
        return [row.message_id for row in rows]

    async with one.unit_of_work() as first, other.unit_of_work() as second:
        claimed = await claim(first), await asyncio.wait_for(claim(second), 60)
    assert claimed == (ids[:4], ids[4:])


async def test_a_mark_is_not_lowered_by_whoever_is_acknowledged_later(database: BusDatabase) -> None:
    """Of two relays the one with the lower sequences may write last; what lies above would be lost unseen."""
    db = await database.open("analytics")
    for seq in (10, 8):
        async with db.unit_of_work() as tx:
            await outbox_store.lock_mark(tx, "MARKED", created_at=datetime.now(UTC), highest_seq=1)
            await outbox_store.mark_sent(tx, [Sent(0, "MARKED", seq)])
    async with db.unit_of_work() as tx:
        assert (await outbox_store.marks(tx))["MARKED"].highest_seq == 10


async def test_a_claim_ends_at_the_row_that_passes_the_byte_limit_but_takes_one_at_least(database: BusDatabase) -> None:
    db = await database.open("analytics")
    await write(db, "a", body=b"x" * 100)
    await write(db, "b", body=b"x" * 100)
    async with db.unit_of_work() as tx:
        rows = [await outbox_store.claim(tx, service="analytics", lease_s=5, most_rows=9, most_bytes=50) for _ in range(3)]
    assert [[row.message_id for row in claimed] for claimed in rows] == [["a"], ["b"], []]


@pytest.mark.promise("M-05")
async def test_a_stream_made_anew_gets_every_row_though_it_has_grown_beyond_its_mark(
    server: OwnNats, database: BusDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_loss, "DOUBTFUL_S", -60.0)
    db = await database.open("analytics")
    ids = fresh(2)
    async with bus_of(server, "analytics") as bus:
        relay = Relay(db, bus, service="analytics")
        await write(db, ids[0])
        await relay.send_due()
        await fetch(database.superuser_url, "UPDATE outbox SET message_id = $1", ids[1])
        await fetch(database.superuser_url, "UPDATE stream_marks SET created_at = created_at - interval '1 day'")
        bus.connections += 1
        await relay.send_due()
    assert await stored(server, "EVENTS") == ids


@pytest.mark.promise("M-05")
async def test_rows_lost_behind_others_that_were_on_their_way_are_sent_again(
    server: OwnNats, database: BusDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One acknowledged row was lost, and one that nobody saw acknowledged arrived in its place: the last sequence tells nothing."""
    monkeypatch.setattr(stream_loss, "DOUBTFUL_S", -60.0)
    db = await database.open("analytics")
    ids = fresh(2)
    async with bus_of(server, "analytics") as bus:
        relay = Relay(db, bus, service="analytics")
        await write(db, ids[0])
        await relay.send_due()
        await fetch(database.superuser_url, "UPDATE outbox SET message_id = $1", ids[1])  # What the stream holds is not this row.
        relay._unanswered = 1
        bus.connections += 1
        await relay.send_due()
    assert await stored(server, "EVENTS") == ids


@pytest.mark.promise("M-05")
async def test_what_was_acknowledged_just_before_an_absence_is_in_doubt_however_long_it_was(server: OwnNats, database: BusDatabase) -> None:
    db = await database.open("analytics")
    ids = fresh(2)
    async with bus_of(server, "analytics") as bus:
        relay = Relay(db, bus, service="analytics")
        await write(db, ids[0])
        await relay.send_due()
        # What the stream holds is not this row, and neither its mark nor its last sequence tells.
        await fetch(database.superuser_url, "UPDATE outbox SET message_id = $1, sent_at = sent_at - interval '10 minutes'", ids[1])
        for absence_s, there in ((0.0, ids[:1]), (900.0, ids)):
            bus.last_absence_s = absence_s
            bus.connections += 1
            await relay.send_due()
            assert await stored(server, "EVENTS") == there


async def test_two_relays_share_the_rows_without_repeating_any(server: OwnNats, database: BusDatabase) -> None:
    one, other = await database.open("analytics"), await database.open("analytics")
    ids = fresh(600)
    counted = {outcome: metrics.outbox_sent_total.labels("analytics", outcome)._value for outcome in ("repeated", "failed")}
    before = {outcome: count.get() for outcome, count in counted.items()}
    async with bus_of(server, "analytics") as bus, bus_of(server, "analytics") as second:
        async with relaying(one, bus, lease_s=60) as early, relaying(other, second, lease_s=60) as late:
            # One that connects while another sends makes due again what that sent in the last 10 s (DOUBTFUL_S): so both look first.
            await until(lambda: have_looked(early, late))
            await write(one, *ids)
            await until(lambda: all_sent(database))
    assert sorted(await stored(server, "EVENTS")) == sorted(ids)
    repeated, failed = (counted[outcome].get() - before[outcome] for outcome in ("repeated", "failed"))
    assert repeated <= failed, "what NATS did not acknowledge within 2 s, on a machine that stood still, is the only reason to repeat"


KILLED_RELAY = """
import asyncio, os
from burnish_shared import failpoints
from burnish_shared.bus.connect import connect
from burnish_shared.bus.relay import Relay
from burnish_shared.db.session import Database
failpoints.configure(os.environ["BURNISH_FP"])
async def main():
    db = await Database.open(os.environ["DATABASE_URL"], application_name="killed")
    bus = await connect(os.environ["NATS_URL"], service="analytics", replica="9")
    await Relay(db, bus, service="analytics", lease_s=0.3).run(asyncio.Event())
asyncio.run(main())
"""


@pytest.mark.promise("M-01")
@pytest.mark.parametrize(("failpoint", "published"), [("relay_claimed", 0), ("relay_published", 3)])
async def test_a_relay_killed_half_way_only_repeats_under_the_same_ids(
    server: OwnNats, database: BusDatabase, failpoint: str, published: int
) -> None:
    db = await database.open("analytics")
    ids = fresh(3)
    await write(db, *ids)
    environment = os.environ | {
        "BURNISH_FP": f"{failpoint}:exit",
        "DATABASE_URL": database.urls["analytics"],
        "NATS_URL": server.url("analytics"),
    }
    command = [sys.executable, "-c", KILLED_RELAY]
    killed = await asyncio.to_thread(subprocess.run, command, env=environment, timeout=120, capture_output=True)
    assert killed.returncode == 137
    assert len(await stored(server, "EVENTS")) == published and await _count(database, "sent_at IS NULL", 3)
    async with bus_of(server, "analytics") as bus, relaying(db, bus):
        await until(lambda: all_sent(database))
    assert await stored(server, "EVENTS") == ids


@pytest.mark.promise("M-05")
@pytest.mark.parametrize("is_wiped", [False, True])
async def test_rows_that_a_restored_or_wiped_store_lost_are_sent_again(
    server: OwnNats, database: BusDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_wiped: bool
) -> None:
    monkeypatch.setattr(stream_loss, "DOUBTFUL_S", 0.0)  # So that only the marks can find the loss.
    db = await database.open("analytics")
    ids = fresh(30)
    stop = asyncio.Event()
    async with bus_of(server, "provisioner") as provisioner, bus_of(server, "analytics") as bus, relaying(db, bus):
        keeping = asyncio.create_task(keep_provisioned(provisioner, None, stop))
        await write(db, *ids[:10])
        await until(lambda: all_sent(database))
        server.copy_store(tmp_path / "older")
        await write(db, *ids[10:20])
        await until(lambda: all_sent(database))
        await server.kill()
        server.restore_store(None if is_wiped else tmp_path / "older")
        await write(db, *ids[20:])
        await server.start()
        await until(lambda: _holds(server, ids))
        await until(lambda: all_sent(database))
        stop.set()
        await keeping
    assert sorted(await stored(server, "EVENTS")) == sorted(ids)


class Killed(BaseException):
    """Nothing catches it, as nothing catches a SIGKILL."""


@pytest.mark.promise("M-05")
async def test_a_loss_larger_than_a_transaction_may_be_is_made_good_in_pieces_whoever_is_killed_between_them(
    server: OwnNats, database: BusDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_loss, "PIECE_ROWS", 3)
    db = await database.open("analytics")
    await _write_sent(database, rows=10)

    async def kill(_name: str) -> None:
        if await _count(database, "sent_at IS NULL", 6):
            raise Killed

    async with bus_of(server, "analytics") as bus:
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(failpoints, "hit", kill)
            await stream_loss.look_at_streams(db, bus, service="analytics", unanswered=0)
        assert await _count(database, "sent_at IS NOT NULL AND stream_seq > 6", 4)  # The lowest go first.
        assert await fetch(database.superuser_url, "SELECT FROM stream_marks WHERE stream = 'EVENTS' AND highest_seq = 10")
        await stream_loss.look_at_streams(db, bus, service="analytics", unanswered=0)
    assert await _count(database, "sent_at IS NULL AND stream IS NULL", 10)
    assert await fetch(database.superuser_url, "SELECT FROM stream_marks WHERE stream = 'EVENTS' AND highest_seq = 0")


async def test_a_mark_that_another_relay_raises_while_the_stream_is_looked_at_is_no_loss(
    server: OwnNats, database: BusDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = await database.open("analytics")
    ids = fresh(3)
    losses = metrics.stream_losses_total.labels("EVENTS")._value.get()
    stand = stream_loss._stand

    async def then_another_relay_goes_on(bus: Bus, stream: str) -> outbox_store.Mark:
        found = await stand(bus, stream)
        if stream == "EVENTS":
            await fetch(database.superuser_url, "UPDATE stream_marks SET highest_seq = 3 WHERE stream = 'EVENTS'")
        return found

    async with bus_of(server, "analytics") as bus:
        async with relaying(db, bus):
            await write(db, *ids[:2])
            await until(lambda: all_sent(database))
        monkeypatch.setattr(stream_loss, "DOUBTFUL_S", -60.0)
        monkeypatch.setattr(stream_loss, "_stand", then_another_relay_goes_on)
        await stream_loss.look_at_streams(db, bus, service="analytics", unanswered=0)
    assert metrics.stream_losses_total.labels("EVENTS")._value.get() == losses
    assert await _count(database, "sent_at IS NOT NULL", 2)
    assert await fetch(database.superuser_url, "SELECT FROM stream_marks WHERE stream = 'EVENTS' AND highest_seq = 3")


@pytest.mark.promise("M-05")
async def test_a_sequence_given_out_twice_betrays_a_loss_without_a_reconnect(server: OwnNats, database: BusDatabase) -> None:
    db = await database.open("analytics")
    ids = fresh(3)
    losses = metrics.stream_losses_total.labels("EVENTS")._value.get()
    async with bus_of(server, "analytics") as bus, relaying(db, bus):
        await write(db, *ids[:2])
        await until(lambda: all_sent(database))
        await fetch(database.superuser_url, "UPDATE stream_marks SET highest_seq = 100 WHERE stream = 'EVENTS'")
        await fetch(database.superuser_url, "UPDATE outbox SET stream_seq = 99 WHERE message_id = $1", ids[1])
        await write(db, ids[2])
        await until(lambda: _count(database, "stream_seq = 2", 1))
    assert metrics.stream_losses_total.labels("EVENTS")._value.get() == losses + 1
    assert await stored(server, "EVENTS") == ids


async def held(server: OwnNats) -> list[tuple[str, bytes]]:
    """What RECORDS holds: message ids and bodies, in order."""
    async with bus_of(server, "provisioner") as bus:
        bodies = []
        for seq, _ in enumerate(ids := await stored(server, "RECORDS"), start=1):
            request = json.dumps({"seq": seq}).encode()
            answer = json.loads((await bus.nc.request("$JS.API.STREAM.MSG.GET.RECORDS", request, timeout=60)).data)
            bodies.append(base64.b64decode(answer["message"]["data"]))
    return list(zip(ids, bodies, strict=True))


def settled(event_id: str, *numbers: int) -> bytes:
    """The event of one turn of the recorder."""
    items = ",".join(f'{{"n":{one}}}' for one in numbers)
    return f'{{"v":1,"event_id":"{event_id}","items":[{items}]}}'.encode()


async def test_rows_of_one_turn_that_join_are_one_message_and_each_knows_where_it_lies(
    server: OwnNats, database: BusDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, ids = await database.open("executor"), fresh(4)
    bodies = [settled(ids[0], 1, 2), settled(ids[1], 3), settled(ids[2], 4), b"[]"]
    monkeypatch.setattr(relays, "JOINED_BYTES", len(bodies[0]) + len(bodies[1]))  # the third is too much, and the fourth joins nothing
    for one, body in zip(ids, bodies, strict=True):
        await write(db, one, service="executor", subject=RECORDS, body=body)
    async with bus_of(server, "executor") as bus:
        assert await Relay(db, bus, service="executor", joins={RECORDS: joined_events}).send_due() == 4
    rows = await fetch(database.superuser_url, "SELECT stream, stream_seq FROM outbox ORDER BY outbox_id")
    assert [(row["stream"], row["stream_seq"]) for row in rows] == [("RECORDS", 1), ("RECORDS", 1), ("RECORDS", 2), ("RECORDS", 3)]
    first, *others = await held(server)
    assert others == [(ids[2], bodies[2]), (ids[3], bodies[3])]
    assert json.loads(first[1]) == {"v": 1, "event_id": first[0], "items": [{"n": 1}, {"n": 2}, {"n": 3}]}


@pytest.mark.promise("M-01")
async def test_a_relay_that_dies_behind_a_joined_message_costs_nothing_of_what_came_meanwhile(
    server: OwnNats, database: BusDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent again beside others it is another message: under the id of before, the stream would drop the others with it."""

    async def dies(published: object) -> None:
        raise Unavailable("killed")

    db, ids = await database.open("executor"), fresh(3)
    for number, one in enumerate(ids[:2]):
        await write(db, one, service="executor", subject=RECORDS, body=settled(one, number))
    async with bus_of(server, "executor") as bus:
        killed = Relay(db, bus, service="executor", lease_s=0.0, joins={RECORDS: joined_events})
        monkeypatch.setattr(killed, "_settle", dies)
        for _ in range(2):  # the same rows are the same message
            with pytest.raises(Unavailable):
                await killed.send_due()
        await write(db, ids[2], service="executor", subject=RECORDS, body=settled(ids[2], 2))
        assert await Relay(db, bus, service="executor", joins={RECORDS: joined_events}).send_due() == 3
    assert [[item["n"] for item in json.loads(body)["items"]] for _, body in await held(server)] == [[0, 1], [0, 1, 2]]


@pytest.mark.promise("M-11")
async def test_a_frozen_nats_gets_every_row_once(server: OwnNats, database: BusDatabase) -> None:
    db = await database.open("analytics")
    ids = fresh(5)
    failed = metrics.outbox_sent_total.labels("analytics", "failed")
    async with bus_of(server, "analytics") as bus, relaying(db, bus):
        await until(lambda: _true(bus.is_connected))
        await write(db, ids[0])
        await until(lambda: all_sent(database))
        before = failed._value.get()
        await server.freeze()
        try:
            await write(db, *ids[1:])
            await until(lambda: _true(failed._value.get() > before))
        finally:
            server.thaw()
        await until(lambda: all_sent(database))
    assert await stored(server, "EVENTS") == ids


async def test_joined_rows_that_a_frozen_nats_does_not_acknowledge_are_sent_when_it_goes_on(server: OwnNats, database: BusDatabase) -> None:
    """They wait for one acknowledgement together."""
    db, ids = await database.open("executor"), fresh(3)
    failed = metrics.outbox_sent_total.labels("executor", "failed")
    async with bus_of(server, "executor") as bus:
        relay = Relay(db, bus, service="executor", joins={RECORDS: joined_events})
        await relay.send_due()
        await server.freeze()
        try:
            for number, one in enumerate(ids):
                await write(db, one, service="executor", subject=RECORDS, body=settled(one, number))
            before = failed._value.get()
            with pytest.raises(Unavailable):
                await relay.send_due()
            assert failed._value.get() == before + 3
            assert relay._unanswered == 1  # message: more than may stand in the stream would be taken for a loss of what does
        finally:
            server.thaw()
        assert await relay.send_due() == 3
    assert [json.loads(body)["items"] for _, body in await held(server)] == [[{"n": 0}, {"n": 1}, {"n": 2}]]


@pytest.mark.promise("M-11")
async def test_how_much_waits_is_told_while_nats_is_away(server: OwnNats, database: BusDatabase) -> None:
    db = await database.open("analytics")
    unsent, oldest_s = metrics.outbox_unsent.labels("analytics"), metrics.outbox_oldest_seconds.labels("analytics")
    async with bus_of(server, "analytics") as bus:
        await server.kill()
        await until(lambda: _true(not bus.is_connected))
        await write(db, *fresh(3))
        unsent.set(0)
        oldest_s.set(0)
        async with relaying(db, bus):
            await until(lambda: _true(unsent._value.get() == 3 and oldest_s._value.get() > 0))


async def test_a_relay_outlives_an_absent_database(server: OwnNats, database: BusDatabase) -> None:
    db = await database.open("analytics")
    ids = fresh(2)
    async with bus_of(server, "analytics") as bus, relaying(db, bus):
        await write(db, ids[0])
        await until(lambda: all_sent(database))
        async with database_away(database.superuser_url):
            await asyncio.sleep(0.3)
        await write(db, ids[1])
        await until(lambda: all_sent(database))
    assert await stored(server, "EVENTS") == ids


async def test_a_row_that_no_stream_takes_is_in_nobodys_way(server: OwnNats, database: BusDatabase) -> None:
    db = await database.open("analytics")
    (small,) = fresh(1)
    await write(db, "large", body=b"x" * ((1 << 20) + 1))
    await write(db, small)
    async with bus_of(server, "analytics") as bus, relaying(db, bus):
        await until(lambda: _count(database, "sent_at IS NOT NULL", 1))
        await until(lambda: _count(database, "sent_at IS NULL AND leased_until > clock_timestamp() + interval '20 seconds'", 1))
    assert await stored(server, "EVENTS") == [small]


async def test_sent_rows_are_forgotten_after_their_time_and_unsent_ones_never(server: OwnNats, database: BusDatabase) -> None:
    db = await database.open("analytics")
    async with bus_of(server, "analytics") as bus:
        relay = Relay(db, bus, service="analytics", keep_s=0)
        await write(db, *fresh(3))
        await relay.send_due()
        async with db.unit_of_work() as tx:
            await outbox.put(tx, service="gateway", subject=SUBJECT, message_id="waits", body=b"{}")
        await relay._housework()
    assert [row["message_id"] for row in await fetch(database.superuser_url, "SELECT message_id FROM outbox")] == ["waits"]


async def test_unsent_rows_do_not_keep_sent_ones_from_being_forgotten(server: OwnNats, database: BusDatabase) -> None:
    db = await database.open("analytics")
    async with db.unit_of_work() as tx:
        for one in range(3):
            await outbox.put(tx, service="gateway", subject=SUBJECT, message_id=f"waits-{one}", body=b"{}")
    await _write_sent(database, rows=4)
    async with db.unit_of_work() as tx:
        assert await outbox_store.forget_sent(tx, older_s=-1, most=3) == 3
        assert await outbox_store.forget_sent(tx, older_s=-1, most=3) == 1
    assert await _count(database, "sent_at IS NULL", 3)


async def _write_sent(data: BusDatabase, *, rows: int) -> None:
    """Rows that were sent to a stream EVENTS which somebody has made anew since."""
    await fetch(
        data.superuser_url,
        "INSERT INTO outbox (service, subject, message_id, body, sent_at, stream, stream_seq)"
        " SELECT 'gateway', $1, 'sent-' || n, '{}', now(), 'EVENTS', n FROM generate_series(1, $2) n",
        SUBJECT,
        rows,
    )
    await fetch(data.superuser_url, "INSERT INTO stream_marks VALUES ('EVENTS', now() - interval '1 year', $1)", rows)


async def _count(data: BusDatabase, condition: str, rows: int) -> bool:
    return len(await fetch(data.superuser_url, f"SELECT FROM outbox WHERE {condition}")) == rows


async def _holds(server: OwnNats, ids: list[str]) -> bool:
    try:
        return set(await stored(server, "EVENTS")) >= set(ids)
    except KeyError:  # The stream is being made.
        return False


async def _true(value: bool) -> bool:
    return value
