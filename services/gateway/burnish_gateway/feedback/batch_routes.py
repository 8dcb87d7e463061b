"""`POST /v1/feedback/batch`: many reactions in one call."""

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from burnish_gateway.deps import Editor, GatewayParts
from burnish_gateway.feedback.bodies import BatchAnswer, FeedbackBody
from burnish_gateway.feedback.record import sender_of
from burnish_gateway.feedback.record_many import LINES_MOST, Sender, record_many
from burnish_gateway.idempotency import key_of
from burnish_gateway.json_lines import lines_body, lines_of
from burnish_gateway.wire import make_router, read_body

router = make_router("feedback", route_class=APIRoute)


@router.post(
    "/v1/feedback/batch",
    status_code=202,
    response_model=BatchAnswer,
    summary="Send many reactions as JSON lines",
    responses={200: {"model": BatchAnswer, "description": "Some lines were taken and some were not: `results` says which, and why"}},
    openapi_extra=lines_body(FeedbackBody, of="a body of `POST /v1/feedback`"),
)
async def post_batch(request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    """At most 1,000 lines and 1 MiB; each is a body of `POST /v1/feedback`. Answered once everything that was taken is on disk.

    202: every line was taken. 200: some were; `results` says of each line what became of it. 422: none was. With an Idempotency-Key,
    line n of a repeat is the same reaction as line n before: it counts once, or replaces where it says something else.
    """
    raw = await read_body(request)
    sender = Sender(principal.workspace_id, sender_of(principal), key_of(request), principal.workspace.store_content)
    lines = lines_of(raw, at_most=LINES_MOST)
    metrics = await gateway.metrics.of(principal.workspace_id)
    answer = await record_many(
        lines, sender=sender, now=gateway.clock.now(), publisher=gateway.feedback, metrics=metrics, rules=gateway.rules, db=gateway.db
    )
    body = answer.model_dump_json(exclude_none=True).encode()
    return Response(body, status_code=202 if not answer.rejected else 200, media_type="application/json")
