"""Health, readiness and metrics."""

from typing import Any

from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from burnish_gateway.deps import GatewayParts
from burnish_gateway.wire import json_response, make_router
from burnish_shared.errors import BurnishError

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
async def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
