"""`make scaling-units`: what one call costs each part, measured in seconds: benchmarks/results/units.md, from which `make scaling` counts.

Burnish in a home of its own before the mock of `make bench-gateway`: CPU time by process, growth of each table, write-ahead log, messages in
streams; the same with a standby of PostgreSQL beside it, and once more on a NATS cluster of three whose streams have three copies.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import nats
from tests.embedded.nats_cluster import nats_cluster

from benchmarks.gateway.__main__ import burnish_product, running_burnish, running_mock
from benchmarks.gateway.load import closed_loop
from benchmarks.gateway.measure import PROMPT
from benchmarks.gateway.processes import cpu_s, family, pss_mib
from benchmarks.gateway.products import Product
from benchmarks.gateway.report import commit_now
from benchmarks.scaling.units import PAGE
from burnish.embedded import postgres as embedded_postgres
from burnish.embedded.child import spawn
from burnish.embedded.identity import choose_identity, own
from burnish.embedded.ports import free_port
from burnish.launcher.passwords import derived_password

CONNECTIONS: Final = 32
SETTLE_S: Final = 2.0
"""After the last answer, before anything is read: records and figures are written in batches."""

IDLE_S: Final = 5.0
HELD_CALLS: Final = 500
"""While analytics stands still, so that what it would read stays in its stream and can be weighed."""

FIRST_PORT: Final = 27_000
MEANING: Final = (
    ("idle_ms", "CPU-ms a second without calls"),
    ("evaluation_ms", "CPU-ms an evaluation"),
    ("ms", "CPU-ms a call"),
    ("delivery_bytes", "bytes a delivery"),
    ("bytes", "bytes a call"),
    ("messages", "messages a call, a batch counted once"),
    ("mib", "MiB after the load, PSS"),
)
"""How the name of a unit ends, and what its value is; the first that fits."""

TABLES: Final = ("executions", "execution_facts", "execution_contents", "transfers")


@dataclass(slots=True)
class Place:
    """One running Burnish before the mock. `pids`: process name → pid."""

    facts: dict[str, Any]
    pids: dict[str, int]
    product: Product
    database: asyncpg.Connection
    home: Path
    state: dict[str, Any] = field(default_factory=dict)

    def password(self, purpose: str) -> str:
        return derived_password(json.loads((self.home / "secrets.json").read_text())["seed"].encode(), purpose)

    def cpu(self) -> dict[str, float]:
        return {name: cpu_s(family([pid])) for name, pid in self.pids.items()}

    async def call(self, calls: int) -> None:
        """Buffered calls over 32 connections, all answered, and what follows them."""
        result = await closed_loop(self.product.targets["mock"], connections=CONNECTIONS, requests=calls, stream=False, prompt=PROMPT)
        if result.failed:
            raise SystemExit(f"{result.failed} of {calls} calls failed")
        await asyncio.sleep(SETTLE_S)

    async def cpu_of(self, calls: int, *, rounds: int = 1) -> dict[str, float]:
        """Milliseconds of CPU of a call, by process, in the round that took least: what else the machine does can only add to it."""
        found = []
        for _ in range(rounds):
            before = self.cpu()
            await self.call(calls)
            found.append({name: (spent - before[name]) * 1000 / calls for name, spent in self.cpu().items()})
        return min(found, key=lambda one: sum(one.values()))

    async def sizes(self) -> dict[str, int]:
        """Bytes of each table with its indexes and all its partitions."""
        rows = await self.database.fetch(
            "SELECT r.name, pg_total_relation_size(r.name::regclass) + coalesce((SELECT sum(pg_total_relation_size(i.inhrelid))"
            " FROM pg_inherits i WHERE i.inhparent = r.name::regclass), 0)::bigint AS bytes"
            " FROM unnest($1::text[]) r(name)",
            [*TABLES, "webhook_deliveries", "webhook_attempts"],
        )
        return {row["name"]: int(row["bytes"]) for row in rows}

    async def wal(self) -> int:
        return int(await self.database.fetchval("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"))

    async def streams(self) -> dict[str, tuple[int, int]]:
        """Stream → messages that ever came, and bytes that are in it now."""
        url = f"nats://provisioner:{self.password('nats provisioner')}@127.0.0.1:{self.state['ports']['nats']}"
        client = await nats.connect(url, inbox_prefix=b"_INBOX_provisioner")
        try:
            infos = await client.jetstream().streams_info()
            return {one.config.name or "": (one.state.last_seq, one.state.bytes) for one in infos}
        finally:
            await client.close()


@contextlib.asynccontextmanager
async def running(mock_url: str, environment: Mapping[str, str]) -> AsyncIterator[Place]:
    with running_burnish(dict(environment)) as (facts, pids):
        product = await burnish_product(facts, pids, mock_url)
        database = await asyncpg.connect(facts["database_url"], server_settings={"search_path": "burnish"})
        home = Path(facts["home"])
        try:
            place = Place(facts, pids, product, database, home, json.loads((home / "state.json").read_text()))
            await place.call(1000)
            yield place
        finally:
            await database.close()


@contextlib.asynccontextmanager
async def standby_of(place: Place) -> AsyncIterator[int]:
    """A second server that replays what the first writes, as a physical standby; its pid."""
    source = embedded_postgres.Postgres(
        place.home, place.state["ports"]["postgres"], place.password("postgres superuser"), place.home / "x"
    )
    with tempfile.TemporaryDirectory(prefix="burnish-standby-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        data, log = folder / "data", folder / "log"
        copy = (embedded_postgres.binaries() / "pg_basebackup", "-R", "-X", "stream", "-c", "fast", "-D", data, "-d", source.url())
        process = await spawn(copy, log=log)
        if await process.wait():
            raise SystemExit(log.read_text())
        own(folder, choose_identity(embedded_postgres.binaries(), folder))
        server = embedded_postgres.Postgres(data, free_port(FIRST_PORT), source.password, log)
        process = await embedded_postgres.start(server)
        try:
            yield process.pid
        finally:
            await embedded_postgres.stop(process)


async def weigh_streams(place: Place) -> tuple[float, float]:
    """Messages and bytes that one call puts into streams. Analytics stands still meanwhile."""
    await asyncio.sleep(SETTLE_S)
    before = await place.streams()
    os.kill(place.pids["analytics"], signal.SIGSTOP)
    try:
        await place.call(HELD_CALLS)
        after = await place.streams()
    finally:
        os.kill(place.pids["analytics"], signal.SIGCONT)
    messages = sum(after[name][0] - before[name][0] for name in after)
    grown = sum(max(0, after[name][1] - before[name][1]) for name in after)
    return messages / HELD_CALLS, grown / HELD_CALLS


async def demo(place: Place) -> tuple[float, float]:
    """The search of the demo: the optimizer's CPU-ms an evaluation, and bytes of the rows of one delivery of webhooks, without indexes."""
    before = cpu_s(family([place.pids["optimizer"]]))
    command = [str(Path(sys.executable).with_name("burnish")), "demo", "--json", "--evaluations", "1000", "--home", str(place.home)]
    run = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SystemExit(run.stderr)
    await asyncio.sleep(SETTLE_S)
    spent = cpu_s(family([place.pids["optimizer"]])) - before
    evaluations = await place.database.fetchval("SELECT count(*) FROM executions WHERE job_id IS NOT NULL")
    rows, deliveries = await place.database.fetchrow(
        "SELECT (SELECT coalesce(sum(pg_column_size(d.*)), 0) FROM webhook_deliveries d)"
        " + (SELECT coalesce(sum(pg_column_size(a.*)), 0) FROM webhook_attempts a), (SELECT count(*) FROM webhook_deliveries)"
    )  # type: ignore[misc]
    return spent * 1000 / evaluations, rows / deliveries


async def of_one_server(mock_url: str, environment: Mapping[str, str], options: argparse.Namespace) -> dict[str, float]:
    """Every unit but those of a cluster of NATS."""
    calls = options.calls
    async with running(mock_url, environment) as place:
        sizes, wal = await place.sizes(), await place.wal()
        cpu = await place.cpu_of(calls, rounds=options.rounds)
        all_calls = calls * options.rounds
        units = {f"{name}_ms": ms for name, ms in cpu.items()}
        units |= {f"{name}_bytes": (after - sizes[name]) / all_calls for name, after in (await place.sizes()).items() if name in TABLES}
        units["wal_bytes"] = (await place.wal() - wal) / all_calls
        async with standby_of(place) as pid:
            before = cpu_s(family([pid]))
            beside = await place.cpu_of(calls)
            units["standby_ms"] = (cpu_s(family([pid])) - before) * 1000 / calls
            units["postgres_with_standby_ms"] = beside["postgres"]
        units["stream_messages"], units["stream_bytes"] = await weigh_streams(place)
        before_idle = place.cpu()
        await asyncio.sleep(IDLE_S)
        units |= {f"{name}_idle_ms": (spent - before_idle[name]) * 1000 / IDLE_S for name, spent in place.cpu().items()}
        units |= {f"{name}_mib": pss_mib(family([pid])) for name, pid in place.pids.items()}
        units["evaluation_ms"], units["delivery_bytes"] = await demo(place)
    return units


async def of_three_servers(mock_url: str, environment: Mapping[str, str], options: argparse.Namespace) -> dict[str, float]:
    """CPU-ms of a call of three NATS servers together, whose streams have three copies, as the chart sets them up."""
    with tempfile.TemporaryDirectory(prefix="burnish-nats-") as folder:
        async with nats_cluster(Path(folder), first_port=FIRST_PORT + 100) as cluster:
            async with running(mock_url, {**environment, **cluster.environment()}) as place:
                place.pids |= {f"nats-{number}": pid for number, pid in cluster.pids().items()}
                cpu = await place.cpu_of(options.calls, rounds=options.rounds)
    return {"nats_three_ms": sum(ms for name, ms in cpu.items() if name.startswith("nats-"))}


def page(units: Mapping[str, float], *, commit: str, load: float, options: argparse.Namespace) -> str:
    rows = "".join(
        f"| `{name}` | {value:.2f} | {next(words for end, words in MEANING if name.endswith(end))} |\n" for name, value in units.items()
    )
    return f"""# What one call costs

{datetime.now(UTC):%Y-%m-%d}, commit {commit}, {platform.machine()}, {os.cpu_count()} cores shared with mock, load and others, Python {platform.python_version()}, load average {load:.1f} before and {os.getloadavg()[0]:.1f} at the end. Command: `make scaling-units ARGS="--calls {options.calls} --rounds {options.rounds}"`.
Buffered JSON calls of 200 words, answered with 30, over {CONNECTIONS} connections. CPU is user and system time of a process and its children until {SETTLE_S:.0f} s after the last answer, of the round that took least of {options.rounds}: what else a machine does can only add to it. On a busy machine all of it is too much rather than too little. Tables are weighed with indexes and partitions, a delivery of webhooks by its rows alone. `wal`: what PostgreSQL writes into its log. `standby`: a second PostgreSQL that replays it, and the first one meanwhile. `nats_three`: three servers together, streams in three copies. `evaluation`: of the optimizer, in the search of the demo. `make scaling` reads this table.

| unit | value | of what |
|---|---|---|
{rows}"""


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=4000, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    commit, load = commit_now(), os.getloadavg()[0]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with running_mock(environment) as upstream:
        units = await of_one_server(upstream.url, environment, options)
        units |= await of_three_servers(upstream.url, environment, options)
    PAGE.write_text(page(units, commit=commit, load=load, options=options))
    print(PAGE.read_text())


if __name__ == "__main__":
    asyncio.run(main())
