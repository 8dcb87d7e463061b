"""Row 24: every service has another time of day than the others, and clocks are set while they run."""

import asyncio
import random
import shutil
import struct
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.chaos.matrix.field import field, summary

pytestmark = [pytest.mark.chaos, pytest.mark.chaos_long, pytest.mark.timeout(400)]

SOURCE: Final = Path(__file__).with_name("clock_skew.c")
TEN_MINUTES_S: Final = 600
AN_HOUR_S: Final = 3600

WRONG_S: Final = {
    "gateway-1": TEN_MINUTES_S, "gateway-2": -TEN_MINUTES_S, "executor-1": -TEN_MINUTES_S, "executor-2": TEN_MINUTES_S,
    "analytics-1": -TEN_MINUTES_S, "webhooks-1": TEN_MINUTES_S, "optimizer-1": -TEN_MINUTES_S,
}  # fmt: skip


@pytest.mark.fault(24)
@pytest.mark.promise("C-12", "P-09")
async def test_no_two_clocks_agree(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler to build other clocks with")
    library = tmp_path / "clock_skew.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True, capture_output=True)
    folder = tmp_path / "clocks"
    folder.mkdir()
    for name, seconds in WRONG_S.items():
        set_clock(folder / name, seconds)
    async with field(tmp_path, dice, LD_PRELOAD=str(library), CLOCK_SKEW_FOLDER=str(folder)) as on:
        await asyncio.sleep(8)
        refused = not_answered(on.load.told)
        for _ in range(4):
            for name in dice.sample(sorted(WRONG_S), 4):
                set_clock(folder / name, dice.choice((-AN_HOUR_S, -60, 60, TEN_MINUTES_S)))
            await on.calm(2, 3)
        [row] = await on.place.rows(
            "SELECT count(*), min(latency_ms) AS least, count(*) FILTER (WHERE status = 'timeout') AS late FROM executions"
        )
        failing = await on.place.rows("SELECT count(*) FROM webhook_attempts WHERE error_class IS NOT NULL")
    assert refused == {}, "clocks that only differ refused calls"
    assert row["count"] > 100 and row["least"] >= 0 and row["late"] == 0, row
    assert failing[0]["count"] == 0, "a receiver found a signature of another time"
    tell(f"clocks of 7 processes up to 20 minutes apart, 16 times set; {summary(on.load)}; then open: {not_answered(on.load.told)}")


def not_answered(told: Mapping[str, int]) -> dict[str, int]:
    """Calls that came to nothing, save those whose callers left by themselves."""
    return {name: count for name, count in told.items() if "unknown" in name and not name.startswith("left")}


def set_clock(file: Path, seconds: int) -> None:
    """In place, because the process has it mapped."""
    file.touch()
    with file.open("r+b") as open_file:
        open_file.write(struct.pack("<q", seconds * 10**9))
