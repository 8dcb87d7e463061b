"""`DELETE /v1/workspaces/{workspace_id}`: a workspace and all that it holds; how far that is, and the receipt of it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from fastapi.responses import Response
from pydantic import BaseModel

from burnish_gateway.access.principal import Principal, WorkspaceFacts
from burnish_gateway.access.store import find_workspace
from burnish_gateway.deps import Admin, Gateway, GatewayParts
from burnish_gateway.privacy import answers
from burnish_gateway.privacy.erase_workspace import check_may_end, erase_workspace, no_such_workspace
from burnish_gateway.privacy.erasure import WorkspaceErasure
from burnish_gateway.privacy.receipt import signed_workspace_receipt
from burnish_gateway.privacy.workspace_store import find as find_erasure
from burnish_gateway.provider_keys.routes import secrets_of
from burnish_gateway.team.govern import governed
from burnish_gateway.team.organization_store import workspaces_of
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.errors import Conflict, NotFound

router = make_router("privacy")

ERASED = "erased"
"""The name of a workspace of which nothing but amounts and counts is left."""


class WorkspaceErasureAnswer(BaseModel):
    """`completed_at` null: it is being removed, or waits for calls and jobs that are under way. `counts`: rows of configuration and dead
    letters removed so far, by table."""

    workspace_id: UUID
    requested_by: str
    requested_at: datetime
    counts: dict[str, int]
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
    beside = [one for one in all_of_them if one["workspace_id"] != workspace_id]
    is_left = [one["name"] != ERASED or not await _is_erased(gateway, one["workspace_id"]) for one in beside]
    check_may_end(there, confirm=confirm, workspaces_beside=sum(is_left))
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        erasure = await erase_workspace(tx, principal, there, secrets=secrets_of(gateway))
    return _answered(erasure)


@router.get(
    "/v1/workspaces/{workspace_id}/erasure",
    response_model=WorkspaceErasureAnswer,
    summary="How far the erasure of a workspace is",
)
async def get_workspace_erasure(workspace_id: UUID, gateway: GatewayParts, principal: Admin) -> Response:
    """For those who may erase it: its own members are out. 404 where nobody asked for it."""
    return _answered(await _asked_for(gateway, principal, workspace_id), status=200)


@router.get(
    "/v1/workspaces/{workspace_id}/erasure/receipt",
    response_model=answers.ReceiptAnswer,
    summary="The signed receipt of the erasure of a workspace",
)
async def get_workspace_receipt(workspace_id: UUID, gateway: GatewayParts, principal: Admin) -> Response:
    """What was removed, by table with counts, what was emptied, what ages out and what stays. 409 until it is done."""
    erasure = await _asked_for(gateway, principal, workspace_id)
    if erasure.completed_at is None:
        raise Conflict("This erasure is not done yet; ask again when it has a completed_at.", param="workspace_id")
    signed = signed_workspace_receipt(erasure, installation_key=gateway.installation.receipt_key)
    return json_response(answers.receipt_answer(signed))


async def _is_erased(gateway: Gateway, workspace_id: UUID) -> bool:
    """Whether nothing of it is left: a workspace may also be called so."""
    async with gateway.db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
        erasure = await find_erasure(tx, workspace_id)
    return erasure is not None and erasure.completed_at is not None


async def _asked_for(gateway: Gateway, principal: Principal, workspace_id: UUID) -> WorkspaceErasure:
    await _there(gateway, principal, workspace_id)
    async with gateway.db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
        erasure = await find_erasure(tx, workspace_id)
    if erasure is None:
        raise NotFound("Nobody asked for the erasure of this workspace.", param="workspace_id")
    return erasure


def _answered(erasure: WorkspaceErasure, *, status: int = 202) -> Response:
    answer = WorkspaceErasureAnswer(
        workspace_id=erasure.workspace_id, requested_by=erasure.requested_by, requested_at=erasure.requested_at,
        counts=erasure.counts, completed_at=erasure.completed_at,
    )  # fmt: skip
    return json_response(answer, status=status)


async def _there(gateway: Gateway, principal: Principal, workspace_id: UUID) -> WorkspaceFacts:
    """Raises NotFound for what is not the caller's to know, Forbidden for those who do not govern its organization."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        there = await find_workspace(tx, workspace_id)
    if there is None or (there.organization_id != principal.organization_id and not principal.is_operator):
        raise no_such_workspace()
    if not principal.is_operator:
        await governed(gateway, principal, there.organization_id)
    return there
