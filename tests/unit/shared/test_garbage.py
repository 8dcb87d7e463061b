"""A service leaves what stands since its start out of the collector's walks."""

import subprocess
import sys

SERVICE = """
import asyncio, gc
from burnish_shared import process

process.STANDS_AFTER_S = (0.01,)

async def main(stop):
    before = gc.get_freeze_count()
    while gc.get_freeze_count() == before:
        await asyncio.sleep(0.01)
    cycle = []
    cycle.append(cycle)
    del cycle
    print("frozen", gc.get_freeze_count() > 10_000, "young", gc.get_threshold()[0], "collected", gc.collect() >= 1)

process.run_service(main, service="gateway")
"""


def test_what_a_service_has_loaded_is_not_walked_through_again_and_new_cycles_are_collected() -> None:
    told = subprocess.run([sys.executable, "-c", SERVICE], capture_output=True, text=True, timeout=60, check=True).stdout
    assert "frozen True young 20000 collected True" in told
