"""`POST /v1/feedback`."""

from fastapi import Request
from fastapi.responses import Response

from burnish_gateway.deps import Editor, GatewayParts
from burnish_gateway.feedback import batch_routes, list_routes, metric_routes
from burnish_gateway.feedback.bodies import FeedbackAccepted, FeedbackBody
from burnish_gateway.feedback.record import record, sender_of
from burnish_gateway.idempotency import key_of
from burnish_gateway.wire import include, make_router

router = make_router("feedback")


@router.post("/v1/feedback", status_code=202, response_model=FeedbackAccepted, summary="React to an execution or a session")
async def post_feedback(request: Request, body: FeedbackBody, principal: Editor, gateway: GatewayParts) -> Response:
    """Answered once it is on disk. The execution need not be recorded yet: the reaction waits for it.

    Of several reactions of one kind by one end user to one target, the one accepted last counts. Of a workspace that stores no text
    comment, correction and context are left out; where nothing else is given it is 422.
    """
    feedback_id = await record(
        body,
        workspace_id=principal.workspace_id,
        sent_by=sender_of(principal),
        key=key_of(request),
        now=gateway.clock.now(),
        publisher=gateway.feedback,
        rules=gateway.rules,
        stores_text=principal.workspace.store_content,
        db=gateway.db,
        metrics=await gateway.metrics.of(principal.workspace_id) if body.metric is not None else {},
    )
    return Response(b'{"feedback_id":"%s"}' % str(feedback_id).encode(), status_code=202, media_type="application/json")


include(router, batch_routes.router)
include(router, list_routes.router)
include(router, metric_routes.router)
