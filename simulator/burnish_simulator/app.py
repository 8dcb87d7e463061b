"""The HTTP server: routes, start and stop. Everything that is decided is decided elsewhere, in pure modules."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from burnish_shared.settings import from_environment
from burnish_simulator.answer_call import answer_call
from burnish_simulator.counters import Counters
from burnish_simulator.embeddings import MODEL, answer_embeddings
from burnish_simulator.fault_script import FaultScript
from burnish_simulator.faults import KINDS, parse_fault
from burnish_simulator.models import FAULT_PREFIX, SPEAKERS, plain_name
from burnish_simulator.refusals import Refusal, error_body, refusal_of
from burnish_simulator.send import send
from burnish_simulator.settings import SimulatorSettings

STOP_GRACE_S = 0.2
"""How long running answers may take when the server stops; simulated ones are not worth waiting for."""
MODELS_CREATED = 1_767_225_600
"""2026-01-01: a fixed `created` for the list of models."""
MODEL_NAMES = (*SPEAKERS, MODEL, *(f"{FAULT_PREFIX}{name}" for name in KINDS))

log = structlog.get_logger("burnish_simulator")


@dataclass(slots=True)
class Simulator:
    """A running simulator: where it is, what it has served, and which faults are armed."""

    settings: SimulatorSettings
    counters: Counters = field(default_factory=Counters)
    script: FaultScript = field(default_factory=FaultScript)
    url: str = ""
    """Base URL without `/v1`."""

    async def complete(self, request: web.Request) -> web.StreamResponse:
        self.counters.open += 1
        try:
            body = await request.read()
            delivery = answer_call(
                body, request.headers, counters=self.counters, script=self.script, latency_ratio=self.settings.latency_ratio
            )
            delivery.headers["x-request-id"] = f"req_{secrets.token_hex(8)}"
            return await send(request, delivery, self.counters)
        except asyncio.CancelledError:
            self.counters.abandoned += 1
            raise
        except ConnectionError:
            self.counters.abandoned += 1
            return web.Response()  # Nobody is there to get it; raising would log a failure that is none.
        finally:
            self.counters.open -= 1

    async def embed(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.counters.request_bytes += len(body)
        self.counters.requests[MODEL] += 1
        answer = answer_embeddings(body)
        self.counters.statuses[200] += 1
        return web.Response(body=answer, content_type="application/json")

    async def list_models(self, _: web.Request) -> web.Response:
        return _json({"object": "list", "data": [_model(name) for name in MODEL_NAMES], "simulated": True})

    async def get_model(self, request: web.Request) -> web.Response:
        name = plain_name(request.match_info["model"])
        if name not in MODEL_NAMES:
            raise Refusal(f"The model '{name}' does not exist.", status=404, param="model", code="model_not_found")
        return _json(_model(name))

    async def arm_fault(self, request: web.Request) -> web.Response:
        try:
            wanted = ArmedFault.model_validate_json(await request.read())
        except ValidationError as error:
            raise refusal_of(error) from error
        if plain_name(wanted.model) not in SPEAKERS:
            raise Refusal(f"The model '{wanted.model}' does not exist.", status=404, param="model", code="model_not_found")
        self.script.arm(plain_name(wanted.model), parse_fault(wanted.fault))
        return _json({"armed": {model: fault.text for model, fault in self.script.armed.items()}, "simulated": True})

    async def disarm_faults(self, _: web.Request) -> web.Response:
        self.script.disarm()
        return _json({"armed": {}, "simulated": True})

    async def show_counters(self, _: web.Request) -> web.Response:
        return _json(self.counters.as_json())

    async def show_metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self.counters.as_prometheus(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    async def show_health(self, _: web.Request) -> web.Response:
        return _json({"status": "ok", "simulated": True})


class ArmedFault(BaseModel):
    """Body of `PUT /faults`."""

    model_config = ConfigDict(extra="forbid")
    model: str
    fault: str


def application(simulator: Simulator) -> web.Application:
    """The routes of a simulator."""
    app = web.Application(client_max_size=simulator.settings.max_body_bytes, middlewares=[_errors_as_json])
    app.add_routes(
        [
            web.post("/v1/chat/completions", simulator.complete),
            web.post("/v1/embeddings", simulator.embed),
            web.get("/v1/models", simulator.list_models),
            web.get("/v1/models/{model:.+}", simulator.get_model),
            web.put("/faults", simulator.arm_fault),
            web.delete("/faults", simulator.disarm_faults),
            web.get("/counters", simulator.show_counters),
            web.get("/metrics", simulator.show_metrics),
            web.get("/healthz", simulator.show_health),
            web.get("/readyz", simulator.show_health),
        ]
    )
    return app


@asynccontextmanager
async def serve(host: str = "127.0.0.1", port: int = 0, *, settings: SimulatorSettings | None = None) -> AsyncIterator[Simulator]:
    """A running simulator in this event loop, stopped at the end of the block. Port 0 takes a free one; `url` names it.

    Raises OSError when the port is taken.
    """
    simulator = Simulator(settings or SimulatorSettings())
    runner = web.AppRunner(application(simulator), access_log=None, handler_cancellation=True, shutdown_timeout=STOP_GRACE_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=1024).start()
        bound = runner.addresses[0]
        simulator.url = f"http://{f'[{host}]' if ':' in host else host}:{bound[1]}"
        yield simulator
    finally:
        await runner.cleanup()


def rehearse() -> None:
    """What a start does before it reaches for a server. Raises what would end it there."""
    from_environment(SimulatorSettings)


async def main(stop: asyncio.Event, settings: SimulatorSettings | None = None) -> None:
    """Serve until `stop` is set. Logs one line when ready. Raises StartRefused for an environment that is not right."""
    chosen = settings or from_environment(SimulatorSettings)
    async with serve(chosen.host, chosen.port, settings=chosen) as simulator:
        log.info("simulator.ready", url=simulator.url)
        await stop.wait()


@web.middleware
async def _errors_as_json(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refusal as refusal:
        status, message, param, code = refusal.status, refusal.message, refusal.param, refusal.code
    except web.HTTPException as error:
        status, message, param, code = error.status, f"{error.reason}: {request.method} {request.path}", None, None
    except Exception:
        log.exception("simulator.request_failed", path=request.path)
        status, message, param, code = 500, "The simulator failed; its log says why.", None, "internal_error"
    return web.Response(body=error_body(message, status=status, param=param, code=code), status=status, content_type="application/json")


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": MODELS_CREATED, "owned_by": "burnish-simulator", "simulated": True}


def _json(body: dict[str, object]) -> web.Response:
    return web.Response(body=json.dumps(body).encode(), content_type="application/json")
