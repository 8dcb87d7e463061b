"""Ten thousand calls of every kind while executors are killed, frozen and restarted: none is lost, doubled or left hanging."""

import asyncio
import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos.ground import Ground, ground
from tests.chaos.jobs import Batches
from tests.chaos.mix import Mix, prepare
from tests.chaos.test_kill_each import assert_mixed, assert_right, subscribe
from tests.fakes.receiver import receiving

CALLS = int(os.environ.get("BURNISH_CHAOS_CALLS") or 10_000)
SEED = int(os.environ.get("BURNISH_CHAOS_SEED") or time.time())
RATE = 30.0
BATCH_EVERY_S = 10.0
"""Between two batches, so that most calls are those that somebody waits for."""

CALM_S = (0.3, 3.0)
EXECUTORS = ("executor", "executor-2")
LEAST_S = 1_800
"""Of a bounded run of everything: these calls alone take ten minutes of it."""

LONGEST_S = 120 + CALLS / 8
"""A machine that has other work to do takes its time."""


async def hurt(place: Ground, dice: random.Random) -> str:
    """One fault; which. NATS takes work from an executor that is frozen for more than three seconds."""
    name = dice.choice(EXECUTORS)
    match dice.choices(("kill", "restart", "freeze", "freeze long", "kill both", "freeze and kill"), (5, 4, 4, 3, 1, 3))[0]:
        case "kill":
            await place.kill(name)
            return "killed"
        case "restart":
            await place.restart(name)
            return "restarted"
        case "freeze":
            await place.freeze(name, dice.uniform(0.2, 2.5))
            return "frozen"
        case "freeze long":
            await place.freeze(name, dice.uniform(3.2, 6.0))
            return "frozen until others had its work"
        case "kill both":
            await asyncio.gather(*map(place.kill, EXECUTORS))
            return "both killed"
        case _:
            await asyncio.gather(place.freeze(EXECUTORS[0], 3.5), place.kill(EXECUTORS[1]))
            return "one frozen, one killed"


@pytest.mark.chaos
@pytest.mark.chaos_long
@pytest.mark.skipif(float(os.environ.get("BURNISH_CHAOS_LONG_S") or 3600) < LEAST_S, reason="ten thousand calls want half an hour")
@pytest.mark.capability("E3", "E15", "E16")
@pytest.mark.promise("P-09", "E-01", "E-02", "E-03", "G-11", "G-12")
@pytest.mark.timeout(LONGEST_S + 240)
async def test_ten_thousand_mixed_calls_are_each_booked_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """BURNISH_CHAOS_SEED repeats the faults, BURNISH_CHAOS_CALLS says how many calls."""
    dice, done = random.Random(SEED), Counter[str]()
    async with ground(tmp_path / "home") as place, receiving() as receiver:
        await subscribe(place, receiver)
        await prepare(place)
        load = Mix(place.url, place.api_key, tmp_path / "journal.jsonl", random.Random(SEED), rate=RATE)
        batches = Batches(load, pause_s=BATCH_EVERY_S)
        running = asyncio.gather(load.run(), batching := asyncio.create_task(batches.run()))
        began_at = time.monotonic()
        async with asyncio.timeout(LONGEST_S):
            while load.calls < CALLS:
                assert not running.done(), running.result()
                await asyncio.sleep(dice.uniform(*CALM_S))
                done[await hurt(place, dice)] += 1
        batches.stop.set()
        await asyncio.wait_for(batching, 120)
        load.stop.set()
        await asyncio.wait_for(running, 120)
        with capsys.disabled():
            print(
                f"\nseed {SEED}: {load.calls} calls in {time.monotonic() - began_at:.0f} s, {batches.ended} batches; executors {dict(done)}"
            )
            await assert_right(place, load, receiver)
            await assert_mixed(load)
