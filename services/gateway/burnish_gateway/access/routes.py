"""Workspaces, and every other part of access."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from burnish_gateway.access import audit_routes, key_routes, store
from burnish_gateway.access.audit import note
from burnish_gateway.deps import Admin, GatewayParts, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.wire import ApiModel, Name, make_router
from burnish_shared.auth.provisioning import create_api_key, create_workspace
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx

workspaces = make_router("access")


class NewWorkspace(ApiModel):
    name: Name


@workspaces.get("/v1/workspaces", summary="The workspace of this key")
async def list_workspaces(principal: Viewer) -> dict[str, Any]:
    one = principal.workspace
    return {"data": [{"id": str(one.workspace_id), "organization_id": str(one.organization_id), "name": one.name}], "next_cursor": None}


@workspaces.post(
    "/v1/workspaces", status_code=201, summary="Make a workspace in the same organization, and an admin key for it, shown this once"
)
async def add_workspace(body: NewWorkspace, request: Request, gateway: GatewayParts, principal: Admin) -> Response:
    async def work(tx: Tx) -> dict[str, Any]:
        workspace_id, organization_id, _ = await create_workspace(tx, name=body.name, organization_id=principal.workspace.organization_id)
        await note(tx, principal, action="workspace.created", kind="workspace", key=str(workspace_id), after={"name": body.name})
        await store.enter(tx, workspace_id)
        _, key = await create_api_key(tx, workspace_id=workspace_id, name="first key", role="admin", pepper=gateway.installation.pepper)
        await store.enter(tx, principal.workspace_id)
        await note_change(tx, workspace_id=workspace_id, kind="api_key", key=key.prefix)
        return {"id": str(workspace_id), "organization_id": str(organization_id), "name": body.name, "api_key": key.text}

    return await run_once(gateway, request, principal, status=201, work=work)


router = APIRouter()
for part in (workspaces, key_routes.router, audit_routes.router):
    router.include_router(part)
