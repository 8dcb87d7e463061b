"""`make chaos-more`: random faults under load. BURNISH_CHAOS_SEED repeats a run by its seed, BURNISH_CHAOS_S sets its length."""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.chaos.ground import Ground, ground
from tests.chaos.jobs import Jobs
from tests.chaos.load import Load
from tests.chaos.test_kill_each import assert_right, subscribe
from tests.fakes.receiver import receiving

LENGTH_S = float(os.environ.get("BURNISH_CHAOS_S") or 45)
SEED = int(os.environ.get("BURNISH_CHAOS_SEED") or time.time())

CALM_S = (0.2, 2.5)
"""Between two faults: sometimes the next one meets a system that has not recovered."""

SERVICES = ("gateway", "gateway-2", "executor", "executor-2", "analytics", "webhooks", "optimizer", "simulator")

Fault = Callable[[Ground, random.Random, Load], Awaitable[None]]


async def kill_a_service(place: Ground, dice: random.Random, _: Load) -> None:
    await place.kill(dice.choice(SERVICES))


async def restart_a_service(place: Ground, dice: random.Random, _: Load) -> None:
    await place.restart(dice.choice(SERVICES))


async def kill_both_of_a_kind(place: Ground, dice: random.Random, _: Load) -> None:
    kind = dice.choice(("gateway", "executor"))
    await asyncio.gather(place.kill(kind), place.kill(f"{kind}-2"))


async def kill_a_server(place: Ground, dice: random.Random, _: Load) -> None:
    await place.kill(dice.choice(("nats", "postgres")))


async def freeze_one(place: Ground, dice: random.Random, _: Load) -> None:
    await place.freeze(dice.choice((*SERVICES, "nats", "postgres")), for_s=dice.uniform(0.5, 4.0))


async def freeze_and_kill(place: Ground, dice: random.Random, _: Load) -> None:
    """A stopped executor keeps what it has while the other one dies."""
    await asyncio.gather(place.freeze("executor", for_s=3.0), place.kill("executor-2"))


async def put_back_an_older_store(place: Ground, dice: random.Random, load: Load) -> None:
    """What NATS had acknowledged since the copy is lost; PostgreSQL sends it again, save feedback, which only NATS had."""
    older = place.installation.home / f"older-store-{dice.randrange(10**9)}"
    load.doubts_feedback = True
    await asyncio.to_thread(place.copy_store_of_nats, older)
    await asyncio.sleep(dice.uniform(0.5, 2.0))
    await place.put_back_store_of_nats(older)
    load.doubts_feedback = False


FAULTS: tuple[tuple[Fault, int], ...] = (
    (kill_a_service, 8), (restart_a_service, 4), (kill_both_of_a_kind, 2), (kill_a_server, 4), (freeze_one, 5), (freeze_and_kill, 2),
    (put_back_an_older_store, 1),
)  # fmt: skip


@pytest.mark.chaos
@pytest.mark.chaos_more
@pytest.mark.promise("P-09", "C-05", "C-13", "E-03", "G-12", "M-01", "M-05", "M-11", "A-01", "W-02")
@pytest.mark.timeout(LENGTH_S + 240)
async def test_random_faults_leave_right_books(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\nseed {SEED}, {LENGTH_S:.0f} s")
    dice = random.Random(SEED)
    async with ground(tmp_path / "home") as place, receiving() as receiver:
        await subscribe(place, receiver)
        load = Load(place.url, place.api_key, tmp_path / "journal.jsonl", random.Random(SEED))
        jobs = Jobs(place.url, place.api_key)
        running = asyncio.gather(load.run(), jobs.run())
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        while (passed_s := loop.time() - began_at) < LENGTH_S:
            await asyncio.sleep(dice.uniform(*CALM_S))
            fault = dice.choices([one for one, _ in FAULTS], [weight for _, weight in FAULTS])[0]
            with capsys.disabled():
                print(f"[{passed_s:6.1f} s] {fault.__name__}", flush=True)
            await fault(place, dice, load)
        load.stop.set()
        jobs.stop.set()
        await asyncio.wait_for(running, 120)
        with capsys.disabled():
            print(f"{len(jobs.ended)} jobs: {Counter(str(one.get('outcome') or one['status']) for one in jobs.ended)}")
        assert any(one["status"] == "completed" for one in jobs.ended)
        await assert_right(place, load, receiver)
