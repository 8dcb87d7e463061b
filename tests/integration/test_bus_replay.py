"""Dead letters sent round again (PROMISES M-07)."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from burnish_shared import streams, subjects
from burnish_shared.bus.batch import Delivered, Poison, consume
from burnish_shared.bus.dead_letters import publisher_of, replay
from burnish_shared.bus.relay import Relay
from burnish_shared.db.once import claim_events
from tests.integration.bus_parts import BusDatabase, bus_of, database, fetch, own_nats, until

__all__ = ["database"]  # a fixture


@pytest.mark.promise("M-07")
async def test_a_replayed_letter_has_its_effect_once_however_often_it_is_replayed(tmp_path: Path, database: BusDatabase) -> None:
    db, gateway_db = await database.open("analytics"), await database.open("gateway")
    is_repaired = False
    effects: list[str] = []
    seen: list[str] = []
    stop = asyncio.Event()

    async def handle(batch: Sequence[Delivered]) -> None:
        if not is_repaired:
            raise Poison("not yet understood")
        async with db.unit_of_work() as tx:
            effects.extend(await claim_events(tx, consumer="test", event_ids=[one.data.decode() for one in batch]))
        seen.extend(one.message_id for one in batch)

    async with own_nats(tmp_path) as server:
        await server.provision()
        async with bus_of(server, "gateway") as gateway, bus_of(server, "analytics") as analytics:
            consuming = asyncio.create_task(consume(analytics, streams.ANALYTICS_FEEDBACK, handle, db=db, stop=stop))
            await gateway.publish(subjects.FEEDBACK_RECORDED_BATCH, b"event-1", message_id=uuid4().hex)
            await until(lambda: _letters(database))
            (row,) = await fetch(database.superuser_url, "SELECT dead_letter_id FROM dead_letters")
            is_repaired = True
            for _ in range(2):
                async with db.unit_of_work() as tx:
                    assert await replay(tx, [row["dead_letter_id"]]) == 1
            await Relay(gateway_db, gateway, service="gateway").send_due()
            await until(lambda: _length(seen, 2))
            stop.set()
            await consuming
    assert effects == ["event-1"]
    (row,) = await fetch(database.superuser_url, "SELECT replayed_at FROM dead_letters")
    assert row["replayed_at"] is not None


def test_each_subject_of_a_stream_has_a_service_that_may_publish_it() -> None:
    for stream in streams.STREAMS:
        if stream is not streams.ADVISORY:
            for subject in stream.subjects:
                assert publisher_of(subject.replace("*", str(UUID(int=1))))
    with pytest.raises(LookupError):
        publisher_of("burnish.v1.nobody.sends.this")


async def _letters(data: BusDatabase) -> bool:
    return bool(await fetch(data.superuser_url, "SELECT FROM dead_letters"))


async def _length(items: list[str], count: int) -> bool:
    return len(items) >= count
