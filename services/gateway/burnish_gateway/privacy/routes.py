"""`/v1/erasures`: have an end user forgotten, follow it, get the receipt."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Admin, Gateway, GatewayParts
from burnish_gateway.idempotency import run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.privacy import answers, bodies, store, workspace_routes
from burnish_gateway.privacy.ask_for_erasure import ask_for_erasure
from burnish_gateway.privacy.erasure import Erasure, no_such_erasure
from burnish_gateway.privacy.receipt import signed_receipt
from burnish_gateway.wire import Text, include, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict

router = make_router("privacy")

LIST = "erasures"


@router.post("/v1/erasures", status_code=202, response_model=answers.ErasureAnswer, summary="Have an end user of this workspace forgotten")
async def post_erasure(request: Request, body: bodies.ErasureBody, principal: Admin, gateway: GatewayParts) -> Response:
    """Everything of this person that was there when you asked: texts, variables, ids, sessions, comments; amounts and counts stay.

    Begins within seconds. Two more passes, after a day and after eight, catch what was still in a queue. When the first is done,
    the event `data.erased` follows and the receipt can be had. What the person sends afterwards is kept like anybody's.
    """

    async def work(tx: Tx) -> answers.ErasureAnswer:
        erasure = await ask_for_erasure(
            tx, principal, user_id=body.user_id, reason=body.reason, installation_key=gateway.installation.receipt_key
        )
        return answers.erasure_answer(erasure, is_held=principal.workspace.legal_hold)

    answer = await run_once(gateway, request, principal, status=202, work=work)
    gateway.relay.wake()
    return answer


@router.get("/v1/erasures", response_model=answers.ErasurePage, summary="Erasures of this workspace, the newest first")
async def list_erasures(
    principal: Admin,
    gateway: GatewayParts,
    *,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await store.list_erasures(tx, principal.workspace_id, before=UUID(position[0]) if position else None, limit=limit + 1)
    page = gateway.cursors.page(
        found, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda one: [str(one.erasure_id)]
    )
    data = [answers.erasure_answer(one, is_held=principal.workspace.legal_hold) for one in page["data"]]
    return json_response(answers.ErasurePage(data=data, next_cursor=page["next_cursor"]))


@router.get("/v1/erasures/{erasure_id}", response_model=answers.ErasureAnswer, summary="One erasure and how far it is")
async def get_erasure(erasure_id: str, principal: Admin, gateway: GatewayParts) -> Response:
    erasure = await _found(gateway, principal, erasure_id)
    return json_response(answers.erasure_answer(erasure, is_held=principal.workspace.legal_hold))


@router.get("/v1/erasures/{erasure_id}/receipt", response_model=answers.ReceiptAnswer, summary="The signed receipt of an erasure")
async def get_receipt(erasure_id: str, principal: Admin, gateway: GatewayParts) -> Response:
    """409 until the first pass is done. Each further pass makes a newer receipt; `final` says that none follows."""
    erasure = await _found(gateway, principal, erasure_id)
    if erasure.completed_at is None:
        raise Conflict("This erasure is not done yet; ask again when its status is 'completed'.", param="erasure_id")
    signed = signed_receipt(erasure, installation_key=gateway.installation.receipt_key)
    return json_response(answers.receipt_answer(signed))


include(router, workspace_routes.router)


async def _found(gateway: Gateway, principal: Principal, erasure_id: str) -> Erasure:
    try:
        wanted = UUID(erasure_id)
    except ValueError:  # What is no id names no erasure.
        raise no_such_erasure() from None
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        erasure = await store.find_erasure(tx, principal.workspace_id, wanted)
    if erasure is None:
        raise no_such_erasure()
    return erasure
