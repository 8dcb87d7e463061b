"""`make bench-webhooks`: what one endpoint that hangs and one that fails cost the others; how fast deliveries drain; what a kill -9 loses.

Starts Burnish with two webhooks processes in a home of its own and a receiver, makes two workspaces, sends events through the outbox,
checks that everything arrived, stops both. Fails where something was lost or memory grew, and, on a quiet machine, where the healthy
endpoints were slowed down.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.webhooks.drain import Drained, drain
from benchmarks.webhooks.installation import HEALTHY, OTHERS, Bench, Tenant
from benchmarks.webhooks.pace import at_pace
from benchmarks.webhooks.report import Found, report_of

SETTLE_S = 3.0
"""After an endpoint goes on, before anything is measured: what waited for it is sent first."""

QUIET_LOAD = 0.5
"""Load average for each core before anything is started, up to which the machine counts as quiet."""


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-second", type=float, default=1.0, help="events a second at the measured pace, each to 98 endpoints")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each half of a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--drain", type=int, default=5_000, help="deliveries due at once; 100000 for the full measurement")
    parser.add_argument("--write", type=Path, help="write the report to this file")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {
        "BURNISH_EGRESS_ALLOW": "127.0.0.0/8"
    }
    burnish = [str(Path(sys.executable).with_name("burnish"))]
    with tempfile.TemporaryDirectory(prefix="burnish-bench-") as folder:
        home = ["--home", f"{folder}/home"]
        print(f"load average {load:.1f}; starting Burnish and the receiver …", flush=True)
        receiver = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.webhooks.receiver"], stdout=subprocess.PIPE, text=True, env=environment
        )
        try:
            assert receiver.stdout is not None
            receiver_url = f"http://127.0.0.1:{receiver.stdout.readline().strip()}"
            up = subprocess.run(
                [*burnish, "up", "--detach", "--json", "--no-demo", "--replicas", "webhooks=2", *home],
                capture_output=True, text=True, env=environment, check=False,
            )  # fmt: skip
            if up.returncode:
                print(up.stderr, file=sys.stderr)
                return 1
            made = subprocess.run(
                [*burnish, "workspace", "create", "Other", "--json", *home], capture_output=True, text=True, env=environment, check=True
            )
            found = await run(json.loads(up.stdout), json.loads(made.stdout), burnish, home, receiver_url, options)
        finally:
            subprocess.run([*burnish, "down", *home], env=environment, check=False, capture_output=True)
            receiver.terminate()
    is_quiet = load <= QUIET_LOAD * (os.cpu_count() or 1)
    report, wrong = report_of(found, options, load=load, is_quiet=is_quiet)
    print("\n" + report)
    if options.write:
        options.write.write_text(report)
    for one in wrong:
        print(f"WRONG: {one}", file=sys.stderr)
    return 1 if wrong else 0


async def run(up: dict[str, Any], other: dict[str, Any], burnish: list[str], home: list[str], receiver_url: str, options: Any) -> Found:
    database = await asyncpg.connect(up["database_url"], server_settings={"search_path": "burnish"})
    try:
        ours, theirs = Tenant(up["workspace_id"], up["api_key"]), Tenant(other["workspace_id"], other["api_key"])
        bench = Bench(up["url"], receiver_url, database, burnish, home)
        for number in range(HEALTHY):
            bench.endpoint(ours, f"/ok/{number}")
        for number in range(OTHERS):
            bench.endpoint(theirs, f"/other/{number}")
        troubles = [bench.endpoint(ours, "/hang"), bench.endpoint(ours, "/fail")]
        dice = random.Random(1)
        await at_pace(bench, ours, dice, per_second=options.per_second, seconds=4)
        rounds = []
        for number in range(options.rounds):  # in turns, because this machine has other things to do, too
            runs = {}
            for paused in (True, False) if number % 2 == 0 else (False, True):
                for one in troubles:
                    bench.call(ours, "PATCH", f"/v1/webhooks/endpoints/{one}", {"paused": paused})
                await asyncio.sleep(SETTLE_S)
                runs[paused] = await at_pace(bench, ours, dice, per_second=options.per_second, seconds=options.seconds)
            rounds.append((runs[True], runs[False]))
        drained: list[Drained] = [await drain(bench, ours, theirs, options.drain, kill=kill) for kill in (False, True)]
    finally:
        await database.close()
    return Found(rounds, drained)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
