"""`/v1/guardrails` and `/v1/masking`: what goes to models, what comes back, and what rows hold of it."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.deps import Admin, GatewayParts, Viewer
from burnish_gateway.guardrails import store
from burnish_gateway.guardrails.bodies import (
    GuardrailAnswer,
    GuardrailChange,
    GuardrailPage,
    MaskingAnswer,
    MaskingBody,
    NewGuardrail,
    TriedAnswer,
    TriedText,
    guardrail_answer,
)
from burnish_gateway.guardrails.keep_guardrails import (
    add_guardrail,
    change_guardrail,
    check,
    check_masking,
    found,
    known_prompts,
    put_masking,
    remove_guardrail,
)
from burnish_gateway.guardrails.try_out import try_out
from burnish_gateway.idempotency import or_answered, replay, run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.contracts.guardrails import Masking
from burnish_shared.db.session import Tx

router = make_router("guardrails")

LIST = "guardrails"


@router.post("/v1/guardrails", status_code=201, response_model=GuardrailAnswer, summary="Make a guardrail")
async def post_guardrail(request: Request, body: NewGuardrail, principal: Admin, gateway: GatewayParts) -> Response:
    """It looks at every execution of its prompts from about a second on, whichever way they come: also of test runs, jobs and judges."""
    checked = await or_answered(
        check(body.settings, gateway=gateway, principal=principal), gateway=gateway, request=request, principal=principal
    )
    if isinstance(checked, Response):
        return checked

    async def work(tx: Tx) -> GuardrailAnswer:
        return guardrail_answer(await found(tx, await add_guardrail(tx, principal, body)))

    return await run_once(gateway, request, principal, status=201, work=work)


@router.get("/v1/guardrails", response_model=GuardrailPage, summary="Guardrails, the newest first")
async def list_guardrails(
    principal: Viewer,
    gateway: GatewayParts,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_newest(tx, after=UUID(position[0]) if position else None, limit=limit)
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda row: [str(row["guardrail_id"])]
    )
    return json_response(GuardrailPage(data=[guardrail_answer(one) for one in page["data"]], next_cursor=page["next_cursor"]))


@router.post("/v1/guardrails/try", response_model=TriedAnswer, summary="See what guardrails would do with a text")
async def post_try(request: Request, body: TriedText, principal: Viewer, gateway: GatewayParts) -> Response:
    """Nothing is sent to a model, and nothing is stored."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        repeated = await replay(gateway, tx, request, principal)
        if repeated is None and body.prompt is not None:
            await known_prompts(tx, [body.prompt], param="prompt")
    if repeated is not None:
        return repeated
    if body.settings is not None:
        await check(body.settings, gateway=gateway, principal=principal)
    if body.masking is not None:
        check_masking(body.masking)
    tried = await try_out(body, gateway=gateway, principal=principal)

    async def work(_: Tx) -> TriedAnswer:
        return tried

    return await run_once(gateway, request, principal, status=200, work=work)


@router.get("/v1/guardrails/{guardrail_id}", response_model=GuardrailAnswer, summary="One guardrail")
async def get_guardrail(guardrail_id: UUID, principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return json_response(guardrail_answer(await found(tx, guardrail_id)))


@router.patch("/v1/guardrails/{guardrail_id}", response_model=GuardrailAnswer, summary="Change a guardrail, or pause it")
async def patch_guardrail(guardrail_id: UUID, body: GuardrailChange, principal: Admin, gateway: GatewayParts) -> Response:
    if body.settings is not None:
        await check(body.settings, gateway=gateway, principal=principal)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        await change_guardrail(tx, principal, guardrail_id, body)
        answer = guardrail_answer(await found(tx, guardrail_id))
    return json_response(answer)


@router.delete("/v1/guardrails/{guardrail_id}", status_code=204, summary="Remove a guardrail")
async def delete_guardrail(guardrail_id: UUID, principal: Admin, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        await remove_guardrail(tx, principal, guardrail_id)
    return Response(status_code=204)


@router.get("/v1/masking", response_model=MaskingAnswer, summary="What is masked in what is stored")
async def get_masking(principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return json_response(await _masking(tx))


@router.put("/v1/masking", response_model=MaskingAnswer, summary="Say what is masked in what is stored")
async def put_masked(request: Request, body: MaskingBody, principal: Admin, gateway: GatewayParts) -> Response:
    """Of rows that are written from about a second on, also of imported ones. Rows that are there stay as they are."""

    async def work(tx: Tx) -> MaskingAnswer:
        await put_masking(tx, principal, body.masking)
        return await _masking(tx)

    return await run_once(gateway, request, principal, status=200, work=work)


async def _masking(tx: Tx) -> MaskingAnswer:
    row = await store.find_masking(tx)
    if row is None:
        return MaskingAnswer(masking=Masking())
    return MaskingAnswer(masking=Masking.model_validate(row["settings"]), updated_by=row["updated_by"], updated_at=row["updated_at"])
