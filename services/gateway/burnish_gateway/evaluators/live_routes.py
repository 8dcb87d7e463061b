"""`/v1/live-evaluations`: which executions an evaluator scores as they come, and what that may cost."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.deps import Editor, GatewayParts, Viewer
from burnish_gateway.evaluators import live_store
from burnish_gateway.evaluators.keep_live import add_live, archive_live, change_live, no_such_live
from burnish_gateway.evaluators.live_bodies import (
    LiveEvaluationAnswer,
    LiveEvaluationChange,
    LiveEvaluationPage,
    NewLiveEvaluation,
    live_answer,
)
from burnish_gateway.idempotency import run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.db.session import Tx

router = make_router("evaluators")

LIST = "live-evaluations"


@router.post("/v1/live-evaluations", status_code=201, response_model=LiveEvaluationAnswer, summary="Score live traffic with an evaluator")
async def post_live(request: Request, body: NewLiveEvaluation, principal: Editor, gateway: GatewayParts) -> Response:
    """From now on, each execution that succeeds and is drawn gets one score of each version of the evaluator. Judges are asked on the batch
    lane, by executions of their own that are paid from the credit, up to the cap."""

    async def work(tx: Tx) -> LiveEvaluationAnswer:
        return await _shown(tx, await add_live(tx, principal, body))

    return await run_once(gateway, request, principal, status=201, work=work)


@router.get("/v1/live-evaluations", response_model=LiveEvaluationPage, summary="Live evaluations with what they spent, the newest first")
async def list_live(
    principal: Viewer,
    gateway: GatewayParts,
    evaluator_id: UUID | None = None,
    *,
    archived: bool = False,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await live_store.list_newest(
            tx, after=UUID(position[0]) if position else None, evaluator_id=evaluator_id, archived=archived, limit=limit
        )
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda row: [str(row["live_evaluation_id"])]
    )
    return json_response(LiveEvaluationPage(data=[live_answer(one) for one in page["data"]], next_cursor=page["next_cursor"]))


@router.get("/v1/live-evaluations/{live_evaluation_id}", response_model=LiveEvaluationAnswer, summary="One live evaluation")
async def get_live(live_evaluation_id: UUID, principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return json_response(await _shown(tx, live_evaluation_id))


@router.patch(
    "/v1/live-evaluations/{live_evaluation_id}", response_model=LiveEvaluationAnswer, summary="Change what is scored, the cap, or pause it"
)
async def patch_live(live_evaluation_id: UUID, body: LiveEvaluationChange, principal: Editor, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        await change_live(tx, principal, live_evaluation_id, body)
        answer = await _shown(tx, live_evaluation_id)
    return json_response(answer)


@router.delete("/v1/live-evaluations/{live_evaluation_id}", status_code=204, summary="Archive a live evaluation; its scores stay")
async def delete_live(live_evaluation_id: UUID, principal: Editor, gateway: GatewayParts) -> Response:
    """What waits is not scored any more."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        await archive_live(tx, principal, live_evaluation_id)
    return Response(status_code=204)


async def _shown(tx: Tx, live_evaluation_id: UUID) -> LiveEvaluationAnswer:
    row = await live_store.find(tx, live_evaluation_id)
    if row is None:
        raise no_such_live()
    return live_answer(row)
