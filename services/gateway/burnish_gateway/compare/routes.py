"""`/v1/executions/compare`: one request to several models or versions."""

import json
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.compare.bodies import NewComparison, name_side, orders_of
from burnish_gateway.compare.run_sides import ROUTE, Side, admit_sides, follow_sides, in_words, side_shown, sums_of, until_ended
from burnish_gateway.deps import GatewayParts, Viewer, request_id_of
from burnish_gateway.error_answer import ErrorAnswer
from burnish_gateway.execution.streaming import EventStream, paced, unless_gone
from burnish_gateway.execution.submit import Admitted, Repeated
from burnish_gateway.idempotency import fingerprint_of, key_of
from burnish_gateway.wire import CHAT_MOST_BYTES, ChatRoute, json_body, make_router, parse_model, read_body
from burnish_shared.books.admission_request import IdempotencyKey

router = make_router("executions", route_class=ChatRoute)


class ComparisonAnswer(BaseModel):
    """`data`: for each side in order its `index` and the answer of an execution, or its `index` and `error`."""

    data: list[dict[str, Any]]
    succeeded: int
    failed: int
    cost_nusd: int = Field(description="Of all sides together.")


@router.post(
    "/v1/executions/compare",
    summary="Ask several models or versions side by side",
    response_class=Response,
    responses={
        200: {
            "model": ComparisonAnswer,
            "description": "With `stream` events: `start` names the executions; `delta`, `done` and `error` carry the `index` of a side; "
            "`end` has the sums",
        },
        **{code: {"model": ErrorAnswer} for code in (400, 401, 402, 403, 404, 409, 413, 422, 429, 503)},
    },
    openapi_extra=json_body(NewComparison, role="viewer"),
)
async def compare(request: Request, gateway: GatewayParts, principal: Viewer) -> Response:
    """Each side is an execution of its own, with its record, cost and latency. All are held for or none; one that fails ends no other;
    a client that leaves ends all. The body has at most 8 MiB, as of one call; the rendered requests of all sides together 32 MiB."""
    raw = await read_body(request, most_bytes=CHAT_MOST_BYTES)
    body = parse_model(NewComparison, raw)
    text = key_of(request)
    sides = await admit_sides(
        orders_of(body),
        gateway=gateway,
        principal=principal,
        request_id=request_id_of(request),
        traceparent=request.headers.get("traceparent"),
        key=IdempotencyKey(ROUTE, text, fingerprint_of(raw)) if text is not None else None,
        name_side=lambda error, index: name_side(error, body, index=index),
        sides_at=body.sides_at,
    )
    headers = {"idempotent-replayed": "true"} if any(isinstance(one, Repeated) for one in sides) else {}
    headers |= sides[0].headers if isinstance(sides[0], Admitted) else {}
    if body.stream:
        events = follow_sides(sides, gateway=gateway, principal=principal)
        return EventStream(paced(in_words(events, start=_start(sides), request_id=request_id_of(request))), headers=headers)
    work = until_ended(sides, gateway=gateway, principal=principal)
    ended = await work if text is not None else await unless_gone(request, work)
    shown = b",".join(side_shown(index, one, request_id=request_id_of(request)) for index, one in enumerate(ended))
    sums = json.dumps(sums_of(ended)).encode()
    return Response(b'{"data":[%s],%s' % (shown, sums[1:]), media_type="application/json", headers=headers)


def _start(sides: list[Side]) -> bytes:
    """Which execution stands on which side; of one that was asked for before, only its id."""
    executions = [{"index": index, **_named(side)} for index, side in enumerate(sides)]
    return b"event: start\ndata: %s\n\n" % json.dumps({"executions": executions}).encode()


def _named(side: Side) -> dict[str, Any]:
    if not isinstance(side, Admitted):
        return {"id": str(side.execution_id)}
    asked = side.request
    return {
        "id": str(asked.execution_id),
        "prompt": asked.prompt.slug if asked.prompt else None,
        "version": asked.prompt.version if asked.prompt else None,
        "model": asked.route.model,
        "simulated": asked.route.simulated,
    }
