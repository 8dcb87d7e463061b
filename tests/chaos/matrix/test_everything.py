"""Row 35, and what is left of the time: everything restarted, and faults by lot."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.chaos.jobs import Jobs
from tests.chaos.matrix import by_lot
from tests.chaos.matrix.field import field, summary
from tests.chaos.matrix.rows import REST

SERVICES: Final = ("executor", "analytics", "gateway", "webhooks", "executor-2", "optimizer", "gateway-2")


@pytest.mark.chaos
@pytest.mark.chaos_long
@pytest.mark.fault(35)
@pytest.mark.promise("G-18", "P-09")
@pytest.mark.timeout(400)
async def test_everything_is_restarted_in_turn(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    async with field(tmp_path, dice, mixed=False, batches=False) as on:
        for name in SERVICES:
            await on.calm(0.3, 1)
            await on.place.restart(name)
    wrong = {kind: count for kind, count in on.load.told.items() if not kind.endswith((" ok", " accepted"))}
    assert wrong == {}, wrong
    tell(f"{len(SERVICES)} restarts; {summary(on.load)}, not one refused")


@pytest.mark.chaos
@pytest.mark.chaos_long
@pytest.mark.fault(REST)
@pytest.mark.promise("P-09", "C-05", "C-13", "E-03", "G-12", "M-01", "M-05", "M-11", "A-01", "W-02")
@pytest.mark.timeout(100_000)
async def test_the_rest_of_the_time(
    tmp_path: Path, seed: int, dice: random.Random, rest_s: float, tell: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    done, stumbled = Counter[str](), Counter[str]()
    around = by_lot.environment(tmp_path)
    async with field(tmp_path, dice, batches=False, **around) as on, on.place.nats("gateway") as ear:
        lot = by_lot.Lot(on, tmp_path / "points", tmp_path / "clocks", "LD_PRELOAD" in around)
        await lot.models()
        await lot.listen(ear)
        jobs = Jobs(on.place.url, on.place.api_key)
        working = asyncio.create_task(jobs.run())
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        for drawn in by_lot.schedule(seed):
            if loop.time() - began_at >= rest_s:
                break
            if drawn.name in by_lot.NEEDS_CLOCKS and not lot.has_clocks:
                continue
            assert not working.done(), working.result()
            await asyncio.sleep(drawn.after_s)
            with capsys.disabled():
                print(f"  [seed {seed}, {loop.time() - began_at:6.1f} s] {drawn.name}", flush=True)
            try:
                await by_lot.FAULTS[drawn.name](lot, drawn.dice)
                done[drawn.name] += 1
            except by_lot.NOT_IN_HAND:
                stumbled[drawn.name] += 1
        lot.right_clocks()
        await on.seconds_until_served(within_s=60)
        jobs.stop.set()
        await asyncio.wait_for(working, 180)
    assert done.total() > stumbled.total(), stumbled
    met = f", {dict(stumbled)} could not be begun in what the one before had left" if stumbled else ""
    tell(f"{rest_s:.0f} s: {dict(done)}{met}; {len(jobs.ended)} jobs ended beside; {summary(on.load)}")


def test_a_seed_draws_every_fault_again_and_again() -> None:
    """Two seeds differ, one never does, and no fault is drawn a third time before each was drawn twice."""
    first = list(itertools.islice(by_lot.schedule(7), 2 * len(by_lot.FAULTS)))
    assert first == list(itertools.islice(by_lot.schedule(7), 2 * len(by_lot.FAULTS)))
    assert first != list(itertools.islice(by_lot.schedule(8), 2 * len(by_lot.FAULTS)))
    assert set(Counter(one.name for one in first).values()) == {2} and first[0].dice.random() == first[0].dice.random()
