"""Row 31: an optimizer that dies at each of its steps, and at any moment besides."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest

from tests.chaos.jobs import BUDGET, Jobs
from tests.chaos.matrix.field import field, summary

pytestmark = [pytest.mark.chaos, pytest.mark.chaos_long, pytest.mark.timeout(600)]

POINTS: Final = ("optimizer.before_publish", "optimizer.before_settle", "optimizer.before_test", "optimizer.before_finish")
KILLED: Final = 6
ENDS_WITHIN_S: Final = 240.0


@pytest.mark.fault(31)
@pytest.mark.promise("O-01", "O-02")
async def test_optimizers_die_at_each_step(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    (marks := tmp_path / "points").mkdir()
    points = ",".join(f"{one}:exit_once={marks}" for one in POINTS)
    async with field(tmp_path, dice, mixed=False, batches=False, rate=8, BURNISH_FP=points) as on:
        jobs = Jobs(on.place.url, on.place.api_key, patience_s=ENDS_WITHIN_S)
        running = asyncio.create_task(jobs.run())
        await asyncio.sleep(2)
        jobs.stop.set()  # One round: a job, a test run, a batch.
        for _ in range(KILLED):
            if running.done():
                break
            await on.calm(1, 4)
            await on.place.kill("optimizer")
        await asyncio.wait_for(running, ENDS_WITHIN_S)
        died = {one.name for one in marks.iterdir()}
        job = next(one for one in jobs.ended if "progress" in one and "outcome" in one)
        counts = await on.place.rows(
            "SELECT (SELECT count(*) FROM evaluations WHERE owner_id = $1) AS asked,"
            " (SELECT count(*) FROM executions WHERE job_id = $1) AS bought", UUID(job["id"]),
        )  # fmt: skip
    assert died == set(POINTS), died
    assert job["status"] == "completed" and job["progress"]["evaluations"] <= BUDGET
    assert counts[0]["asked"] == counts[0]["bought"] > 0, counts
    tell(f"died at {len(died)} points and {KILLED} times beside; {counts[0]['bought']} evaluations bought for {counts[0]['asked']} asked;"
         f" {summary(on.load)}")  # fmt: skip
