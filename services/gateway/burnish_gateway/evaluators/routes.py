"""`/v1/evaluators`: what answers are scored by, declared, as code in the sandbox, or by judges."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access.audit import note
from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Editor, Gateway, GatewayParts, Viewer, request_id_of
from burnish_gateway.error_answer import PAID
from burnish_gateway.evaluators import agreement_routes, live_routes, scoring_routes, store, where_routes
from burnish_gateway.evaluators.ask_judges import asking
from burnish_gateway.evaluators.bodies import (
    Answered,
    EvaluatorAnswer,
    EvaluatorPage,
    NewEvaluator,
    NewVersion,
    TriedSettings,
    VerdictAnswer,
    VersionPage,
    evaluator_answer,
    version_answer,
)
from burnish_gateway.evaluators.keep_live import archive_all_live
from burnish_gateway.evaluators.keep_scorings import cancel_all_scorings
from burnish_gateway.evaluators.new_version import add_version
from burnish_gateway.evaluators.room import NO_ROOM, room_left
from burnish_gateway.evaluators.try_out import checked, models_named, no_such_evaluator, saved, try_out
from burnish_gateway.idempotency import or_answered, replay, run_once
from burnish_gateway.models.store import keep_known
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.scores import routes as score_routes
from burnish_gateway.wire import Text, include, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict
from burnish_shared.evaluators import Evaluator
from burnish_shared.ids import new_uuid

router = make_router("evaluators")
for _part in (
    live_routes,
    scoring_routes,
    score_routes,
    agreement_routes,
    where_routes,
):  # before the routes of one evaluator, whose id it would be
    include(router, _part.router)

LIST = "evaluators"
VERSIONS = "evaluator-versions"

Limit = Annotated[int, Query(ge=1, le=PAGE_MOST)]
Cursor = Annotated[Text | None, Query(max_length=500)]


@router.post("/v1/evaluators", status_code=201, response_model=EvaluatorAnswer, summary="Make an evaluator")
async def post_evaluator(request: Request, body: NewEvaluator, principal: Editor, gateway: GatewayParts) -> Response:
    """Settings are checked here, code with line and column, judges' models with price and key. They never change; a version more may."""
    sound = await or_answered(
        checked(body.settings, gateway=gateway, principal=principal), gateway=gateway, request=request, principal=principal
    )
    if isinstance(sound, Response):
        return sound
    settings = body.settings.model_dump(mode="json", by_alias=True)

    async def work(tx: Tx) -> EvaluatorAnswer:
        await keep_known(tx, principal.workspace_id, models_named(body.settings))
        if await room_left(tx, principal.workspace_id) < 1:
            raise Conflict(NO_ROOM)
        row = await store.add(tx, principal.workspace_id, new_uuid(), name=body.name, settings=settings, author=principal.actor)
        made = evaluator_answer(row)
        await note(
            tx, principal, action="evaluator.created", kind="evaluator", key=str(made.id), after={"name": made.name, "kind": made.kind}
        )
        return made

    return await run_once(gateway, request, principal, status=201, work=work)


@router.get("/v1/evaluators", response_model=EvaluatorPage, summary="Evaluators, the newest first")
async def list_evaluators(
    principal: Viewer, gateway: GatewayParts, archived: bool = False, cursor: Cursor = None, limit: Limit = PAGE_DEFAULT
) -> Response:
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_newest(tx, after=UUID(position[0]) if position else None, archived=archived, limit=limit)
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda row: [str(row["evaluator_id"])]
    )
    return json_response(EvaluatorPage(data=[evaluator_answer(one) for one in page["data"]], next_cursor=page["next_cursor"]))


@router.post(
    "/v1/evaluators/try", response_model=VerdictAnswer, responses=PAID, summary="Look at an answer with settings that are not saved"
)
async def try_settings(request: Request, body: TriedSettings, principal: Editor, gateway: GatewayParts) -> Response:
    """Judges are asked at once and paid as any execution is."""
    ask = asking(gateway, principal, evaluator_id=new_uuid(), request_id=request_id_of(request))

    async def evaluator() -> Evaluator:
        return await checked(body.settings, gateway=gateway, principal=principal, ask=ask)

    return await _tried(evaluator, body, gateway=gateway, request=request, principal=principal)


@router.get("/v1/evaluators/{evaluator_id}", response_model=EvaluatorAnswer, summary="One evaluator")
async def get_evaluator(evaluator_id: UUID, principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await store.find(tx, evaluator_id)
    if row is None:
        raise no_such_evaluator()
    return json_response(evaluator_answer(row))


@router.post(
    "/v1/evaluators/{evaluator_id}/try", response_model=VerdictAnswer, responses=PAID, summary="Look at an answer with an evaluator"
)
async def try_evaluator(evaluator_id: UUID, request: Request, body: Answered, principal: Editor, gateway: GatewayParts) -> Response:
    """Judges are asked at once and paid as any execution is."""
    ask = asking(gateway, principal, evaluator_id=evaluator_id, request_id=request_id_of(request))

    async def evaluator() -> Evaluator:
        return await saved(evaluator_id, gateway=gateway, principal=principal, ask=ask)

    return await _tried(evaluator, body, gateway=gateway, request=request, principal=principal)


@router.post(
    "/v1/evaluators/{evaluator_id}/versions",
    status_code=201,
    response_model=EvaluatorAnswer,
    summary="Make a new version of an evaluator",
    responses={409: {"description": "`base_version` is not the newest; `error.details.newer_version` is"}},
)
async def post_version(evaluator_id: UUID, request: Request, body: NewVersion, principal: Editor, gateway: GatewayParts) -> Response:
    """Live evaluations and new test runs use it from now on. Scores belong to the version that gave them. The same settings make none."""
    sound = await or_answered(
        checked(body.settings, gateway=gateway, principal=principal), gateway=gateway, request=request, principal=principal
    )
    if isinstance(sound, Response):
        return sound
    settings = body.settings.model_dump(mode="json", by_alias=True)

    async def work(tx: Tx) -> EvaluatorAnswer:
        return evaluator_answer(
            await add_version(
                tx,
                principal,
                evaluator_id,
                settings=settings,
                parsed=body.settings,
                base_version=body.base_version,
                message=body.message,
            )
        )

    return await run_once(gateway, request, principal, status=201, work=work)


@router.get("/v1/evaluators/{evaluator_id}/versions", response_model=VersionPage, summary="Versions of an evaluator, the newest first")
async def list_versions(
    evaluator_id: UUID, principal: Viewer, gateway: GatewayParts, cursor: Cursor = None, limit: Limit = PAGE_DEFAULT
) -> Response:
    position = gateway.cursors.open(cursor, principal.workspace_id, of=VERSIONS)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        if await store.find(tx, evaluator_id) is None:
            raise no_such_evaluator()
        rows = await store.list_versions(tx, evaluator_id, below=int(position[0]) if position else None, limit=limit)
    page = gateway.cursors.page(rows, limit=limit, workspace_id=principal.workspace_id, of=VERSIONS, position=lambda row: [row["version"]])
    return json_response(VersionPage(data=[version_answer(one) for one in page["data"]], next_cursor=page["next_cursor"]))


@router.delete("/v1/evaluators/{evaluator_id}", response_model=EvaluatorAnswer, summary="Archive an evaluator; its scores stay")
async def archive_evaluator(evaluator_id: UUID, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    """Its live evaluations are archived with it, and its scorings of past executions cancelled."""

    async def work(tx: Tx) -> EvaluatorAnswer:
        await archive_all_live(tx, principal, evaluator_id)
        await cancel_all_scorings(tx, principal, evaluator_id)
        row = await store.archive(tx, evaluator_id)
        if row is None:
            raise no_such_evaluator()
        await archive_all_live(tx, principal, evaluator_id)  # what was made until nobody could make one any more
        await cancel_all_scorings(tx, principal, evaluator_id)
        gone = evaluator_answer(row)
        before, after = {"name": gone.name, "kind": gone.kind}, {"archived": True}
        await note(tx, principal, action="evaluator.archived", kind="evaluator", key=str(evaluator_id), before=before, after=after)
        return gone

    return await run_once(gateway, request, principal, status=200, work=work)


async def _tried(
    evaluator: Callable[[], Awaitable[Evaluator]], body: Answered, *, gateway: Gateway, request: Request, principal: Principal
) -> Response:
    """A repeat is answered from what is stored, before anybody is asked."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        repeated = await replay(gateway, tx, request, principal)
    if repeated is not None:
        return repeated
    verdict = await try_out(await evaluator(), body)

    async def work(_: Tx) -> VerdictAnswer:
        return verdict

    return await run_once(gateway, request, principal, status=200, work=work)
