"""Row 35, and what is left of the time: everything restarted, and faults by lot."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.chaos.jobs import Jobs
from tests.chaos.matrix.field import field, summary
from tests.chaos.matrix.rows import REST
from tests.chaos.test_random_faults import CALM_S, FAULTS

pytestmark = [pytest.mark.chaos, pytest.mark.chaos_long]

SERVICES: Final = ("executor", "analytics", "gateway", "webhooks", "executor-2", "optimizer", "gateway-2")


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


@pytest.mark.fault(REST)
@pytest.mark.promise("P-09", "C-05", "C-13", "E-03", "G-12", "M-01", "M-05", "M-11", "A-01", "W-02")
@pytest.mark.timeout(100_000)
async def test_the_rest_of_the_time(tmp_path: Path, dice: random.Random, rest_s: float, tell: Callable[[str], None]) -> None:
    done = Counter[str]()
    async with field(tmp_path, dice, batches=False) as on:
        jobs = Jobs(on.place.url, on.place.api_key)
        working = asyncio.create_task(jobs.run())
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        while loop.time() - began_at < rest_s:
            assert not working.done(), working.result()
            await on.calm(*CALM_S)
            fault = dice.choices([one for one, _ in FAULTS], [weight for _, weight in FAULTS])[0]
            await fault(on.place, dice, on.load)
            done[fault.__name__] += 1
        jobs.stop.set()
        await asyncio.wait_for(working, 180)
    tell(f"{rest_s:.0f} s: {dict(done)}; {len(jobs.ended)} jobs ended beside; {summary(on.load)}")
