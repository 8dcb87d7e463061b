"""Gateways, executors and the simulator in the test's own process, on real PostgreSQL and NATS, reached over HTTP."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
import uvicorn

from burnish.embedded.nats import ADMINISTRATOR
from burnish_executor.app import main as run_executor
from burnish_executor.settings import ExecutorSettings
from burnish_gateway.app import build_app
from burnish_gateway.http_protocol import HttpProtocol
from burnish_gateway.settings import GatewaySettings
from burnish_shared.auth.provisioning import create_api_key
from burnish_shared.books import admission
from burnish_shared.db import config_cache
from burnish_shared.db.session import Tx
from burnish_shared.sandbox import worker_process
from burnish_shared.streams import ERASURES
from burnish_simulator.app import serve as serve_simulator
from tests.embedded.documented import Documented
from tests.embedded.secrets import KEK, installation_secrets_of
from tests.embedded.streams import empty_streams
from tests.embedded.superuser import as_superuser
from tests.embedded.workspaces import Workspace, make_workspace

FAST: dict[str, Any] = {"sweep_interval_s": 0.5, "sweep_grace_s": 1.0, "kek": KEK, "egress_allow": "127.0.0.0/8", "relay_busy_ms": 20}
"""Deadlines and sweeps of seconds (PROMISES section 2: time limits are settings)."""


FROM_ONE_ADDRESS: dict[str, Any] = {"links_per_minute": 0}
"""The people of all tests, who show and use more links together than one address may where the machine is fast."""


PATIENT: dict[str, Any] = {"trust_s": 30.0, "dispatch_give_up_s": 20.0, "headers_wait_s": 0.5}
"""All services share one event loop here: on a busy machine it may stand still for longer than a gateway in production goes without news of
its database, or waits for an executor, and calls would be refused. Tests of that name their own times."""


UNTIRING: dict[str, Any] = {"circuit_calls_least": 10_000, "rest_most_s": 0.0}
"""Tests let one provider fail again and again; those of circuits and rests name their own numbers."""


PATIENT_WITH_POSTGRESQL: tuple[tuple[Any, str, float], ...] = (
    (admission, "STATEMENT_TIMEOUT_MS", 6_000),
    (admission, "GIVE_UP_S", 8.0),
    (admission, "ANSWER_S", 10.0),
    (config_cache, "LOAD_S", 10.0),
)
"""A PostgreSQL that gets no core for two or three seconds would be one that is away (503), in production as in tests."""


@contextlib.contextmanager
def patient_with_postgresql() -> Iterator[None]:
    """It may be slow without being away, until the block ends."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in PATIENT_WITH_POSTGRESQL:
            patch.setattr(module, name, value)
        yield


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    raw: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Caller:
    """One API key, or one person's session (`cookie`, `csrf_token`), at one of the gateways."""

    session: aiohttp.ClientSession
    url: str
    key: str
    workspace: Workspace
    cookie: str = ""
    csrf_token: str = ""

    def at(self, url: str) -> "Caller":
        return replace(self, url=url)

    @property
    def _who(self) -> dict[str, str]:
        return {"cookie": self.cookie, "x-csrf-token": self.csrf_token} if self.cookie else {"authorization": f"Bearer {self.key}"}

    async def __call__(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, raw: bytes | None = None
    ) -> Answer:
        all_headers = {**self._who, "content-type": "application/json", **(headers or {})}
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        async with self.session.request(method, self.url + path, data=data, headers=all_headers) as response:
            content = await response.read()
            parsed = json.loads(content) if response.content_type.endswith("/json") and content else content.decode()
            return Answer(response.status, parsed, content, {name.lower(): value for name, value in response.headers.items()})

    async def events(self, path: str, body: Any, *, headers: dict[str, str] | None = None) -> list[tuple[str, Any]]:
        """All server-sent events of a streamed call, as (event, parsed data)."""
        return [one async for one in self.stream(path, body, headers=headers)]

    async def stream(self, path: str, body: Any, *, headers: dict[str, str] | None = None) -> AsyncIterator[tuple[str, Any]]:
        all_headers = {**self._who, **(headers or {})}
        async with self.session.post(self.url + path, json=body, headers=all_headers) as response:
            if response.status != 200:
                yield str(response.status), await response.json()
                return
            name = ""
            async for line in response.content:
                text = line.decode().rstrip("\n")
                if text.startswith("event: "):
                    name = text[7:]
                elif text.startswith("data: "):
                    yield name, text[6:] if text == "data: [DONE]" else json.loads(text[6:])


@dataclass(slots=True)
class Stack:
    """What runs. `gateways`: their URLs. `simulator`: its URL."""

    urls: Any
    nats: Any
    simulator: str
    session: aiohttp.ClientSession
    exit: AsyncExitStack
    gateways: list[str] = field(default_factory=list)
    executors: list[asyncio.Event] = field(default_factory=list)
    running: dict[asyncio.Event, "asyncio.Task[None]"] = field(default_factory=dict)
    known_pepper: bytes | None = None
    kek: str = KEK

    async def caller(self, *, credit_nusd: int = 100_000_000_000, role: str = "admin", workspace: Workspace | None = None) -> Caller:
        """A key of a fresh workspace, or of the given one."""
        workspace = workspace or await make_workspace(self.urls["superuser"], credit_nusd=credit_nusd)
        pepper = await self.pepper()
        async with as_superuser(self.urls["superuser"]) as connection:
            _, key = await create_api_key(Tx(connection), workspace_id=workspace.workspace_id, name="test", role=role, pepper=pepper)
            await connection.execute("SELECT note_change($1, 'api_key', $2)", workspace.workspace_id, key.prefix)
        return Caller(self.session, self.gateways[0], key.text, workspace)

    async def pepper(self) -> bytes:
        """Of this database's API keys."""
        if self.known_pepper is None:
            self.known_pepper = (await installation_secrets_of(self.urls, kek=self.kek)).pepper
        return self.known_pepper

    async def start_executor(self, **settings: Any) -> asyncio.Event:
        stop = asyncio.Event()
        number = len(self.executors)
        made = ExecutorSettings(
            database_url=self.urls["executor"], nats_url=self.nats.url("executor"), replica=f"t{number}", **(FAST | UNTIRING | settings)
        )
        self.running[stop] = asyncio.create_task(run_executor(stop, made))
        self.executors.append(stop)
        self.exit.push_async_callback(self.stop_executor, stop)
        return stop

    async def stop_executor(self, stop: asyncio.Event) -> None:
        """Returns when it has ended, and takes no call any more. Idempotent."""
        stop.set()
        await asyncio.wait_for(self.running[stop], 90)

    async def start_gateway(self, **settings: Any) -> str:
        # asyncio sets TCP_NODELAY only where the protocol is named; without it every answer waits 40 ms for a delayed acknowledgement.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.bind(("127.0.0.1", 0))
        listening.listen(256)
        where = {"database_url": self.urls["gateway"], "nats_url": self.nats.url("gateway"), "replica": f"t{len(self.gateways)}"}
        made = GatewaySettings(**(where | FAST | FROM_ONE_ADDRESS | PATIENT | settings))
        config = uvicorn.Config(
            Documented(build_app(made)), log_config=None, lifespan="on", http=HttpProtocol, timeout_graceful_shutdown=2,
            timeout_keep_alive=75,
        )  # fmt: skip
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        task = asyncio.create_task(server.serve(sockets=[listening]))

        async def end() -> None:
            server.should_exit = True
            await asyncio.wait_for(task, 90)

        self.exit.push_async_callback(end)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        while not server.started:
            await asyncio.sleep(0.01)
            if task.done():
                task.result()
        self.gateways.append(url)
        return url


@contextlib.asynccontextmanager
async def running_stack(
    urls: Any,
    nats: Any,
    *,
    gateways: int = 1,
    executors: int = 1,
    gateway: Any = None,
    executor: Any = None,
    restored: bool = False,
    patient: bool = True,
) -> AsyncIterator[Stack]:
    """Everything that an execution needs. `gateway`, `executor`: settings beside the fast defaults. `restored`: the database is a backup of
    one that this NATS has served; else the tombstones of erasures, which outlive databases, are another module's, and go. `patient`: a
    PostgreSQL that is slow is waited for longer than in production."""
    if not restored:
        await empty_streams(nats.url(ADMINISTRATOR), only=ERASURES.name)
    async with AsyncExitStack() as exit_stack:
        if patient:
            exit_stack.enter_context(patient_with_postgresql())
        patched = exit_stack.enter_context(pytest.MonkeyPatch.context())
        patched.setattr(worker_process, "STARTING_S", 60.0)  # as PATIENT: a worker that is not there in time is a refused call
        simulator = await exit_stack.enter_async_context(serve_simulator())
        session = await exit_stack.enter_async_context(aiohttp.ClientSession())
        async with as_superuser(urls["superuser"]) as connection:
            await connection.execute("SELECT set_provider_base_url('simulated', $1)", f"{simulator.url}/v1")
        stack = Stack(urls=urls, nats=nats, simulator=simulator.url, session=session, exit=exit_stack)
        for _ in range(executors):
            await stack.start_executor(**(executor or {}))
        for _ in range(gateways):
            await stack.start_gateway(**(gateway or {}))
        yield stack
