"""`/v1/views`: filters of a page that are kept under a name, for all members."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.deps import Editor, GatewayParts, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.views import store
from burnish_gateway.views.bodies import NewView, Place, ViewAnswer, ViewChange, ViewPage, view_answer
from burnish_gateway.views.keep_views import add_view, change_view, found, remove_view
from burnish_gateway.wire import json_response, make_router
from burnish_shared.db.session import Tx

router = make_router("analytics")


@router.get("/v1/views", response_model=ViewPage, summary="Saved views, by place and name")
async def list_views(
    principal: Viewer,
    gateway: GatewayParts,
    place: Annotated[Place | None, Query(description="Those of one page; none: all.")] = None,
) -> Response:
    """At most 200."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_named(tx, place)
    return json_response(ViewPage(data=[view_answer(row) for row in rows]))


@router.post("/v1/views", status_code=201, response_model=ViewAnswer, summary="Keep a page's filters under a name")
async def post_view(request: Request, body: NewView, principal: Editor, gateway: GatewayParts) -> Response:
    """All members find it. It names no end user and no session: those filters are refused with 422."""

    async def work(tx: Tx) -> ViewAnswer:
        return view_answer(await found(tx, await add_view(tx, principal, body)))

    return await run_once(gateway, request, principal, status=201, work=work)


@router.patch("/v1/views/{view_id}", response_model=ViewAnswer, summary="Rename a view, or give it other filters")
async def patch_view(view_id: UUID, body: ViewChange, principal: Editor, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        await change_view(tx, principal, view_id, body)
        answer = view_answer(await found(tx, view_id))
    return json_response(answer)


@router.delete("/v1/views/{view_id}", status_code=204, summary="Remove a view")
async def delete_view(view_id: UUID, principal: Editor, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        await remove_view(tx, principal, view_id)
    return Response(status_code=204)
