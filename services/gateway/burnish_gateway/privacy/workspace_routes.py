"""`DELETE /v1/workspaces/{workspace_id}`: a workspace and all that it holds."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from fastapi.responses import Response
from pydantic import BaseModel

from burnish_gateway.access.govern import governed
from burnish_gateway.access.organization_store import workspaces_of
from burnish_gateway.access.principal import Principal, WorkspaceFacts
from burnish_gateway.access.store import find_workspace
from burnish_gateway.deps import Admin, Gateway, GatewayParts
from burnish_gateway.privacy.erase_workspace import check_may_end, erase_workspace, no_such_workspace
from burnish_gateway.privacy.workspace_store import WorkspaceErasure
from burnish_gateway.privacy.workspace_store import find as find_erasure
from burnish_gateway.provider_keys.routes import secrets_of
from burnish_gateway.wire import Text, json_response, make_router

router = make_router("privacy")

ERASED = "erased"
"""The name of a workspace of which nothing but amounts and counts is left."""


class WorkspaceErasureAnswer(BaseModel):
    """`completed_at` null: it is being removed, or waits for calls and jobs that are under way."""

    workspace_id: UUID
    requested_at: datetime
    completed_at: datetime | None


@router.delete(
    "/v1/workspaces/{workspace_id}",
    status_code=202,
    response_model=WorkspaceErasureAnswer,
    summary="Erase a workspace and all that it holds",
)
async def delete_workspace(
    workspace_id: UUID, gateway: GatewayParts, principal: Admin, confirm: Annotated[Text, Query(max_length=200)] = ""
) -> Response:
    """For admins of the organization's home workspace, and the operator; `confirm` repeats its name. It does not come back.

    At once: it is suspended, its keys are revoked, provider keys destroyed, members taken out. Then prompts, datasets, texts, people,
    webhooks and the rest go in batches. Amounts, counts and the audit log stay, without content. Asking again says how far it is.
    """
    there = await _there(gateway, principal, workspace_id)
    async with gateway.db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
        begun = await find_erasure(tx, workspace_id)
    if begun is not None:
        return _answered(begun)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        all_of_them = await workspaces_of(tx, there.organization_id)
    beside = [one for one in all_of_them if one["workspace_id"] != workspace_id and one["name"] != ERASED]
    check_may_end(there, confirm=confirm, workspaces_beside=len(beside))
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        erasure = await erase_workspace(tx, principal, there, secrets=secrets_of(gateway))
    return _answered(erasure)


def _answered(erasure: WorkspaceErasure) -> Response:
    answer = WorkspaceErasureAnswer(
        workspace_id=erasure.workspace_id, requested_at=erasure.requested_at, completed_at=erasure.completed_at
    )  # fmt: skip
    return json_response(answer, status=202)


async def _there(gateway: Gateway, principal: Principal, workspace_id: UUID) -> WorkspaceFacts:
    """Raises NotFound for what is not the caller's to know, Forbidden for those who do not govern its organization."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        there = await find_workspace(tx, workspace_id)
    if there is None or (there.organization_id != principal.organization_id and not principal.is_operator):
        raise no_such_workspace()
    if not principal.is_operator:
        await governed(gateway, principal, there.organization_id)
    return there
