"""Gateways with the registry only: the real edge, real keys and a real change feed over a real database, reached over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import aiohttp
import pytest_asyncio
import uvicorn
from fastapi import FastAPI

from burnish_gateway.access.authenticate import Authenticator
from burnish_gateway.access.caller_pace import CallerPace
from burnish_gateway.api_keys.key_use import KeyUse
from burnish_gateway.app import build_app
from burnish_gateway.deps import Gateway
from burnish_gateway.outside import Outside
from burnish_gateway.paging import Cursors
from burnish_gateway.registry.catalog import Catalog
from burnish_shared.auth.api_keys import new_key
from burnish_shared.auth.installation import InstallationSecrets
from burnish_shared.auth.keyring import Keyring
from burnish_shared.clock import SystemClock
from burnish_shared.db.config_cache import ChangeFeed
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.databases import DatabaseUrls
from tests.embedded.people import no_people, plain_settings
from tests.embedded.superuser import as_superuser
from tests.embedded.workspaces import make_workspace

PEPPER = b"p" * 32
INSTALLATION = InstallationSecrets(PEPPER, *(bytes(32) for _ in range(4)))


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Caller:
    """One API key of one workspace at one gateway."""

    session: aiohttp.ClientSession
    url: str
    key: str
    workspace_id: UUID

    async def __call__(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, raw: bytes | None = None
    ) -> Answer:
        given = (
            {"authorization": f"Bearer {self.key}"} | ({"content-type": "application/json"} if raw is not None else {}) | (headers or {})
        )
        async with self.session.request(method, self.url + path, json=body, data=raw, headers=given) as response:
            text = await response.text()
            return Answer(
                response.status,
                await response.json() if "json" in response.content_type and text else text,
                {name.lower(): value for name, value in response.headers.items()},
            )

    def at(self, url: str) -> "Caller":
        """The same key at another gateway."""
        return Caller(self.session, url, self.key, self.workspace_id)


@dataclass(slots=True)
class RunningGateway:
    url: str
    gateway: Gateway
    following: asyncio.Task[None]


class Bench:
    """Starts gateways and makes callers for one database."""

    def __init__(self, urls: DatabaseUrls, stack: AsyncExitStack, session: aiohttp.ClientSession) -> None:
        self.urls = urls
        self._stack = stack
        self._session = session

    async def start(self, url: str | None = None) -> RunningGateway:
        """`url`: where it finds its database, if not there directly."""
        # First of all: on a busy machine it takes seconds, in which nobody would follow the changes.
        app = build_app(plain_settings())
        db = await Database.open(url or self.urls["gateway"], application_name="test-gateway", max_size=4)
        self._stack.push_async_callback(db.close)
        feed = ChangeFeed(db)
        await feed.start()
        gateway = cast(
            Gateway,
            SimpleNamespace(
                outside=Outside(),
                settings=plain_settings(),
                db=db,
                pace=CallerPace(0, 0),
                key_use=KeyUse(db, interval_s=30),
                keyring=Keyring(bytes(32)),
                installation=INSTALLATION,
                clock=SystemClock(),
                cursors=Cursors(b"c" * 32),
                feed=feed,
                authenticator=Authenticator.over(db, feed=feed, people=no_people(db, feed), pepper=PEPPER, clock=SystemClock()),
                catalog=Catalog(db, feed=feed),
            ),
        )
        following = asyncio.create_task(feed.run())
        self._stack.push_async_callback(_end, following)
        app.state.gateway = gateway  # the whole application, with its parts given instead of made (its lifespan does not run)
        return RunningGateway(await self._serve(app), gateway, following)

    async def caller(self, running: RunningGateway, *, role: str = "editor", workspace_id: UUID | None = None) -> Caller:
        """A key of `role` in a workspace of its own, or in the one that is named."""
        if workspace_id is None:
            workspace_id = (await make_workspace(self.urls["superuser"], credit_nusd=0)).workspace_id
        key = new_key(PEPPER)
        async with as_superuser(self.urls["superuser"]) as connection:
            await connection.execute(
                "INSERT INTO api_keys (api_key_id, workspace_id, name, prefix, digest, role) VALUES ($1, $2, 'test', $3, $4, $5)",
                new_uuid(),
                workspace_id,
                key.prefix,
                key.digest,
                role,
            )
        return Caller(self._session, running.url, key.text, workspace_id)

    async def _serve(self, app: FastAPI) -> str:
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", loop="none"))
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.005)

        async def stop() -> None:
            server.should_exit = True
            await serving

        self._stack.push_async_callback(stop)
        return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bench(module_database_urls: DatabaseUrls) -> AsyncIterator[Bench]:
    """One database for the module; tests keep to workspaces of their own."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)))
        yield Bench(module_database_urls, stack, session)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def first(bench: Bench) -> RunningGateway:
    return await bench.start()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def second(bench: Bench) -> RunningGateway:
    return await bench.start()


@pytest_asyncio.fixture(loop_scope="session")
async def call(bench: Bench, first: RunningGateway) -> Caller:
    """An editor of a fresh workspace."""
    return await bench.caller(first)
