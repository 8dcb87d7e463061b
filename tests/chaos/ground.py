"""An installation that is shot at: its processes by name, ways to hurt them, and the audit at the end."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import asyncpg
import nats
from nats.aio.client import Client

from burnish.launcher.passwords import derived_password
from tests.embedded.installation import BURNISH, Installation

REPLICAS = "gateway=2,executor=2"

ENVIRONMENT = {
    "BURNISH_DEADLINE_S": "8",
    "BURNISH_SWEEP_INTERVAL_S": "0.5",
    "BURNISH_SWEEP_GRACE_S": "3",
    "BURNISH_BATCH_DEADLINE_S": "8",
    "BURNISH_QUEUE_LIMIT_S": "40",
    "BURNISH_ACK_WAIT_S": "3",
    "BURNISH_JOIN_INTERVAL_S": "1",
    "BURNISH_WEBHOOK_SCHEDULE_FACTOR": "0.05",
    "BURNISH_WEBHOOK_TOTAL_TIMEOUT_S": "2",
    "BURNISH_WEBHOOK_LEASE_S": "4",
    "BURNISH_LEASE_S": "4",
    "BURNISH_RENEW_S": "1",
    "BURNISH_CLAIM_INTERVAL_S": "1",
    "BURNISH_REPUBLISH_AFTER_S": "20",
    "BURNISH_SIMULATOR_LATENCY_RATIO": "0.5",
    "BURNISH_AUDIT_PATIENCE_S": "45",
}
"""Every time limit that matters is a setting, so that faults are over in seconds; the latency keeps several calls under way."""

HEAL_S = 300.0

CALLERS_MOST = 100_000
"""So many may wait for an answer. The load keeps its pace whatever dies: a slow machine would reach what the plan allows, 1,000, and
refuse calls as it should, which the clients could not tell from a fault."""


@dataclass(slots=True)
class Ground:
    """A running installation."""

    installation: Installation
    url: str
    api_key: str

    def state(self) -> dict[str, Any]:
        """What the launcher last wrote. Read from the file, because the command takes a third of a second."""
        while True:
            try:
                state: dict[str, Any] = json.loads((self.installation.home / "state.json").read_text())
                return state
            except ValueError:  # Caught in the middle of a write.
                continue

    def pid(self, name: str) -> int:
        return int(self.state()["pids"][name])

    def names(self) -> list[str]:
        return sorted(self.state()["pids"])

    def signal(self, name: str, number: int) -> int:
        """Sends a signal; returns whom it went to."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    async def kill(self, name: str) -> None:
        """kill -9, and back again: the launcher has started it anew and everything answers."""
        await self.runs(name)
        await self.heal(name, of_pid=self.signal(name, signal.SIGKILL))

    async def restart(self, name: str) -> None:
        """SIGTERM: it finishes what it has begun, ends, and is started anew."""
        await self.runs(name)
        await self.heal(name, of_pid=self.signal(name, signal.SIGTERM))

    async def freeze(self, name: str, for_s: float) -> None:
        """SIGSTOP of a process and its children, and after a while SIGCONT."""
        pids = _family(self.pid(name))
        for pid in pids:
            _signal(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(for_s)
        finally:
            for pid in pids:
                _signal(pid, signal.SIGCONT)

    async def runs(self, name: str) -> None:
        """Waits until `name` has a pid: it may just have died of something else."""
        async with asyncio.timeout(HEAL_S):
            while name not in self.state()["pids"]:
                await asyncio.sleep(0.05)

    async def heal(self, name: str, *, of_pid: int) -> None:
        """Waits until `name` runs under another pid and everything is ready."""
        async with asyncio.timeout(HEAL_S):
            await self.started_anew(name, of_pid=of_pid)
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as http:
                for probe in self._probes(name):
                    while not await _is_ready(http, probe):
                        await asyncio.sleep(0.05)

    async def started_anew(self, name: str, *, of_pid: int) -> None:
        """Waits until `name` runs under another pid: of a server, until it takes connections."""
        async with asyncio.timeout(HEAL_S):
            while self.state()["pids"].get(name, of_pid) == of_pid:
                await asyncio.sleep(0.05)

    async def provider_calls(self, fault: str) -> int:
        """How often the simulator was asked for an answer with this fault since it was started."""
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{self.state()['ports']['simulator']}/counters") as response:
            return int((await response.json())["faults"].get(fault, 0))

    async def put_back_store_of_nats(self, older: Path) -> None:
        """NATS dies and comes back with the store as it was when `older` was copied. Two renames, before the launcher starts it again."""
        store = self.installation.home / "nats" / "store"
        pid = self.signal("nats", signal.SIGKILL)
        store.rename(older.with_name(f"{older.name}-lost"))
        older.rename(store)
        await self.heal("nats", of_pid=pid)

    def copy_store_of_nats(self, to: Path) -> None:
        """As a backup would take it: with the server stopped for a moment, so that the files fit each other."""
        pid = self.signal("nats", signal.SIGSTOP)
        try:
            shutil.copytree(self.installation.home / "nats" / "store", to)
        finally:
            os.kill(pid, signal.SIGCONT)

    async def audit(self, journal: Path) -> tuple[int, dict[str, Any], str]:
        """Exit code, the JSON, and what was told meanwhile, of `burnish doctor --audit --journal`."""
        process = await asyncio.create_subprocess_exec(
            *BURNISH, "doctor", "--audit", "--json", "--journal", str(journal), "--home", str(self.installation.home),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=os.environ | ENVIRONMENT,
        )  # fmt: skip
        out, told = await process.communicate()
        return process.returncode or 0, json.loads(out) if out else {}, told.decode()

    async def rows(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """What stands in the books of all workspaces."""
        async with self.postgres() as connection:
            return list(await connection.fetch(sql, *values))

    @asynccontextmanager
    async def postgres(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection as the superuser of the packaged server, whom no policy binds."""
        password = self._password("postgres superuser")
        port = self.state()["ports"]["postgres"]
        connection = await asyncpg.connect(
            host="127.0.0.1", port=port, user="postgres", password=password, database="burnish", timeout=60,
            server_settings={"search_path": "burnish"},
        )  # fmt: skip
        try:
            yield connection
        finally:
            await connection.close(timeout=60)

    @asynccontextmanager
    async def nats(self, user: str) -> AsyncIterator[Client]:
        """A connection with the rights of a service."""
        url = f"nats://{user}:{self._password(f'nats {user}')}@127.0.0.1:{self.state()['ports']['nats']}"
        client = await nats.connect(url, inbox_prefix=f"_INBOX_{user}".encode())
        try:
            yield client
        finally:
            await client.close()

    async def measured(self, name: str, sample: str) -> float:
        """The value of one sample, written with its labels, in the metrics of a process; 0 where there is none."""
        async with aiohttp.ClientSession() as http, http.get(self.state()["metrics"][name]) as response:
            lines = (await response.text()).splitlines()
        return next((float(line.removeprefix(sample)) for line in lines if line.startswith(f"{sample} ")), 0.0)

    def logged(self, event: str) -> list[str]:
        """The lines of all logs that tell of this event."""
        mark = f'"event": "{event}"'
        logs = (self.installation.home / "logs").glob("*.log*")
        return [line for log in logs for line in log.read_text(errors="replace").splitlines() if mark in line]

    def _password(self, purpose: str) -> str:
        return derived_password(json.loads((self.installation.home / "secrets.json").read_text())["seed"].encode(), purpose)

    def _probes(self, name: str) -> list[str]:
        """Ready means: this process, and a gateway in front of it."""
        own = self.state()["metrics"].get(name)
        return [f"{self.url}/readyz", *([f"http://127.0.0.1:{urlsplit(own).port}/readyz"] if own else [])]


def _family(pid: int) -> list[int]:
    """The process and its children: the backends of PostgreSQL, nobody else has any."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split() if Path(f"/proc/{pid}").exists() else []
    return [pid, *map(int, children)]


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


async def _is_ready(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(url) as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


@asynccontextmanager
async def ground(home: Path, *, replicas: str = REPLICAS, prefix: Sequence[str] = (), **more: str) -> AsyncIterator[Ground]:
    """Starts an installation in `home` and stops it at the end. Its logs stay when the block failed.

    `prefix` goes before the command that starts it; `more`: further environment.
    """
    installation = Installation(home, prefix=prefix, environment=ENVIRONMENT | more)
    connection = await asyncio.to_thread(installation.up, replicas=replicas)
    place = Ground(installation, connection["url"], connection["api_key"])
    try:
        async with place.postgres() as books:
            await books.execute("UPDATE plans SET concurrency = $1", CALLERS_MOST)
            await books.execute("SELECT note_change(NULL, 'plan', '*')")
        yield place
    except BaseException:
        print(f"the logs of this run are in {home / 'logs'}", file=sys.stderr)
        raise
    finally:
        await asyncio.to_thread(installation.down)
