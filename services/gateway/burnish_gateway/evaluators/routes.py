"""`/v1/evaluators`: what answers are scored by, declared or as code in the sandbox."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access.audit import note
from burnish_gateway.deps import Editor, GatewayParts, Viewer
from burnish_gateway.evaluators import store
from burnish_gateway.evaluators.bodies import (
    Answered,
    EvaluatorAnswer,
    EvaluatorPage,
    NewEvaluator,
    TriedSettings,
    VerdictAnswer,
    evaluator_answer,
)
from burnish_gateway.evaluators.try_out import checked, no_such_evaluator, saved, try_out
from burnish_gateway.idempotency import run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

router = make_router("evaluators")

LIST = "evaluators"


@router.post("/v1/evaluators", status_code=201, response_model=EvaluatorAnswer, summary="Make an evaluator")
async def post_evaluator(request: Request, body: NewEvaluator, principal: Editor, gateway: GatewayParts) -> Response:
    """Settings are checked here, code with line and column, and never change afterwards."""
    await checked(body.settings, gateway=gateway, workspace_id=principal.workspace_id)
    settings = body.settings.model_dump(mode="json", by_alias=True)

    async def work(tx: Tx) -> EvaluatorAnswer:
        row = await store.add(tx, principal.workspace_id, new_uuid(), name=body.name, settings=settings, author=principal.actor)
        made = evaluator_answer(row)
        await note(
            tx, principal, action="evaluator.created", kind="evaluator", key=str(made.id), after={"name": made.name, "kind": made.kind}
        )
        return made

    return await run_once(gateway, request, principal, status=201, work=work)


@router.get("/v1/evaluators", response_model=EvaluatorPage, summary="Evaluators, the newest first")
async def list_evaluators(
    principal: Viewer,
    gateway: GatewayParts,
    archived: bool = False,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_newest(tx, after=UUID(position[0]) if position else None, archived=archived, limit=limit)
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda row: [str(row["evaluator_id"])]
    )
    return json_response(EvaluatorPage(data=[evaluator_answer(one) for one in page["data"]], next_cursor=page["next_cursor"]))


@router.post("/v1/evaluators/try", response_model=VerdictAnswer, summary="Look at an answer with settings that are not saved")
async def try_settings(request: Request, body: TriedSettings, principal: Editor, gateway: GatewayParts) -> Response:
    evaluator = await checked(body.settings, gateway=gateway, workspace_id=principal.workspace_id)
    verdict = await try_out(evaluator, body)

    async def work(_: Tx) -> VerdictAnswer:
        return verdict

    return await run_once(gateway, request, principal, status=200, work=work)


@router.get("/v1/evaluators/{evaluator_id}", response_model=EvaluatorAnswer, summary="One evaluator")
async def get_evaluator(evaluator_id: UUID, principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await store.find(tx, evaluator_id)
    if row is None:
        raise no_such_evaluator()
    return json_response(evaluator_answer(row))


@router.post("/v1/evaluators/{evaluator_id}/try", response_model=VerdictAnswer, summary="Look at an answer with an evaluator")
async def try_evaluator(evaluator_id: UUID, request: Request, body: Answered, principal: Editor, gateway: GatewayParts) -> Response:
    evaluator = await saved(evaluator_id, gateway=gateway, workspace_id=principal.workspace_id)
    verdict = await try_out(evaluator, body)

    async def work(_: Tx) -> VerdictAnswer:
        return verdict

    return await run_once(gateway, request, principal, status=200, work=work)


@router.delete("/v1/evaluators/{evaluator_id}", response_model=EvaluatorAnswer, summary="Archive an evaluator; its scores stay")
async def archive_evaluator(evaluator_id: UUID, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    async def work(tx: Tx) -> EvaluatorAnswer:
        row = await store.archive(tx, evaluator_id)
        if row is None:
            raise no_such_evaluator()
        gone = evaluator_answer(row)
        before, after = {"name": gone.name, "kind": gone.kind}, {"archived": True}
        await note(tx, principal, action="evaluator.archived", kind="evaluator", key=str(evaluator_id), before=before, after=after)
        return gone

    return await run_once(gateway, request, principal, status=200, work=work)
