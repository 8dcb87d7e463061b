"""One stack and two tenants for every test of this folder that goes over HTTP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
import structlog

from burnish.embedded.nats import ADMINISTRATOR
from burnish_gateway.middleware import RequestContext
from burnish_shared.db.session import Database
from tests.embedded.stack import Stack, running_stack
from tests.embedded.streams import empty_streams
from tests.security.tenants import Tenant, make_tenant
from tests.security.world import Route, routes_of

REQUEST: ContextVar[str] = ContextVar("request", default="")
"""The route's address that the running code serves."""


@dataclass(slots=True)
class World:
    """`routes`: those that `world.py` knows how to call; a test of its own fails for what `every_route` holds beyond them.

    `writing_reads`: GET requests that opened a unit of work which could have written. `validators`: by schema of the document.
    """

    stack: Stack
    alpha: Tenant
    beta: Tenant
    document: dict[str, Any]
    every_route: list[Route]
    routes: list[Route]
    reads: set[str] = field(default_factory=set)
    writing_reads: set[str] = field(default_factory=set)
    validators: dict[str, Any] = field(default_factory=dict)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def world(postgres: Any, nats_server: Any) -> AsyncIterator[World]:
    urls = await postgres.clone()
    with pytest.MonkeyPatch.context() as patch:
        reads, writing = _watch(patch)
        structlog.configure(processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)])
        async with running_stack(urls, nats_server) as stack:
            alpha, beta = await asyncio.gather(make_tenant(stack, "alpha"), make_tenant(stack, "beta"))
            document = (await alpha.admin("GET", "/openapi.json")).body
            every_route = routes_of(document)
            known = [one for one in every_route if one.can_be_called]
            yield World(stack, alpha, beta, document, every_route, known, reads, writing)
    structlog.reset_defaults()
    await empty_streams(nats_server.url(ADMINISTRATOR))
    await postgres.drop(urls)


def _watch(patch: pytest.MonkeyPatch) -> tuple[set[str], set[str]]:
    """Notes, for every GET request, whether its units of work are read only."""
    reads: set[str] = set()
    writing: set[str] = set()
    serve, begin = RequestContext.__call__, Database.unit_of_work

    async def watched_serve(self: RequestContext, scope: Any, receive: Any, send: Any) -> None:
        REQUEST.set(f"{scope.get('method', '')} {scope.get('path', '')}")
        await serve(self, scope, receive, send)

    @contextlib.asynccontextmanager
    async def watched_begin(self: Database, **options: Any) -> AsyncIterator[Any]:
        request = REQUEST.get()
        if request.startswith("GET "):
            (reads if options.get("read_only") else writing).add(request)
        async with begin(self, **options) as tx:
            yield tx

    patch.setattr(RequestContext, "__call__", watched_serve)
    patch.setattr(Database, "unit_of_work", watched_begin)
    return reads, writing
