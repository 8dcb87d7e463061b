"""`make bench-gateway`: CPU milliseconds a request of the whole product, beside a direct call to the same mock.

Starts Burnish in a home of its own and the mock, measures, checks the work (calls of the mock = answers = rows, sums exact), stops both.
"""

import argparse
import asyncio
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.gateway.load import Target, closed_loop, open_loop
from benchmarks.gateway.processes import cpu_s, family, pss_mib

PROMPT = "word " * 200
CREDIT_NUSD = 10**14

ROWS = (
    ("JSON, 1 connection", 1, False, "mock", 400),
    ("JSON, 32 connections", 32, False, "mock", 3000),
    ("30-chunk stream in a burst, 32 connections", 32, True, "mock", 1500),
    ("30-chunk stream, 2 ms gaps, 32 connections", 32, True, "mock-gap", 800),
)


@dataclass(slots=True)
class Bench:
    """What runs while measuring."""

    url: str
    key: str
    mock_url: str
    pids: set[int]
    mock_pids: set[int]

    def ours(self, model: str) -> Target:
        return Target(self.url, f"bench/{model}", self.key)

    def direct(self, model: str) -> Target:
        return Target(self.mock_url, model, None)


async def measure(bench: Bench, rounds: int) -> list[str]:
    """Rows of the table, one line each, median of `rounds`."""
    lines = []
    for title, connections, stream, model, requests in ROWS:
        runs = []
        for _ in range(rounds):
            direct = await closed_loop(bench.direct(model), connections=connections, requests=requests, stream=stream, prompt=PROMPT)
            before, mock_before = cpu_s(bench.pids), cpu_s(bench.mock_pids)
            result = await closed_loop(bench.ours(model), connections=connections, requests=requests, stream=stream, prompt=PROMPT)
            cpu_ms = (cpu_s(bench.pids) - before) * 1000 / max(1, result.answered)
            mock_ms = (cpu_s(bench.mock_pids) - mock_before) * 1000 / max(1, result.answered)
            runs.append((cpu_ms, result, direct, mock_ms))
        runs.sort(key=lambda run: run[0])
        cpu_ms, result, direct, mock_ms = runs[len(runs) // 2]
        spread = f"{runs[0][0]:.2f}–{runs[-1][0]:.2f}"
        lines.append(
            f"| {title} | {cpu_ms:.2f} ({spread}) | {mock_ms:.3f} | {result.answered / result.seconds:.0f} | "
            f"{direct.answered / direct.seconds:.0f} | {result.p50_ms():.1f} | {direct.p50_ms():.1f} | {result.failed} |"
        )
        print(lines[-1], flush=True)
    return lines


async def at_rest(bench: Bench, seconds: float) -> list[str]:
    """Added latency at 20 requests a second, direct calls in between."""
    lines = []
    for title, stream in (("JSON", False), ("30-chunk stream", True)):
        before = cpu_s(bench.pids)
        ours, direct = await open_loop(
            [bench.ours("mock"), bench.direct("mock")], per_second=20, seconds=seconds, stream=stream, prompt=PROMPT
        )
        cpu_ms = (cpu_s(bench.pids) - before) * 1000 / max(1, ours.answered)
        lines.append(
            f"| {title} | {ours.p50_ms() - direct.p50_ms():.1f} | {ours.first_p50_ms() - direct.first_p50_ms():.1f} | {cpu_ms:.1f} | {ours.failed} |"
        )
        print(lines[-1], flush=True)
    return lines


async def check(database_url: str, results_expected: int) -> str:
    """Rows in the books equal answers; charges equal costs; nothing held."""
    connection = await asyncpg.connect(database_url, server_settings={"search_path": "burnish"})
    try:
        for _ in range(100):
            rows, cost, charged, held = await connection.fetchrow(
                "SELECT (SELECT count(*) FROM executions WHERE model LIKE 'bench/%'), (SELECT coalesce(sum(cost_nusd), 0) FROM executions), "
                "(SELECT coalesce(sum(amount_nusd), 0) FROM transfers WHERE kind IN ('charge', 'overage')), (SELECT count(*) FROM holds)"
            )
            if held == 0:
                break
            await asyncio.sleep(0.1)
        drift = await connection.fetch("SELECT * FROM drift()")
    finally:
        await connection.close()
    good = rows == results_expected and cost == charged and held == 0 and not drift
    return f"{'exact' if good else 'WRONG'}: {rows} rows for {results_expected} answers, cost {cost} = charged {charged}, held {held}, drift {len(drift)}"


def call(url: str, key: str, path: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        url + path, json.dumps(body).encode(), {"authorization": f"Bearer {key}", "content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15, help="of the measurement at 20 requests a second")
    parser.add_argument("--write", type=Path, help="write the report to this file")
    options = parser.parse_args()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    burnish = [str(Path(sys.executable).with_name("burnish"))]
    with tempfile.TemporaryDirectory(prefix="burnish-bench-") as folder:
        home = ["--home", f"{folder}/home"]
        print("starting Burnish and the mock …", flush=True)
        mock = subprocess.Popen([sys.executable, "-m", "benchmarks.gateway.mock", "0"], stdout=subprocess.PIPE, text=True, env=environment)
        try:
            assert mock.stdout is not None
            mock_url = f"http://127.0.0.1:{mock.stdout.readline().strip()}"
            up = subprocess.run(
                [*burnish, "up", "--detach", "--json", "--no-demo", *home], capture_output=True, text=True, env=environment, check=False
            )
            if up.returncode:
                print(up.stderr, file=sys.stderr)
                return 1
            facts = json.loads(up.stdout)
            report = await run(facts, burnish, home, mock, mock_url, options)
        finally:
            subprocess.run([*burnish, "down", *home], env=environment, check=False, capture_output=True)
            mock.terminate()
    print("\n" + report)
    if options.write:
        options.write.write_text(report)
    return 0 if "WRONG" not in report else 1


async def run(
    facts: dict[str, Any], burnish: list[str], home: list[str], mock: "subprocess.Popen[str]", mock_url: str, options: Any
) -> str:
    status = json.loads(subprocess.run([*burnish, "status", "--json", *home], capture_output=True, text=True, check=True).stdout)
    pids = family(int(pid) for name, pid in status["pids"].items() if name not in ("launcher", "simulator"))
    for model in ("mock", "mock-gap"):
        call(facts["url"], facts["api_key"], "/v1/models", {
            "model": f"bench/{model}", "provider": "bench", "upstream_model": model, "base_url": f"{mock_url}/v1", "context_tokens": 100000,
            "output_tokens": 4096, "input_price_nusd_per_million": 100000000, "output_price_nusd_per_million": 400000000,
        })  # fmt: skip
    await prepare(facts)
    bench = Bench(facts["url"], facts["api_key"], mock_url, pids, family([mock.pid]))
    warm = await closed_loop(bench.ours("mock"), connections=8, requests=300, stream=False, prompt=PROMPT)
    table = await measure(bench, options.rounds)
    rest = await at_rest(bench, options.seconds)
    answers = warm.answered + sum(row[4] for row in ROWS) * options.rounds + int(20 * options.seconds) * 2
    return report_of(table, rest, await check(facts["database_url"], answers), pss_mib(family(pids)), options)


async def prepare(facts: dict[str, Any]) -> None:
    """Credit and a rate limit that are not what is measured."""
    connection = await asyncpg.connect(facts["database_url"], server_settings={"search_path": "burnish"})
    try:
        await connection.execute("SELECT grant_credit($1::text::uuid, $2, 'benchmark')", facts["workspace_id"], CREDIT_NUSD)
        await connection.execute("UPDATE plans SET rate_limit_per_minute = 60000000, concurrency = 1000000")
        await connection.execute("SELECT note_change(NULL, 'plan', '*')")
    finally:
        await connection.close()
    await asyncio.sleep(1.2)  # the change sequence is read every half second


def report_of(table: list[str], rest: list[str], books: str, memory_mib: float, options: Any) -> str:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    return "\n".join(
        [
            "# The request path",
            "",
            f"{datetime.datetime.now(datetime.UTC).date()}, commit {commit}, {platform.machine()}, {os.cpu_count()} cores shared with the load, Python {platform.python_version()}, "
            f'load average {os.getloadavg()[0]:.1f}. Command: `make bench-gateway ARGS="--rounds {options.rounds} --seconds {options.seconds:g}"`.',
            "Burnish does keys, limits, credit, a durable hold before and a durable record after each call; the direct call does nothing of it.",
            "",
            "| | CPU-ms a request, all of Burnish with PostgreSQL and NATS: median (range) | CPU-ms of the mock | requests/s | direct requests/s | p50 ms | direct p50 ms | failed |",
            "|---|---|---|---|---|---|---|---|",
            *table,
            "",
            "At 20 requests a second, direct calls in between:",
            "",
            "| | added p50 ms | added first byte, p50 ms | CPU-ms a request | failed |",
            "|---|---|---|---|---|",
            *rest,
            "",
            f"Memory of all processes (PSS): {memory_mib:.0f} MiB. Books: {books}.",
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
