"""`/v1/organizations`: those of the caller; found one, rename it. The admins of its home workspace govern an organization."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import Response

from burnish_gateway.access.audit import note
from burnish_gateway.access.person import Person
from burnish_gateway.access.principal import Role
from burnish_gateway.access.scopes import check_may_grant
from burnish_gateway.deps import Admin, Gateway, GatewayParts, Viewer, bearer, check_may, gateway_of
from burnish_gateway.describe_routes import states
from burnish_gateway.idempotency import run_once
from burnish_gateway.sign_in.sign_in import count_try
from burnish_gateway.team import organization_store as store
from burnish_gateway.team.found_organization import Founder, found_organization
from burnish_gateway.team.govern import Belonging, belonging_to, belongings, governed
from burnish_gateway.team.organization_answers import (
    NewOrganizationAnswer,
    OrganizationAnswer,
    OrganizationMembership,
    OrganizationPage,
    OrganizationSummary,
    organization_workspace,
)
from burnish_gateway.wire import ApiModel, Name, make_router
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.errors import Forbidden, NotFound

router = make_router("access")


class OrganizationBody(ApiModel):
    name: Name


@states("operator")
async def founder(request: Request, _: Annotated[Any, Depends(bearer)]) -> Founder:
    """Who may found an organization: the operator, and where sign-up is open every person."""
    gateway = gateway_of(request)
    caller = await gateway.authenticator.caller(request)
    if isinstance(caller, Person):
        if not caller.user.is_operator and gateway.settings.sign_up != "open":
            raise Forbidden("In this installation only the operator founds organizations.")
        if not caller.user.is_operator:
            await count_try(gateway, request, f"founder {caller.user.user_id}")  # apart from those of signing in, by the same rule
        return Founder(actor=caller.actor, user_id=caller.user.user_id, room=caller.user.user_id, is_operator=caller.user.is_operator)
    principal = check_may(await gateway.authenticator.as_key(caller, None), Role.ADMIN, request)
    check_may_grant(principal)
    if not principal.is_operator:
        raise Forbidden("Only the operator of this installation may found organizations with a key.")
    return Founder(actor=principal.actor, user_id=None, room=principal.workspace_id, is_operator=True)


@router.get("/v1/organizations", response_model=OrganizationPage, summary="The caller's organizations")
async def list_organizations(gateway: GatewayParts, principal: Viewer) -> OrganizationPage:
    return OrganizationPage(data=[_summary(one) for one in await belongings(gateway, principal)], next_cursor=None)


@router.post(
    "/v1/organizations",
    status_code=201,
    response_model=NewOrganizationAnswer,
    summary="Found an organization with its home workspace, and an admin key for it, shown this once",
)
async def add_organization(
    body: OrganizationBody, request: Request, gateway: GatewayParts, who: Annotated[Founder, Depends(founder)]
) -> Response:
    """The operator may, and where sign-up is open (`BURNISH_SIGN_UP=open`) every person, who becomes its first admin.

    The first organization that a person founds brings what its plan gives: base credit, free use of the operator's keys, a credit line.
    Further ones bring none of it until the operator chooses their plan. Many in a row are slowed down, as tries to sign in are: 429 with
    `Retry-After`.
    """

    async def work(tx: Tx) -> NewOrganizationAnswer:
        plan = gateway.settings.sign_up_plan
        made = await found_organization(tx, who, name=body.name, plan=plan, pepper=gateway.installation.pepper)
        return NewOrganizationAnswer(
            id=made.organization_id, name=body.name, plan=plan, home_workspace_id=made.workspace_id, api_key=made.key.text
        )

    return await run_once(gateway, request, who, status=201, work=work)


@router.get(
    "/v1/organizations/{organization_id}",
    response_model=OrganizationAnswer,
    summary="An organization; for those who govern it with its workspaces and members",
)
async def show_organization(organization_id: UUID, gateway: GatewayParts, principal: Viewer) -> OrganizationAnswer:
    return await _shown(gateway, await belonging_to(gateway, principal, organization_id))


@router.patch("/v1/organizations/{organization_id}", response_model=OrganizationAnswer, summary="Rename an organization")
async def rename_organization(organization_id: UUID, body: OrganizationBody, gateway: GatewayParts, principal: Admin) -> OrganizationAnswer:
    one = await governed(gateway, principal, organization_id)
    async with gateway.db.unit_of_work(workspace=one.home_workspace_id, organization=organization_id) as tx:
        row = await store.find_organization(tx, organization_id)
        if row is None:
            raise NotFound("There is no organization of this id.")
        if row["name"] == body.name:
            return await _shown(gateway, one)
        await store.rename_organization(tx, organization_id, body.name)
        await note(
            tx, principal, action="organization.renamed", kind="organization", key=str(organization_id), before={"name": row["name"]},
            after={"name": body.name}, workspace_id=one.home_workspace_id,
        )  # fmt: skip
        for workspace in await store.workspaces_of(tx, organization_id):
            await note_change(tx, workspace_id=workspace["workspace_id"], kind="workspace", key=str(workspace["workspace_id"]))
    return await _shown(gateway, one)


async def _shown(gateway: Gateway, one: Belonging) -> OrganizationAnswer:
    async with gateway.db.unit_of_work(organization=one.organization_id, read_only=True) as tx:
        row = await store.find_organization(tx, one.organization_id)
        workspaces = await store.workspaces_of(tx, one.organization_id) if one.governs else None
        members = await store.members_of_organization(tx, one.organization_id) if one.governs else None
    if row is None:
        raise NotFound("There is no organization of this id.")
    return OrganizationAnswer(
        id=one.organization_id, name=row["name"], plan=row["plan"], home_workspace_id=row["home_workspace_id"], governs=one.governs,
        created_at=row["created_at"],
        workspaces=[organization_workspace(each) for each in workspaces] if workspaces is not None else None,
        members=[OrganizationMembership(**dict(each)) for each in members] if members is not None else None,
    )  # fmt: skip


def _summary(one: Belonging) -> OrganizationSummary:
    return OrganizationSummary(
        id=one.organization_id, name=one.name, plan=one.plan, home_workspace_id=one.home_workspace_id, governs=one.governs
    )
