"""What the tests of the bus need besides the shared fixtures: a NATS that may be killed, and a database that may be away."""

import asyncio
import base64
import json
import os
import shutil
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest_asyncio

from burnish.embedded import nats as embedded_nats
from burnish_shared.bus.connect import Bus, connect
from burnish_shared.bus.headers import parse_headers
from burnish_shared.bus.provision import provision
from burnish_shared.bus.users import USERS
from burnish_shared.db.session import Database
from tests.embedded.ports import own_port


class OwnNats:
    """A server of one test's own. `sync_interval` is short of a power cut: a killed server keeps what the kernel has."""

    def __init__(self, folder: Path) -> None:
        passwords = {user: f"password-of-{user}" for user in (*USERS, embedded_nats.ADMINISTRATOR)}
        self._server = embedded_nats.Nats(
            folder=folder, port=own_port(), log=folder.parent / "own-nats.log", passwords=passwords, sync_interval="10s"
        )
        self._process: Process | None = None

    def url(self, user: str) -> str:
        return self._server.url(user)

    async def start(self) -> None:
        self._process = await embedded_nats.start(self._server)

    async def provision(self, *, ack_wait_s: float | None = None) -> None:
        await provision(self.url("provisioner"), ack_wait_s=ack_wait_s)

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def freeze(self) -> None:
        """Returns once every thread stands still."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)
        tasks = Path(f"/proc/{self._process.pid}/task")
        while any((task / "stat").read_text().rpartition(")")[2].split()[0] != "T" for task in tasks.iterdir()):
            await asyncio.sleep(0.001)

    def thaw(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    @property
    def store(self) -> Path:
        return self._server.folder / "store"

    def copy_store(self, to: Path) -> None:
        shutil.copytree(self.store, to)

    def restore_store(self, copy: Path | None) -> None:
        """Puts an older copy in place of the store, or nothing at all."""
        shutil.rmtree(self.store)
        if copy is not None:
            shutil.copytree(copy, self.store)


@asynccontextmanager
async def own_nats(folder: Path) -> AsyncIterator[OwnNats]:
    server = OwnNats(folder / "own-nats")
    await server.start()
    try:
        yield server
    finally:
        await server.kill()


@asynccontextmanager
async def bus_of(server: OwnNats, service: str) -> AsyncIterator[Bus]:
    bus = await connect(server.url(service), service=service, replica="0")
    try:
        yield bus
    finally:
        await bus.close()


@dataclass(frozen=True, slots=True)
class BusDatabase:
    """One database for all tests of a module (a fresh one costs half a second), with the tables of the bus empty."""

    urls: Mapping[str, str]
    stack: AsyncExitStack

    @property
    def superuser_url(self) -> str:
        return self.urls["superuser"]

    async def open(self, service: str) -> Database:
        """As that service's login; closed after the test."""
        database = await Database.open(self.urls[service], application_name=f"test-{service}")
        self.stack.push_async_callback(database.close)
        return database


@pytest_asyncio.fixture(loop_scope="session")
async def database(module_database_urls: Mapping[str, str]) -> AsyncIterator[BusDatabase]:
    await fetch(module_database_urls["superuser"], "TRUNCATE outbox, dead_letters, stream_marks, event_ids")
    async with AsyncExitStack() as stack:
        yield BusDatabase(module_database_urls, stack)


@asynccontextmanager
async def database_away(superuser_url: str) -> AsyncIterator[None]:
    """Nobody but a superuser can connect, and who was connected is thrown out."""
    connection = await asyncpg.connect(superuser_url)
    name = superuser_url.rpartition("/")[2].partition("?")[0]
    try:
        await connection.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()", name
        )
        yield
    finally:
        await connection.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1")
        await connection.close()


async def stored(server: OwnNats, stream: str) -> list[str]:
    """The message ids that a stream holds, in order."""
    ids = []
    async with bus_of(server, "provisioner") as bus:
        state = json.loads((await bus.nc.request(f"$JS.API.STREAM.INFO.{stream}", timeout=60)).data)["state"]
        for seq in range(max(state["first_seq"], 1), state["last_seq"] + 1):
            answer = json.loads(
                (await bus.nc.request(f"$JS.API.STREAM.MSG.GET.{stream}", json.dumps({"seq": seq}).encode(), timeout=60)).data
            )
            ids.append(parse_headers(base64.b64decode(answer["message"]["hdrs"]))["Nats-Msg-Id"])
    return ids


async def until(condition: Callable[[], Awaitable[bool]], *, within_s: float = 60.0) -> None:
    """Returns as soon as the condition holds; fails the test when it does not in time."""
    async with asyncio.timeout(within_s):
        while not await condition():
            await asyncio.sleep(0.01)


async def fetch(url: str, sql: str, *args: object) -> list[asyncpg.Record]:
    """Rows as `url`'s user sees them."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "burnish"})
    try:
        return list(await connection.fetch(sql, *args))
    finally:
        await connection.close()
