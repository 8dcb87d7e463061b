"""`/v1/auth`: an account of one's own with an organization, and the end of a membership."""

from typing import Annotated
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response
from pydantic import Field

from burnish_gateway.access.people_answers import SessionAnswer
from burnish_gateway.access.wire_fields import NewEmail, Password
from burnish_gateway.deps import GatewayParts, SignedIn
from burnish_gateway.sign_in.sign_in import open_session
from burnish_gateway.sign_in.sign_in_routes import signed_in_response
from burnish_gateway.team.manage_members import remove_member
from burnish_gateway.team.sign_up import sign_up
from burnish_gateway.wire import ApiModel, Name, Text, make_router
from burnish_shared.errors import Forbidden, NotFound

router = make_router("sign-in")


class SignUp(ApiModel):
    """`organization`: its name; one's own where nothing is said."""

    email: NewEmail
    password: Password
    name: Annotated[Text, Field(max_length=200)] = ""
    organization: Name | None = None


@router.post("/v1/auth/sign-up", status_code=201, response_model=SessionAnswer, summary="Make an account and an organization of one's own")
async def sign_up_here(body: SignUp, request: Request, gateway: GatewayParts) -> Response:
    """Where this installation lets everybody (`BURNISH_SIGN_UP=open`). The organization begins on the plan that the operator chose."""
    gateway.authenticator.people.check_origin(request)
    if gateway.settings.sign_up != "open":
        raise Forbidden("This installation takes nobody who was not invited; ask an admin of your workspace for an invitation.")
    user_id = await sign_up(
        gateway, request, email=body.email, password=body.password, name=body.name.strip(), organization=body.organization
    )
    return await signed_in_response(gateway, await open_session(gateway, request, user_id, way="password"), status=201)


@router.delete("/v1/auth/memberships/{workspace_id}", status_code=204, summary="Leave a workspace; its last admin cannot")
async def leave_workspace(workspace_id: UUID, gateway: GatewayParts, person: SignedIn) -> Response:
    user_id = person.user.user_id
    if person.user.membership_in(workspace_id) is None:
        raise NotFound("There is no workspace of this id, or you do not belong to it.")
    async with gateway.db.unit_of_work(workspace=workspace_id, user=user_id) as tx:
        await remove_member(tx, workspace_id, person, user_id=user_id, acting_user=user_id)
    return Response(status_code=204)
