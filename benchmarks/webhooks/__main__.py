"""`make bench-webhooks`: what one endpoint that hangs and one that fails cost the others; how fast deliveries drain; what a kill -9 loses.

Starts Burnish in a home of its own and a receiver, sends events through the outbox, checks that everything arrived, stops both.
"""

import argparse
import asyncio
import datetime
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.gateway.processes import cpu_s, family, pss_mib

HEALTHY = 98
Pace = tuple[float, float, int]
"""p50 and p95 in ms, and how many deliveries."""

QUIET_S = 60.0
"""If nothing arrives for so long, what is missing is lost."""


@dataclass(slots=True)
class Bench:
    """What runs while measuring. `sent`: event id → monotonic seconds before its commit."""

    url: str
    key: str
    workspace_id: str
    receiver_url: str
    database: Any
    burnish: list[str]
    home: list[str]
    sent: dict[str, float] = field(default_factory=dict)

    async def emit(self, number: int) -> list[str]:
        """Puts events into the outbox, as a service would; returns their ids."""
        at = time.monotonic()
        rows = await self.database.fetch(
            "SELECT put_event('gateway', 'prompt.label.moved', $1::text::uuid, 'prompt-' || n, '{\"n\": 1}')::text AS id FROM generate_series(1, $2) n",
            self.workspace_id,
            number,
        )
        ids = [row["id"] for row in rows]
        self.sent |= dict.fromkeys(ids, at)
        return ids

    def call(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode() if body is not None else None,
            {"authorization": f"Bearer {self.key}", "content-type": "application/json"}, method=method,
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response)

    def endpoint(self, path: str) -> str:
        made = self.call("POST", "/v1/webhooks/endpoints", {"url": self.receiver_url + path, "events": ["prompt.label.moved"]})
        return str(made["id"])

    def received(self, what: str) -> Any:
        with urllib.request.urlopen(self.receiver_url + what, timeout=60) as response:
            return json.load(response)

    def webhooks_pid(self) -> int:
        status = json.loads(
            subprocess.run([*self.burnish, "status", "--json", *self.home], capture_output=True, text=True, check=True).stdout
        )
        return int(next(pid for name, pid in status["pids"].items() if name.startswith("webhooks")))

    async def until_received(self, wanted: int) -> bool:
        """Whether so many deliveries came to healthy endpoints before it was quiet for QUIET_S."""
        last, since = -1, time.monotonic()
        while (now := await asyncio.to_thread(self.received, "/count")) < wanted:
            if now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > QUIET_S:
                return False
            await asyncio.sleep(0.1)
        return True


async def at_pace(bench: Bench, *, per_second: float, seconds: float) -> Pace:
    """p50 and p95 in ms from the event to its arrival at healthy endpoints, and how many there were."""
    before = bench.received("/count")
    ids: set[str] = set()
    started = time.monotonic()
    for n in range(int(per_second * seconds)):
        await asyncio.sleep(max(0.0, started + n / per_second - time.monotonic()))
        ids |= set(await bench.emit(1))
    await bench.until_received(before + len(ids) * HEALTHY)
    first: dict[str, float] = {}
    for path, message_id, event_id, at in bench.received("/log"):
        if event_id in ids and path.startswith("/ok"):
            first.setdefault(message_id, (at - bench.sent[event_id]) * 1000)
    took = sorted(first.values())
    assert took, "nothing arrived"
    return took[len(took) // 2], took[int(len(took) * 0.95)], len(took)


async def drain(bench: Bench, deliveries: int, *, kill: bool) -> str:
    """Sends as many deliveries at once, killing the service on the way if asked for; one line of the report."""
    events = max(1, deliveries // HEALTHY)
    before = bench.received("/count")
    pid = bench.webhooks_pid()
    memory, cpu = pss_mib([pid]), cpu_s(family([pid]))
    started = time.monotonic()
    ids = set(await bench.emit(events))
    if kill:
        await bench.until_received(before + events * HEALTHY // 3)
        os.kill(pid, signal.SIGKILL)
    arrived = await bench.until_received(before + events * HEALTHY)
    seconds = time.monotonic() - started
    grown = pss_mib([bench.webhooks_pid()]) - memory
    cpu_ms = (cpu_s(family([bench.webhooks_pid()])) - cpu) * 1000 / (events * HEALTHY)
    await asyncio.sleep(3)
    came = Counter(
        (path, message_id) for path, message_id, event_id, _ in bench.received("/log") if event_id in ids and path.startswith("/ok")
    )
    lost, repeats = events * HEALTHY - len(came), sum(came.values()) - len(came)
    by_event = Counter(message_id for _, message_id in came)
    good = arrived and lost == 0 and max(by_event.values()) == 1
    shown = "–" if kill else f"{cpu_ms:.2f}"
    return (
        f"| {events * HEALTHY} due at once{', killed on the way' if kill else ''} | {events * HEALTHY / seconds:.0f} | {seconds:.1f} | {shown} | "
        f"{grown:+.0f} | {'none' if good else f'WRONG: {lost}'} | {repeats}, with the same id |"
    )


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-second", type=float, default=1.0, help="events a second at the measured pace, each to 98 endpoints")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each half of a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--drain", type=int, default=5_000, help="deliveries due at once; 100000 for the full measurement")
    parser.add_argument("--write", type=Path, help="write the report to this file")
    options = parser.parse_args()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {
        "BURNISH_EGRESS_ALLOW": "127.0.0.0/8"
    }
    burnish = [str(Path(sys.executable).with_name("burnish"))]
    with tempfile.TemporaryDirectory(prefix="burnish-bench-") as folder:
        home = ["--home", f"{folder}/home"]
        print("starting Burnish and the receiver …", flush=True)
        receiver = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.webhooks.receiver"], stdout=subprocess.PIPE, text=True, env=environment
        )
        try:
            assert receiver.stdout is not None
            receiver_url = f"http://127.0.0.1:{receiver.stdout.readline().strip()}"
            up = subprocess.run(
                [*burnish, "up", "--detach", "--json", "--no-demo", *home], capture_output=True, text=True, env=environment, check=False
            )
            if up.returncode:
                print(up.stderr, file=sys.stderr)
                return 1
            report = await run(json.loads(up.stdout), burnish, home, receiver_url, options)
        finally:
            subprocess.run([*burnish, "down", *home], env=environment, check=False, capture_output=True)
            receiver.terminate()
    print("\n" + report)
    if options.write:
        options.write.write_text(report)
    return 0 if "WRONG" not in report else 1


async def run(facts: dict[str, Any], burnish: list[str], home: list[str], receiver_url: str, options: Any) -> str:
    database = await asyncpg.connect(facts["database_url"], server_settings={"search_path": "burnish"})
    try:
        bench = Bench(facts["url"], facts["api_key"], facts["workspace_id"], receiver_url, database, burnish, home)
        for number in range(HEALTHY):
            bench.endpoint(f"/ok/{number}")
        troubles = [bench.endpoint("/hang"), bench.endpoint("/fail")]
        await at_pace(bench, per_second=options.per_second, seconds=4)
        rounds = []
        for _ in range(options.rounds):  # in turns, because this machine has other things to do, too
            runs = []
            for paused in (True, False):
                for one in troubles:
                    bench.call("PATCH", f"/v1/webhooks/endpoints/{one}", {"paused": paused})
                runs.append(await at_pace(bench, per_second=options.per_second, seconds=options.seconds))
            rounds.append((runs[0], runs[1]))
        lines = [await drain(bench, options.drain, kill=False), await drain(bench, options.drain, kill=True)]
    finally:
        await database.close()
    return report_of(rounds, lines, options)


def report_of(rounds: list[tuple[Pace, Pace]], lines: list[str], options: Any) -> str:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    ratios = sorted(troubled[1] / alone[1] for alone, troubled in rounds)
    ratio = statistics.median(ratios)
    return "\n".join(
        [
            "# Webhooks",
            "",
            f"{datetime.datetime.now(datetime.UTC).date()}, commit {commit}, {platform.machine()}, {os.cpu_count()} cores shared with receiver and database, "
            f"Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f}. One process, one workspace. Command: "
            f'`make bench-webhooks ARGS="--per-second {options.per_second:g} --seconds {options.seconds:g} --rounds {options.rounds} --drain {options.drain}"`.',
            "",
            f"From the event in the outbox to its arrival, {options.per_second:g} events a second to {HEALTHY} healthy endpoints each:",
            "",
            "| | p50 ms | p95 ms | deliveries |",
            "|---|---|---|---|",
            *(
                f"| {name} | {statistics.median(one[0] for one in runs):.0f} | {statistics.median(one[1] for one in runs):.0f} | {sum(one[2] for one in runs)} |"
                for name, runs in zip(
                    ("healthy endpoints alone", "beside one that hangs and one that fails"), zip(*rounds, strict=True), strict=True
                )
            ),
            "",
            f"Medians of {len(rounds)} rounds in turns. p95 is {ratio:.2f} times that without them (rounds: {', '.join(f'{one:.2f}' for one in ratios)}; wanted: at most 1.1).",
            "",
            "| | deliveries/s | seconds | CPU-ms of the service each | memory, MiB | lost | repeats |",
            "|---|---|---|---|---|---|---|",
            *lines,
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
