"""`/v1/members`: who belongs to the workspace, with which role."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from fastapi.responses import Response

from burnish_gateway.access import member_store as store
from burnish_gateway.access.people_answers import MemberAnswer, MemberPage, member_answer
from burnish_gateway.access.scopes import check_may_grant
from burnish_gateway.access.wire_fields import AnyRole, folded, role_named
from burnish_gateway.deps import Admin, GatewayParts, Viewer
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.team import manage_members as manage
from burnish_gateway.wire import ApiModel, Text, make_router
from burnish_shared.errors import NotFound

router = make_router("access")

LIST = "members"

IDS_MOST = 100
"""Of one question: an address of 5 kB."""


class RoleChange(ApiModel):
    """`user` is another word for editor."""

    role: AnyRole


@router.get("/v1/members", response_model=MemberPage, summary="Members of the workspace and their roles")
async def list_members(
    gateway: GatewayParts,
    principal: Viewer,
    q: Annotated[Text, Query(max_length=300, description="Only those whose name or e-mail holds this.")] = "",
    email: Annotated[
        Text, Query(max_length=300, description="Only the one whose e-mail is just this, great and small letters alike.")
    ] = "",
    user_id: Annotated[
        list[UUID] | None, Query(max_length=IDS_MOST, description=f"Only those of these ids: once for each, {IDS_MOST} at most.")
    ] = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> MemberPage:
    ids = sorted(set(user_id)) if user_id else None
    of = f"{LIST}?{q}&{email}" if q or email else LIST
    of = f"{of}&{','.join(map(str, ids))}" if ids else of
    exactly = (folded(email) or email) if email else None
    after = gateway.cursors.open(cursor, principal.workspace_id, of=of)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_members(tx, q=q.strip(), email=exactly, ids=ids, after=UUID(after[0]) if after else None, limit=limit)
    page = gateway.cursors.page(rows, limit=limit, workspace_id=principal.workspace_id, of=of, position=lambda row: [str(row["user_id"])])
    return MemberPage(data=[member_answer(row) for row in page["data"]], next_cursor=page["next_cursor"])


@router.patch("/v1/members/{user_id}", response_model=MemberAnswer, summary="Change a member's role, everywhere within a second")
async def change_role(user_id: UUID, body: RoleChange, gateway: GatewayParts, principal: Admin) -> MemberAnswer:
    """409 `last_admin` where nobody would be left who can manage the workspace. A narrowed key gives nobody a role."""
    check_may_grant(principal)
    workspace_id = principal.workspace_id
    async with gateway.db.unit_of_work(workspace=workspace_id) as tx:
        await manage.change_role(tx, workspace_id, principal, user_id=user_id, role=role_named(body.role), acting_user=principal.user_id)
        row = await store.find_member(tx, user_id)
    if row is None:
        raise NotFound("There is no member of this id.")
    return member_answer(row)


@router.delete("/v1/members/{user_id}", status_code=204, summary="Remove a member, everywhere within a second")
async def remove_member(user_id: UUID, gateway: GatewayParts, principal: Admin) -> Response:
    """API keys that the member made belong to the workspace and stay: GET /v1/api-keys shows whose they are. 409 `last_admin`."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        await manage.remove_member(tx, principal.workspace_id, principal, user_id=user_id, acting_user=principal.user_id)
    return Response(status_code=204)
