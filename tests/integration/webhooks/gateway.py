"""A gateway with the webhook routes only: the real edge and real keys over a real database, reached over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import aiohttp
import uvicorn
from fastapi import FastAPI
from tests.embedded.databases import DatabaseUrls
from tests.embedded.people import no_people, plain_settings
from tests.embedded.superuser import as_superuser
from tests.integration.webhooks.conftest import KEK

from burnish_gateway.access.authenticate import Authenticator
from burnish_gateway.access.caller_pace import CallerPace
from burnish_gateway.alerts.routes import router as alerts_router
from burnish_gateway.api_keys.key_use import KeyUse
from burnish_gateway.app import handle_errors
from burnish_gateway.deps import Gateway
from burnish_gateway.middleware import RequestContext
from burnish_gateway.outside import Outside
from burnish_gateway.paging import Cursors
from burnish_gateway.webhooks.routes import router
from burnish_shared.auth.api_keys import new_key
from burnish_shared.auth.keyring import Keyring
from burnish_shared.clock import SystemClock
from burnish_shared.db.config_cache import ChangeFeed
from burnish_shared.db.session import Database
from burnish_shared.egress import Egress, EgressPolicy
from burnish_shared.ids import new_uuid

PEPPER = b"p" * 32


@dataclass(frozen=True, slots=True)
class Caller:
    """One API key of one workspace."""

    session: aiohttp.ClientSession
    url: str
    key: str
    workspace_id: UUID

    async def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        given = {"authorization": f"Bearer {self.key}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(method, self.url + path, json=body, headers=given) as response:
            return response.status, await response.json()


@dataclass(slots=True)
class WebhookGateway:
    """`guard` is the egress guard that the routes ask; tests give it a resolver of their own."""

    url: str
    urls: DatabaseUrls
    session: aiohttp.ClientSession
    gateway: Gateway

    def guard(self, egress: Egress) -> None:
        self.gateway.egress = egress

    async def caller(self, workspace_id: UUID, *, role: str = "admin") -> Caller:
        key = new_key(PEPPER)
        async with as_superuser(self.urls["superuser"]) as connection:
            await connection.execute(
                "INSERT INTO api_keys (api_key_id, workspace_id, name, prefix, digest, role) VALUES ($1, $2, 'test', $3, $4, $5)",
                new_uuid(), workspace_id, key.prefix, key.digest, role,
            )  # fmt: skip
        return Caller(self.session, self.url, key.text, workspace_id)


@asynccontextmanager
async def webhook_gateway(urls: DatabaseUrls) -> AsyncIterator[WebhookGateway]:
    """Serves until the block ends."""
    async with AsyncExitStack() as stack:
        db = await Database.open(urls["gateway"], application_name="test-gateway", max_size=4)
        stack.push_async_callback(db.close)
        feed = ChangeFeed(db)
        await feed.start()
        following = asyncio.create_task(feed.run())
        stack.callback(following.cancel)
        parts = SimpleNamespace(
            outside=Outside(),
            settings=plain_settings(),
            db=db,
            pace=CallerPace(0, 0),
            key_use=KeyUse(db, interval_s=30),
            clock=SystemClock(),
            cursors=Cursors(b"c" * 32),
            feed=feed,
            authenticator=Authenticator.over(db, feed=feed, people=no_people(db, feed), pepper=PEPPER, clock=SystemClock()),
            keyring=Keyring(KEK),
            relay=SimpleNamespace(wake=lambda: None),
            egress=Egress(EgressPolicy.parse("127.0.0.0/8")),
        )
        app = FastAPI(telemetry={"tracing": False})
        app.state.gateway = parts
        app.include_router(router)
        app.include_router(alerts_router)
        handle_errors(app)
        app.add_middleware(RequestContext)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", loop="none"))
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.005)
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)))
        try:
            port = server.servers[0].sockets[0].getsockname()[1]
            yield WebhookGateway(f"http://127.0.0.1:{port}", urls, session, cast(Gateway, parts))
        finally:
            server.should_exit = True
            await serving
