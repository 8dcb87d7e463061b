"""`/v1/invitations`: ask somebody into the workspace; accept. The link is shown to whoever invites, and mailed where mail is set up."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field

from burnish_gateway.access import mail_store
from burnish_gateway.access import member_store as store
from burnish_gateway.access.audit import note
from burnish_gateway.access.links import token_link
from burnish_gateway.access.mail_link import write_mail
from burnish_gateway.access.people_answers import InvitationPage, InvitingAnswer, NewInvitationAnswer, SessionAnswer, invitation_answer
from burnish_gateway.access.person import Person
from burnish_gateway.access.principal import Principal
from burnish_gateway.access.scopes import check_may_grant
from burnish_gateway.access.take_back_invitations import check_may_invite, makers_that_ended, note_revoked
from burnish_gateway.access.wire_fields import AnyRole, NewEmail, Password, folded, role_named
from burnish_gateway.deps import Admin, Gateway, GatewayParts
from burnish_gateway.idempotency import run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.sign_in.sign_in import address_of, open_session
from burnish_gateway.sign_in.sign_in_routes import NOT_KEPT, session_response, signed_in_response
from burnish_gateway.team.accept_invitation import accept
from burnish_gateway.team.show_invitation import show
from burnish_gateway.turns_store import take_turns
from burnish_gateway.wire import ApiModel, Text, include, json_response, make_router
from burnish_shared.auth.random_token import new_token
from burnish_shared.contracts.mails import LinkMail
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, Forbidden, NotFound

invitations = make_router("access")
accepting = make_router("sign-in")

LIST = "invitations"


class NewInvitation(ApiModel):
    email: NewEmail
    role: AnyRole = "viewer"


class InvitationToken(ApiModel):
    token: Annotated[Text, Field(min_length=1, max_length=200)]


class Acceptance(ApiModel):
    """`password` and `name`: for an account that is made with it."""

    token: Annotated[Text, Field(min_length=1, max_length=200)]
    password: Password | None = None
    name: Annotated[Text, Field(max_length=200)] = ""


@invitations.post(
    "/v1/invitations", status_code=201, response_model=NewInvitationAnswer, summary="Invite somebody; the link is shown this once"
)
async def invite(body: NewInvitation, request: Request, gateway: GatewayParts, principal: Admin) -> Response:
    """It works once, for this e-mail, until it expires (`BURNISH_INVITATION_DAYS`). Where this installation sends mail it goes there by
    itself (`is_mailed`; what became of it stands in the list); else hand it over yourself.

    It takes the place of an open one of the same e-mail, whose link works no more: nobody chooses between two roles.

    It ends when who made it is removed or no admin any more, or when the API key that made it is revoked or expires (a key that replaced
    it keeps it). A narrowed key invites nobody.
    """
    check_may_grant(principal)
    email, role = folded(body.email) or "", role_named(body.role)
    token = new_token()
    expires_at = gateway.clock.now() + timedelta(days=gateway.settings.invitation_days)

    async def work(tx: Tx) -> NewInvitationAnswer:
        await take_turns(tx, principal.workspace_id, "invitations")
        await check_may_invite(tx, principal)
        if await store.has_email(tx, email):
            raise Conflict("The owner of this e-mail is a member already; change the role at /v1/members.", param="email")
        await note_revoked(tx, principal.workspace_id, principal, await store.revoke_open_invitations(tx, email))
        await store.add_invitation(
            tx, invitation_id=token.token_id, workspace_id=principal.workspace_id, email=email, role=role, digest=token.digest,
            invited_by=principal.actor, expires_at=expires_at,
        )  # fmt: skip
        await note(
            tx, principal, action="invitation.created", kind="invitation", key=str(token.token_id), after={"email": email, "role": role}
        )
        url = token_link(gateway, request, "invite", token.text)
        mail = LinkMail(email, url, invited_by=await _email_of(tx, principal))
        is_mailed = await write_mail(
            tx, gateway, workspace_id=principal.workspace_id, mail_id=token.token_id, kind="invitation", mail=mail, expires_at=expires_at
        )
        return NewInvitationAnswer.model_validate(
            {"id": token.token_id, "email": email, "role": role, "token": token.text, "url": url, "expires_at": expires_at,
             "is_mailed": is_mailed}
        )  # fmt: skip

    return await run_once(gateway, request, principal, status=201, work=work)


async def _email_of(tx: Tx, principal: Principal) -> str:
    """Of the member who asks; empty of an API key, and of an operator who is no member."""
    found = await store.find_member(tx, principal.user_id) if principal.user_id is not None else None
    return (found["email"] or "") if found is not None else ""


@invitations.get("/v1/invitations", response_model=InvitationPage, summary="Invitations, newest first; never their token")
async def list_invitations(
    gateway: GatewayParts,
    principal: Admin,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> InvitationPage:
    """`status` is `revoked` also where whoever made it may invite nobody any more: its link is refused."""
    after = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_invitations(tx, after=UUID(after[0]) if after else None, limit=limit)
        ended = await makers_that_ended(tx, rows)
        mails = await mail_store.mails_of(tx, [row["invitation_id"] for row in rows])
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda row: [str(row["invitation_id"])]
    )
    return InvitationPage(
        data=[invitation_answer(row, mails.get(row["invitation_id"]), has_maker=row["invited_by"] not in ended) for row in page["data"]],
        next_cursor=page["next_cursor"],
    )


@invitations.delete("/v1/invitations/{invitation_id}", status_code=204, summary="Take an invitation back")
async def revoke_invitation(invitation_id: UUID, gateway: GatewayParts, principal: Admin) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        row = await store.revoke_invitation(tx, invitation_id)
        if row is None:
            raise NotFound("There is no open invitation of this id.")
        await mail_store.take_back(tx, [invitation_id])
        await note(tx, principal, action="invitation.revoked", kind="invitation", key=str(invitation_id), before=dict(row))
    return Response(status_code=204)


@accepting.post(
    "/v1/invitations/show",
    response_model=InvitingAnswer,
    summary="What an invitation is about, for whoever holds its token; changes nothing",
)
async def show_invitation(body: InvitationToken, request: Request, gateway: GatewayParts) -> Response:
    """The workspace, its organization, the role, and who invites. Needs no sign-in. The token stands in the body, so that no log keeps it.

    A token that is unknown, used, revoked or expired: the same 404.
    """
    gateway.pace.take_link(address_of(request))
    return json_response(await show(gateway, body.token), headers=NOT_KEPT)


@accepting.post(
    "/v1/invitations/accept",
    response_model=SessionAnswer,
    summary="Accept an invitation: signed in with its e-mail, or with a password that makes the account",
)
async def accept_invitation(body: Acceptance, request: Request, gateway: GatewayParts) -> Response:
    """Whoever makes the account is signed in with it. A token that is unknown, used, expired or another's: the same 404."""
    gateway.pace.take_link(address_of(request))
    person = await _signed_in(gateway, request)
    newcomer = await accept(gateway, body.token, person=person, password=body.password, name=body.name.strip())
    if person is None:
        return await signed_in_response(gateway, await open_session(gateway, request, newcomer.user_id, way="password"))
    return await session_response(gateway, await gateway.authenticator.people.renewed(person))


async def _signed_in(gateway: Gateway, request: Request) -> Person | None:
    """Who is signed in already; None: nobody."""
    people = gateway.authenticator.people
    if (
        "authorization" not in request.headers
        and await people.live_session(people.rules.cookie.read(request.headers.get("cookie"))) is None
    ):
        people.check_origin(request)
        return None
    caller = await gateway.authenticator.caller(request)
    if not isinstance(caller, Person):
        raise Forbidden("An invitation is for a person; an API key cannot accept it.")
    return caller


router = APIRouter()
include(router, accepting)
include(router, invitations)
