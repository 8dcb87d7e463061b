"""`/v1/scorings`: executions that are past, scored in the background by an evaluator, up to a limit."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.deps import Editor, GatewayParts, Viewer
from burnish_gateway.evaluators import scoring_store
from burnish_gateway.evaluators.keep_scorings import begin_scoring, cancel_scoring, change_scoring, forecast_scoring, no_such_scoring
from burnish_gateway.evaluators.scoring_bodies import (
    NewScoring,
    ScoringAnswer,
    ScoringChange,
    ScoringForecast,
    ScoringPage,
    WhatToScore,
    scoring_answer,
)
from burnish_gateway.idempotency import run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.db.session import Tx

router = make_router("evaluators")

LIST = "scorings"


@router.post("/v1/scorings/forecast", response_model=ScoringForecast, summary="How many past executions would be scored, and what for")
async def post_forecast(request: Request, body: WhatToScore, principal: Editor, gateway: GatewayParts) -> Response:
    """Nothing is written. Those that have a score of the evaluator's newest version are not scored again."""

    async def work(tx: Tx) -> ScoringForecast:
        return await forecast_scoring(tx, principal, body)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post("/v1/scorings", status_code=201, response_model=ScoringAnswer, summary="Score past executions with an evaluator")
async def post_scoring(request: Request, body: NewScoring, principal: Editor, gateway: GatewayParts) -> Response:
    """In the background, with the newest version of the evaluator, behind live evaluations. Where the limit, a budget or the credit is
    reached it pauses by itself: what is not paid for has no score, and waits."""

    async def work(tx: Tx) -> ScoringAnswer:
        return await _shown(tx, await begin_scoring(tx, principal, body))

    return await run_once(gateway, request, principal, status=201, work=work)


@router.get("/v1/scorings", response_model=ScoringPage, summary="Scorings of past executions with how far they are, the newest first")
async def list_scorings(
    principal: Viewer,
    gateway: GatewayParts,
    evaluator_id: UUID | None = None,
    *,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await scoring_store.list_newest(tx, after=UUID(position[0]) if position else None, evaluator_id=evaluator_id, limit=limit)
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda row: [str(row["live_evaluation_id"])]
    )
    return json_response(ScoringPage(data=[scoring_answer(one) for one in page["data"]], next_cursor=page["next_cursor"]))


@router.get("/v1/scorings/{scoring_id}", response_model=ScoringAnswer, summary="One scoring of past executions")
async def get_scoring(scoring_id: UUID, principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return json_response(await _shown(tx, scoring_id))


@router.patch("/v1/scorings/{scoring_id}", response_model=ScoringAnswer, summary="Pause a scoring, go on, or change its limit")
async def patch_scoring(scoring_id: UUID, body: ScoringChange, principal: Editor, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        await change_scoring(tx, principal, scoring_id, body)
        answer = await _shown(tx, scoring_id)
    return json_response(answer)


@router.delete("/v1/scorings/{scoring_id}", status_code=204, summary="Cancel a scoring; its scores stay")
async def delete_scoring(scoring_id: UUID, principal: Editor, gateway: GatewayParts) -> Response:
    """What waits is not scored any more."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        await cancel_scoring(tx, principal, scoring_id)
    return Response(status_code=204)


async def _shown(tx: Tx, scoring_id: UUID) -> ScoringAnswer:
    row = await scoring_store.find(tx, scoring_id)
    if row is None:
        raise no_such_scoring()
    return scoring_answer(row)
