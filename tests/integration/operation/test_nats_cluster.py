"""A cluster of three NATS servers loses its leader under load, and every book is right (docs/guides/backup.md, the chart's default)."""

import asyncio
import contextlib
import random
from pathlib import Path

import nats.errors
import nats.js.errors
import pytest

from burnish.launcher.endpoints import external_nats
from burnish_shared import subjects
from burnish_shared.bus.connect import MESSAGE_ID_HEADER, Bus, connect
from burnish_shared.bus.provision import provision
from tests.chaos.ground import ground
from tests.chaos.load import Load
from tests.chaos.test_kill_each import END_S, assert_right, subscribe
from tests.embedded.nats_cluster import nats_cluster
from tests.fakes.receiver import receiving

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("I1")]

CALLS = 60
"""Before the leader dies, while it is away, and after it came back."""


@pytest.mark.promise("M-01")
async def test_what_was_acknowledged_outlives_a_killed_leader(tmp_path: Path) -> None:
    """The short form: streams in three copies, no services. `make chaos` plays the whole."""
    async with nats_cluster(tmp_path) as cluster:
        urls = external_nats(cluster.addresses, tuple(cluster.passwords), cluster.environment())
        async with await connect(urls["provisioner"], service="provisioner", replica="0") as bus:
            await provision(bus, replicas=3)
        async with await connect(urls["gateway"], service="gateway", replica="0") as bus:
            first = await acknowledged(bus, "one")
            leader = await cluster.await_leader("FEEDBACK")
            await cluster.kill(leader)
            await cluster.await_leader("FEEDBACK", other_than=leader)
            second = await acknowledged(bus, "two")
        assert (first, second) == (1, 2)


async def acknowledged(bus: Bus, message_id: str) -> int:
    """The place of a message, which is sent again under its id until a leader has it."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(nats.errors.Error, nats.js.errors.Error):
                headers = {MESSAGE_ID_HEADER: message_id}
                return int((await bus.js.publish(subjects.FEEDBACK_RECORDED_BATCH, b"{}", timeout=2, headers=headers)).seq)
            await asyncio.sleep(0.1)


@pytest.mark.chaos
@pytest.mark.promise("P-09", "M-01", "G-09")
@pytest.mark.timeout(500)
async def test_a_killed_leader_costs_no_call_and_no_event(tmp_path: Path) -> None:
    async with nats_cluster(tmp_path / "nats") as cluster, receiving() as receiver:
        async with ground(tmp_path / "home", replicas="", **cluster.environment()) as place:
            await subscribe(place, receiver)
            load = Load(place.url, place.api_key, tmp_path / "journal.jsonl", random.Random(3), rate=15.0)
            running = asyncio.create_task(load.run())
            await so_many_more(load)
            leader = await cluster.await_leader("FEEDBACK")
            await cluster.kill(leader)
            await so_many_more(load)
            await cluster.await_leader("FEEDBACK", other_than=leader)
            await cluster.start(leader)
            await cluster.await_whole()
            await so_many_more(load)
            load.stop.set()
            await asyncio.wait_for(running, END_S)
            await assert_right(place, load, receiver)


async def so_many_more(load: Load) -> None:
    wanted = load.calls + CALLS
    async with asyncio.timeout(END_S):
        while load.calls < wanted:
            await asyncio.sleep(0.1)
