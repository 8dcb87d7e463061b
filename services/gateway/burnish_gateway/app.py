"""The gateway's composition root: settings, connections, features, and the HTTP application around them."""

import asyncio
import contextlib
import importlib
import socket
from collections.abc import AsyncIterator
from functools import partial

import structlog
import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from burnish_gateway import assemble
from burnish_gateway.client_address import TrustedProxies
from burnish_gateway.compat.anthropic.errors import anthropic_error
from burnish_gateway.compat.source.cors import SourceCors
from burnish_gateway.deps import Gateway
from burnish_gateway.describe_routes import describe
from burnish_gateway.http_errors import of_http
from burnish_gateway.http_protocol import HttpProtocol
from burnish_gateway.http_server import Server
from burnish_gateway.middleware import RequestContext
from burnish_gateway.packed import Packed
from burnish_gateway.settings import GatewaySettings
from burnish_gateway.short_way import Application, ShortWay
from burnish_gateway.trace_requests import TraceRequests
from burnish_gateway.unread import unread_of
from burnish_gateway.wire import GONE, error_response, include, invalid_field
from burnish_shared.auth.kek import load_keyring
from burnish_shared.errors import BurnishError
from burnish_shared.process import STARTING, HealthServer, supervise
from burnish_shared.settings import from_environment

log = structlog.get_logger("burnish.gateway")

FEATURES = (
    "execution",
    "compare",
    "batches",
    "compat",
    "compat.responses",
    "compat.stored",
    "cache",
    "groups",
    "guardrails",
    "models",
    "routing",
    "provider_keys",
    "registry",
    "compression",
    "chains",
    "marketplace",
    "templates",
    "privacy",
    "export",
    "bundle",
    "feedback",
    "sessions",
    "clarifications",
    "enrichments",
    "compat.source",
    "inbound",
    "imports",
    "datasets",
    "evaluators",
    "optimization",
    "experiments",
    "generations",
    "lineage",
    "schedules",
    "model_migrations",
    "insights",
    "reports",
    "live",
    "mcp",
    "views",
    "alerts",
    "review",
    "webhooks",
    "sign_in",
    "team",
    "api_keys",
    "audit_log",
    "billing",
    "dead_letters",
)

DESCRIPTION = """Burnish executes prompts, takes feedback on the answers, finds better prompts, proves the gain and rolls it out.

Send `Authorization: Bearer bk_live_…`, or sign in at `/v1/auth/sign-in`: with the cookie, `X-CSRF-Token` stands beside every call that
changes something. A person who belongs to several workspaces names one with `X-Burnish-Workspace: <id>`; without it the oldest membership
is meant. Every POST takes an `Idempotency-Key`, save those that sign in.
Each operation states who may call it, `x-burnish-role` (anyone, person, viewer, editor, prompt_editor, admin, operator), and the scope
that a narrowed key needs, `x-burnish-scope`.
Every error has one shape: `{error: {type, code, message, param, request_id, retryable}}`."""


def build_app(settings: GatewaySettings) -> FastAPI:
    """The application. Its parts are kept in `app.state.gateway`, and made when it starts (`lifespan`) unless they are there by then."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        made: Gateway | None = getattr(app.state, "gateway", None)
        async with assemble.assembled(settings) if made is None else contextlib.nullcontext(made) as gateway:
            app.state.gateway = gateway
            stop = asyncio.Event()
            background = asyncio.create_task(supervise(assemble.run_loops(gateway, stop), stop=stop, last=gateway.relay.run))
            background.add_done_callback(_end_process_when_it_fails)
            try:
                yield
            finally:
                background.remove_done_callback(_end_process_when_it_fails)
                stop.set()
                await asyncio.gather(background, return_exceptions=True)

    app = Application(
        title="Burnish",
        version="0.1.0",
        description=DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
        openapi_url=None,  # operations.py answers it, without holding up everybody else while it is made
        redirect_slashes=False,  # a redirect would be built from the caller's Host header, before anybody was asked who they are
        docs_url=None,  # its scripts come from a CDN: blank without internet, and foreign code beside the key on the page
        telemetry={"tracing": False, "metrics": False, "logs": False},  # ours are made in middleware.py, for a tenth of the price
    )
    for feature in FEATURES:
        include(app.router, importlib.import_module(f"burnish_gateway.{feature}.routes").router)
    from burnish_gateway.operations import router as operations
    from burnish_gateway.page.routes import router as page
    from burnish_gateway.page.status_page import router as status_page

    include(app.router, operations)
    include(app.router, status_page)
    include(app.router, page)  # last: it takes whatever is below /app/
    app.openapi = describe(app)  # type: ignore[method-assign]
    handle_errors(app)
    app.add_middleware(Packed)
    app.add_middleware(ShortWay)
    app.add_middleware(SourceCors, origins=settings.compat_cors_origins)
    app.add_middleware(TraceRequests)
    app.add_middleware(RequestContext, proxies=TrustedProxies.parse(settings.trusted_proxies))
    return app


def _end_process_when_it_fails(task: "asyncio.Task[None]") -> None:
    """A loop that ended by an error leaves a gateway that only looks alive: better to end, and be started anew."""
    if not task.cancelled() and task.exception() is not None:
        log.critical("gateway.loop_failed", exc_info=task.exception())
        import os
        import signal

        os.kill(os.getpid(), signal.SIGTERM)


def handle_errors(app: FastAPI) -> None:
    """The HTTP edge: the one place where exceptions become answers."""

    @app.exception_handler(BurnishError)
    async def _burnish(request: Request, error: BurnishError) -> Response:
        return _refusal(request, error)

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: RequestValidationError) -> Response:
        return _refusal(request, invalid_field(error))

    @app.exception_handler(ValidationError)
    async def _model(request: Request, error: ValidationError) -> Response:
        log.exception("gateway.answer_invalid")
        return _refusal(request, BurnishError("Something went wrong on our side."))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        return _refusal(request, of_http(error, request))

    @app.exception_handler(ClientDisconnect)
    async def _gone(request: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=GONE)  # Nobody reads it; our logs and metrics do not call it our failure.


OF_MESSAGES = "/v1/messages/"
"""Where Anthropic's clients call what is beside the call itself."""


def _refusal(request: Request, error: BurnishError) -> Response:
    in_words = anthropic_error if request.url.path.startswith(OF_MESSAGES) else error_response
    return in_words(error, request_id=request.state.request_id)


def rehearse() -> None:
    """What a start does before it reaches for a server. Raises what would end it there."""
    settings = from_environment(GatewaySettings)
    load_keyring(settings)
    build_app(settings)


async def main(stop: asyncio.Event) -> None:
    """Serves until `stop`, then finishes open requests within `drain_s`, and tells those that outlast it how they ended."""
    settings = from_environment(GatewaySettings)
    own = HealthServer(settings.metrics_port, host=settings.metrics_host)
    await own.start()  # Metrics are not for those who reach the API; and where replicas share its port, each has its own here.
    await assemble.check_start(settings, own)
    app = build_app(settings)
    async with assemble.assembled(settings, own) as app.state.gateway:  # a stop meanwhile would be a failure to uvicorn
        server = make_server(app, settings)
        own.readiness = partial(_why_not_ready, server, app)
        sockets = [socket.socket(fileno=settings.listen_fd)] if settings.listen_fd >= 0 else None
        serving = asyncio.create_task(server.serve(sockets=sockets))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    await own.close()
    stopping.cancel()


def make_server(app: FastAPI, settings: GatewaySettings) -> Server:
    """Serves `app` until its `should_exit`, and tells callers whose requests outlast `drain_s` how they ended."""
    protocol = type("PatientProtocol", (HttpProtocol,), {"slow_reader_s": settings.slow_reader_s})
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        lifespan="on",
        http=protocol,
        loop="none",
        timeout_keep_alive=75,
        server_header=False,
        proxy_headers=False,
        date_header=False,
        h11_max_incomplete_event_size=65536,
    )
    return Server(
        config,
        leave_s=settings.leave_s,
        drain_s=settings.drain_s,
        on_leaving=partial(_end_live_streams, app),
        on_grace_over=partial(_end_grace, app),
    )


def _end_live_streams(app: FastAPI) -> None:
    gateway: Gateway = app.state.gateway
    gateway.live.stop()


def _end_grace(app: FastAPI) -> None:
    gateway: Gateway = app.state.gateway
    gateway.inbox.end_grace()
    unread_of(app).end()


async def _why_not_ready(server: uvicorn.Server, app: FastAPI) -> str | None:
    if server.should_exit or not server.started:
        return "it is stopping" if server.should_exit else STARTING
    gateway: Gateway = app.state.gateway
    return None if gateway.erasures.is_up_to_date else "erasures made since this database was backed up are being applied again"


__all__ = ["Gateway", "build_app", "main"]
