"""Health, readiness, metrics, and the document of all routes. Metrics are on a port of their own as well (`app.main`)."""

import asyncio
import json
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from burnish_gateway.deps import GatewayParts
from burnish_gateway.wire import json_response, make_router
from burnish_shared.errors import BurnishError, NotFound

router = make_router("operations")

STALE_AFTER_S = 10.0


@router.get("/healthz", summary="The process is alive")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@router.get(
    "/readyz",
    summary="Requests can be served: PostgreSQL and NATS answer",
    responses={503: {"description": "Not ready; the body says what is missing"}},
)
async def readyz(gateway: GatewayParts) -> Response:
    checks: dict[str, Any] = {"nats": gateway.bus.is_connected, "change_feed": gateway.feed.stale_for_s < STALE_AFTER_S}
    checks["erasures"] = gateway.erasures.is_up_to_date  # After a restore: those made since the backup are applied again.
    try:
        async with gateway.db.unit_of_work(read_only=True) as tx:
            checks["postgres"] = await tx.fetchval("SELECT true")
    except BurnishError:
        checks["postgres"] = False
    ready = all(checks.values())
    return json_response({"ready": ready, "checks": checks}, status=200 if ready else 503)


@router.get("/metrics", summary="Prometheus metrics of this process", response_class=Response)
async def metrics(gateway: GatewayParts) -> Response:
    """404 where the operator shows them on a port of their own alone (`BURNISH_METRICS_ON_API`)."""
    if not gateway.settings.metrics_on_api:
        raise NotFound("This gateway shows its metrics on a port of its own: BURNISH_METRICS_PORT.")
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """Made in a thread by the first who asks, which takes seconds in which others are served; then kept."""
    app = request.app
    made: asyncio.Future[bytes] | None = getattr(app.state, "openapi_document", None)
    if made is None or (made.done() and made.exception() is not None):
        made = app.state.openapi_document = asyncio.ensure_future(
            asyncio.to_thread(lambda: json.dumps(app.openapi(), ensure_ascii=False, separators=(",", ":")).encode())
        )
    return Response(await asyncio.shield(made), media_type="application/json")
