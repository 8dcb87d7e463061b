"""Two replicas of every service behind PgBouncer in transaction mode, each restarted in turn, its neighbour beside it."""

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos.ground import ENVIRONMENT
from tests.chaos.jobs import Batches
from tests.chaos.load import Load
from tests.chaos.test_kill_each import END_S, assert_right, subscribe
from tests.chaos.test_rolling_restart import PATIENT, assert_all_answered
from tests.deploy.balancer import balancing
from tests.deploy.composed import ONCE, SERVICES, running_deployment
from tests.embedded.pgbouncer import program
from tests.fakes.receiver import receiving

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("I1", "T3"), pytest.mark.chaos, pytest.mark.chaos_more]

RATE = 8.0
BATCH_LINES = 60
CALLS = 40
"""Before the first restart and after the last."""

GATEWAYS = ("gateway", "gateway-2")


@pytest.mark.skipif(program() is None, reason="pgbouncer is not installed (Debian's package has it)")
@pytest.mark.promise("G-18", "P-09")
@pytest.mark.timeout(500)
async def test_replicas_behind_pgbouncer_are_restarted_one_by_one(tmp_path: Path) -> None:
    """A gateway that stops gets no new calls from the balancer before them, as a deployment's leads them away from a pod that ends."""
    besides = ENVIRONMENT | PATIENT | {"BURNISH_EGRESS_ALLOW": "127.0.0.0/8"}
    async with (
        running_deployment(tmp_path, replicas=2, pooled=True, besides=besides) as place,
        balancing({name: place.ports[name] for name in GATEWAYS}) as balancer,
        receiving() as receiver,
    ):
        await place.make_workspace()
        await subscribe(place, receiver)
        journal = tmp_path / "journal.jsonl"
        load = Load(balancer.url, place.api_key, journal, random.Random(6), rate=RATE, keyed_ratio=1.0, keeps_connections=False)
        batches = Batches(load, lines=BATCH_LINES)
        batches.stop.set()  # One, in any case.
        running = asyncio.create_task(load.run())
        batch = asyncio.create_task(batches.run())
        await so_many_more(load)
        for name in (one for one in SERVICES if one not in ONCE):
            for replica in (name, f"{name}-2"):
                async with balancer.without(replica):
                    await place.restart(replica)
        before = Counter(balancer.taken)
        await so_many_more(load)
        since = balancer.taken - before
        await asyncio.wait_for(batch, END_S)
        load.stop.set()
        await asyncio.wait_for(running, END_S)
        await assert_right(place, load, receiver)
        assert batches.ended == 1
        assert_all_answered(load)
    assert all(before[one] > CALLS / 4 and since[one] > CALLS / 4 for one in GATEWAYS), (before, since)


async def so_many_more(load: Load) -> None:
    wanted = load.calls + CALLS
    async with asyncio.timeout(END_S):
        while load.calls < wanted:
            await asyncio.sleep(0.1)
