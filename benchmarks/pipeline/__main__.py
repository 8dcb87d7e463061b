"""`make bench-pipeline`: events a second from JetStream into facts and rollups, beside plain COPY; dashboards; an hour of real arrivals.

Starts servers of its own. All peers run in turns in one process each; what is compared are medians of one run.
"""

import argparse
import asyncio
import platform
import statistics
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.pipeline.dashboards import fill, read_ms
from benchmarks.pipeline.hour import run_hour
from benchmarks.pipeline.servers import servers
from benchmarks.pipeline.speed import measure
from benchmarks.pipeline.traffic import BATCH

FEW = 10_000


async def speed(rows: int, rounds: int) -> int:
    async with servers() as at:
        peers, wrong = await measure(at, rows, rounds)
    copy = next(one for one in peers if one.name.startswith("plain COPY"))
    print(f"\nBatch {BATCH}; a tenth of the pipeline's messages twice; {rows} executions, {rounds} rounds in turns.\n")
    print("| | events/s (range) | of plain COPY | CPU-µs an event, all processes | of plain COPY |\n|---|---|---|---|---|")
    for one in peers:
        rate, cpu = statistics.median(one.per_second), statistics.median(one.cpu_us)
        share = statistics.median(x / y for x, y in zip(one.per_second, copy.per_second, strict=True))
        times = cpu / statistics.median(copy.cpu_us)
        spread = f"{min(one.per_second):,.0f}–{max(one.per_second):,.0f}"
        print(f"| {one.name} | {rate:,.0f} ({spread}) | {share:.0%} | {cpu:.0f} | {times:.1f} × |")
    print(f"\nRecount of all rounds: {wrong} differences.")
    return wrong


async def dashboards(rows: int) -> None:
    async with servers() as at:
        few, many = await fill(at, FEW), await fill(at, rows)
        few_ms, many_ms = await read_ms(at, few, many)
    print(f"\nDashboard over 3 days by hour and prompt: {few_ms:.1f} ms with {FEW:,} executions, {many_ms:.1f} ms with {rows:,}:", end=" ")
    print(f"{many_ms / few_ms:.2f} times (goal: at most 1.2).")


async def hour() -> int:
    async with servers() as at:
        found = await run_hour(at)
    print(
        f"\nAn hour of the Azure traces in {found.pushed_s:.0f} s, two replicas, five kills: {found.executions:,} executions and", end=" "
    )
    print(f"{found.reactions:,} reactions, all counted {found.counted_s - found.pushed_s:.1f} s after the last was sent.")
    print(f"Recount: {found.differences} differences, {found.uncounted} uncounted. Memory of a replica every 5 s, MiB:", end=" ")
    print(", ".join(f"{one:.0f}" for one in found.memory_mib))
    return found.differences + found.uncounted


async def main(asked: argparse.Namespace) -> int:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    load = Path("/proc/loadavg").read_text().split()[0]
    print(
        f"{datetime.now(UTC).date()}, commit {commit}, {platform.machine()}, 2 cores, Python {platform.python_version()}, load average {load}."
    )
    print(f"Command: python -m benchmarks.pipeline {' '.join(sys.argv[1:])}")
    wrong = await speed(asked.rows, asked.rounds) if asked.rows else 0
    if asked.fill:
        await dashboards(asked.fill)
    return 1 if wrong + (await hour() if asked.hour else 0) else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rows",
        type=int,
        default=100_000,
        help="Executions of each peer in each round (default 100000, so that starting counts little; 0: leave it out).",
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--fill", type=int, default=200_000, help="Executions in the tables for dashboards (goal's: 10000000; 0: leave it out)."
    )
    parser.add_argument("--hour", action="store_true", help="The Azure traces too: 72 s of pushing.")
    raise SystemExit(asyncio.run(main(parser.parse_args())))
